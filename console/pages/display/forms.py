"""The form of a desk's arrangement: a rule for each kind of value, a place for pins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from console.masking.masker import IDENTIFIERS, TEXTS
from console.masking.rules import How
from console.pages.display.services import Arrangement, example_of, rule_of
from console.web.reasons import ReasonForm
from console.web.request import ConsoleRequest

HOW_WORDS = ((How.DETECT, "Detect"), (How.HIDE, "Hide all"), (How.CLEAR, "Clear"))
PINS_MAX = 12


@dataclass(frozen=True, slots=True)
class Choice:
    radio: Any
    example: str


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of value. `pin` is None for what is no trait group."""

    name: str
    meaning: str
    field: forms.BoundField
    choices: list[Choice]
    pin: forms.BoundField | None = None


class ArrangeForm(ReasonForm):
    """For each rule `how-<rule>`, for each group `pin-<group>`: its place, or none."""

    reasons = (
        ("policy", "The policy on customer data changed"),
        ("work", "The desk needs it for its work"),
        ("mistake", "It was set wrongly"),
    )

    def __init__(
        self, *args: Any, request: ConsoleRequest, groups: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, request=request, **kwargs)
        self.groups = groups
        self.rules = {TEXTS: "Texts", IDENTIFIERS: "Identifiers"} | {
            rule_of(group): group for group in groups
        }
        now = Arrangement.of(request.tenant)
        for rule, name in self.rules.items():
            self.fields[f"how-{rule}"] = forms.ChoiceField(
                label=f"How {name} are shown",
                choices=HOW_WORDS,
                initial=now.how(rule),
                widget=forms.RadioSelect,
            )
        for group in groups:
            self.fields[f"pin-{group}"] = forms.IntegerField(
                label=f"Place of {group} on the card",
                required=False,
                min_value=1,
                max_value=PINS_MAX,
                initial=now.pins.index(group) + 1 if group in now.pins else None,
            )

    @property
    def rows(self) -> list[Row]:
        return [self._row(rule, name) for rule, name in self.rules.items()]

    def arrangement(self) -> Arrangement:
        """What a valid form asks for; two of one place stand in the store's order."""
        hows = {rule: self.cleaned_data[f"how-{rule}"] for rule in self.rules}
        places = {group: self.cleaned_data[f"pin-{group}"] for group in self.groups}
        return Arrangement(
            {rule: how for rule, how in hows.items() if how != How.DETECT},
            sorted((g for g in self.groups if places[g]), key=lambda g: places[g]),
        )

    def _row(self, rule: str, name: str) -> Row:
        field = self[f"how-{rule}"]
        choices = [
            Choice(radio, example_of(rule, how))
            for radio, (how, _) in zip(field, HOW_WORDS, strict=True)
        ]
        meaning = MEANINGS.get(rule, "trait group")
        pin = self[f"pin-{name}"] if rule == rule_of(name) else None
        return Row(name, meaning, field, choices, pin)


MEANINGS = {
    TEXTS: "Observations and summaries",
    IDENTIFIERS: "By what a customer is found",
}
