"""What is masked and pinned, for everybody who works for the tenant."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect

from console.audit.log import log
from console.contract.memory.trait_group import TraitGroup
from console.masking.masker import (
    IDENTIFIERS,
    OWN,
    TEXTS,
    Masker,
    MaskingMode,
    build_own,
    mask_text,
    mask_trait,
)
from console.profiles.schema import fetch_trait_groups
from console.tenants.actor import Permission
from console.tenants.models import Tenant
from console.tenants.services import save_display_settings
from console.web.access import FORM, allow
from console.web.forms import ReasonForm
from console.web.render import ConsoleRequest, render_form
from console.web.templatetags.console import labelled

# Made up; numbers that the numbering plan keeps for such use.
SAMPLE_TEXT = "Call me on +1 555 010 4477 about order 4521."
SAMPLE_PHONE = "+15550104477"
SAMPLE_NAME, SAMPLE_OWN = "Mara", "Mara prefers text messages."
# By the identifier that a trait fills, else by its type.
SAMPLES = {
    "phone": SAMPLE_PHONE,
    "email": "mara@example.com",
    "NUMBER": "4521",
    "BOOLEAN": "yes",
}


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """masking: as Tenant.masking, without what is only detected; pins: in order."""

    masking: dict[str, str]
    pins: list[str]
    needs_ticket: bool

    @classmethod
    def of(cls, tenant: Tenant) -> "DisplaySettings":
        pins = list(tenant.pinned_groups)
        return cls(dict(tenant.masking), pins, tenant.needs_ticket)

    @property
    def version(self) -> str:
        return json.dumps([self.masking, self.pins, self.needs_ticket], sort_keys=True)

    def get_mode(self, rule: str) -> str:
        return self.masking.get(rule, MaskingMode.DETECT)


def build_rule_name(group: str) -> str:
    return f"group/{group}"


def build_example(rule: str, how: str, group: TraitGroup | None = None) -> str:
    """How sample values are shown with this rule alone: of a group, one of its traits
    that is masked when it is detected, and one that is not."""
    masker = Masker(Tenant(masking={rule: how}))
    if rule == TEXTS:
        return masker.mask_text("observation", "", SAMPLE_TEXT).text
    if rule == IDENTIFIERS:
        return f"phone {masker.mask_identifier('phone', [SAMPLE_PHONE])[0].text}"
    if rule == OWN:
        own = build_own([("name", SAMPLE_NAME)], hides=how == MaskingMode.HIDE)
        is_clear = how == MaskingMode.CLEAR
        return SAMPLE_OWN if is_clear else mask_text(SAMPLE_OWN, own=own)
    if group is None:
        return ""
    shown: dict[bool, str] = {}
    for name, definition in group.definitions.items():
        id_type = definition.id_type_promotion
        sample = SAMPLES.get(id_type or definition.data_type, "Example")
        is_detected = mask_trait(name, sample, id_type) != sample
        text = masker.mask_trait(group.display_name, name, sample, id_type).text
        shown.setdefault(is_detected, f"{labelled(name)} {text}")
    if shown and how == MaskingMode.DETECT and True not in shown:
        return f"{shown[False]}: only a number or address in it is masked"
    return ", ".join(shown[is_detected] for is_detected in sorted(shown, reverse=True))


def update_display_settings(
    request: ConsoleRequest,
    wanted: DisplaySettings,
    *,
    known: Sequence[str],
    reason: str,
) -> None:
    """Save for everybody of the tenant, with one audit entry of what changed.

    known  the groups that the store has; a rule for one that it lacks now stays, so
           that a group which comes back is not suddenly clear
    """
    before = DisplaySettings.of(request.tenant)
    rules = {*MEANINGS, *map(build_rule_name, known)}
    kept = {rule: how for rule, how in before.masking.items() if rule not in rules}
    after = replace(wanted, masking=kept | wanted.masking)
    with transaction.atomic():
        save_display_settings(
            request.tenant,
            masking=after.masking,
            pinned_groups=after.pins,
            needs_ticket=after.needs_ticket,
        )
        log(
            request.actor, "desk.arranged", reason=reason, **list_changes(before, after)
        )


def list_changes(before: DisplaySettings, after: DisplaySettings) -> Mapping[str, Any]:
    """Each changed rule, a changed need of tickets, and the pins; names of groups,
    never a value."""
    rules = sorted({*before.masking, *after.masking})
    changed = [rule for rule in rules if before.get_mode(rule) != after.get_mode(rule)]
    news: dict[str, int | str] = {
        f"rule_{number}": f"{rule}: {before.get_mode(rule)}, now {after.get_mode(rule)}"
        for number, rule in enumerate(changed, start=1)
    }
    if before.needs_ticket != after.needs_ticket:
        news["ticket"] = "needed" if after.needs_ticket else "not needed"
    pins = {f"pin_{number}": name for number, name in enumerate(after.pins, start=1)}
    return news | pins


MODE_LABELS = (
    (MaskingMode.DETECT, "Detect"),
    (MaskingMode.HIDE, "Hide all"),
    (MaskingMode.CLEAR, "Clear"),
)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One kind of value. `choices` are radio buttons, each with an example."""

    name: str
    meaning: str
    field: forms.BoundField
    choices: list[tuple[Any, str]]


class DisplaySettingsForm(ReasonForm):
    """For each rule `how-<rule>`.

    pins  names of groups in their order, one field each
    move  `up <group>`, `down <group>` or `pin <group>`, `unpin <group>`: shows the form
          with other pins and saves nothing
    seen  the version that the person saw: of two who save, the second one looks again
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    needs_ticket = forms.BooleanField(
        label="Ask for a ticket with every reason",
        required=False,
        help_text="Without it the field stays and may be left empty.",
    )

    def __init__(
        self,
        *args: Any,
        request: ConsoleRequest,
        groups: Sequence[TraitGroup],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, request=request, **kwargs)
        self.move: str = self.data.get("move", "")
        self.require_reason(not self.move)
        self.groups = {group.display_name: group for group in groups}
        self.rules = {
            TEXTS: "Texts",
            OWN: "Customer's name in texts",
            IDENTIFIERS: "Identifiers",
        } | {build_rule_name(group): group for group in self.groups}
        self.now = now = DisplaySettings.of(request.tenant)
        self.fields["seen"].initial = now.version
        self.fields["needs_ticket"].initial = now.needs_ticket
        for rule, name in self.rules.items():
            self.fields[f"how-{rule}"] = forms.ChoiceField(
                label=f"How {name} are shown",
                choices=MODE_LABELS,
                initial=now.get_mode(rule),
                widget=forms.RadioSelect,
            )
        self.fields["pins"] = forms.MultipleChoiceField(
            choices=[(group, group) for group in self.groups],
            initial=[group for group in now.pins if group in self.groups],
            required=False,
        )

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data["seen"] != self.now.version:
            self.add_error(
                None,
                "Somebody has changed these settings since you opened them. Nothing was "
                "saved: open this page again to see what they are now.",
            )

    @property
    def rows(self) -> list[RuleRow]:
        return [self._build_row(rule, name) for rule, name in self.rules.items()]

    def get_settings(self) -> DisplaySettings:
        """What a valid form asks for."""
        hows = {rule: self.cleaned_data[f"how-{rule}"] for rule in self.rules}
        return DisplaySettings(
            {rule: how for rule, how in hows.items() if how != MaskingMode.DETECT},
            list(dict.fromkeys(self.cleaned_data["pins"])),
            self.cleaned_data["needs_ticket"],
        )

    @cached_property
    def pinned(self) -> list[str]:
        """In their order, after the move that is asked for."""
        asked = self["pins"].value() or []
        pinned = [group for group in dict.fromkeys(asked) if group in self.groups]
        way, _, group = self.move.partition(" ")
        if group not in self.groups:
            return pinned
        at = pinned.index(group) if group in pinned else len(pinned)
        others = [pin for pin in pinned if pin != group]
        if way == "unpin":
            return others
        place = max(0, at + {"up": -1, "down": 1}.get(way, 0))
        return [*others[:place], group, *others[place:]]

    @property
    def unpinned(self) -> list[str]:
        return [group for group in self.groups if group not in self.pinned]

    @property
    def moved(self) -> str:
        """The group whose button has the focus again."""
        return self.move.partition(" ")[2]

    def _build_row(self, rule: str, name: str) -> RuleRow:
        field = self[f"how-{rule}"]
        choices = [
            (radio, build_example(rule, how, self.groups.get(name)))
            for radio, (how, _) in zip(field, MODE_LABELS, strict=True)
        ]
        return RuleRow(name, MEANINGS.get(rule, "trait group"), field, choices)


MEANINGS = {
    TEXTS: "Observations and summaries",
    OWN: "Also their phone numbers; clear where they are clear above",
    IDENTIFIERS: "What a customer is found by",
}


@allow(Permission.UPDATE_DISPLAY_SETTINGS, FORM, logs="desk.arranged")
def display(request: ConsoleRequest) -> HttpResponse:
    """Shows nothing of a customer: the examples are made up."""
    groups = fetch_trait_groups(request.store)
    form = DisplaySettingsForm(request=request, groups=groups)
    if form.is_valid() and not form.move:
        wanted = form.get_settings()
        known = [group.display_name for group in groups]
        update_display_settings(request, wanted, known=known, reason=form.reason)
        name = request.tenant.name
        messages.success(
            request, f"Saved. Everybody at {name} sees it from the next page load."
        )
        return redirect("display:display", request.tenant.slug)
    return render_form(request, "display/display.html", {"form": form})
