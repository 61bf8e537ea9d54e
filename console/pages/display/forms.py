"""The form for display settings: a rule for each kind of value, a place for pins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from console.contract.memory.trait_group import TraitGroup
from console.masking.masker import IDENTIFIERS, TEXTS
from console.masking.rules import MaskingMode
from console.pages.display.services import (
    DisplaySettings,
    build_example,
    build_rule_name,
)
from console.web.reasons import ReasonForm
from console.web.request import ConsoleRequest

MODE_LABELS = (
    (MaskingMode.DETECT, "Detect"),
    (MaskingMode.HIDE, "Hide all"),
    (MaskingMode.CLEAR, "Clear"),
)
PINS_MAX = 12


@dataclass(frozen=True, slots=True)
class ModeChoice:
    radio: Any
    example: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One kind of value. `pin` is None for what is not a trait group."""

    name: str
    meaning: str
    field: forms.BoundField
    choices: list[ModeChoice]
    pin: forms.BoundField | None = None


class DisplaySettingsForm(ReasonForm):
    """For each rule `how-<rule>`, for each group `pin-<group>`: its place, or none."""

    reasons = (
        ("policy", "The policy on customer data changed"),
        ("work", "Support needs it"),
        ("mistake", "Correcting a mistake"),
    )

    def __init__(
        self,
        *args: Any,
        request: ConsoleRequest,
        groups: Sequence[TraitGroup],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, request=request, **kwargs)
        self.groups = {group.display_name: group for group in groups}
        self.rules = {TEXTS: "Texts", IDENTIFIERS: "Identifiers"} | {
            build_rule_name(group): group for group in self.groups
        }
        now = DisplaySettings.of(request.tenant)
        for rule, name in self.rules.items():
            self.fields[f"how-{rule}"] = forms.ChoiceField(
                label=f"How {name} are shown",
                choices=MODE_LABELS,
                initial=now.get_mode(rule),
                widget=forms.RadioSelect,
            )
        for group in self.groups:
            self.fields[f"pin-{group}"] = forms.IntegerField(
                label=f"Place of {group} on the card",
                required=False,
                min_value=1,
                max_value=PINS_MAX,
                initial=now.pins.index(group) + 1 if group in now.pins else None,
            )

    @property
    def rows(self) -> list[RuleRow]:
        return [self._build_row(rule, name) for rule, name in self.rules.items()]

    def get_settings(self) -> DisplaySettings:
        """What a valid form asks for; equal places keep the store's order."""
        hows = {rule: self.cleaned_data[f"how-{rule}"] for rule in self.rules}
        places = {group: self.cleaned_data[f"pin-{group}"] for group in self.groups}
        return DisplaySettings(
            {rule: how for rule, how in hows.items() if how != MaskingMode.DETECT},
            sorted((g for g in self.groups if places[g]), key=lambda g: places[g]),
        )

    def _build_row(self, rule: str, name: str) -> RuleRow:
        field = self[f"how-{rule}"]
        choices = [
            ModeChoice(radio, build_example(rule, how, self.groups.get(name)))
            for radio, (how, _) in zip(field, MODE_LABELS, strict=True)
        ]
        meaning = MEANINGS.get(rule, "trait group")
        pin = self[f"pin-{name}"] if rule == build_rule_name(name) else None
        return RuleRow(name, meaning, field, choices, pin)


MEANINGS = {
    TEXTS: "Observations and summaries",
    IDENTIFIERS: "What a customer is found by",
}
