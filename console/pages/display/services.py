"""A tenant's display settings: what is masked for everybody, what is pinned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from console.audit.log import log
from console.contract.memory.trait_group import TraitGroup
from console.masking.masker import IDENTIFIERS, TEXTS, Masker
from console.masking.rules import MaskingMode, mask_trait
from console.tenants.models import Tenant
from console.tenants.services import save_display_settings
from console.web.request import ConsoleRequest

# Made up; numbers that the numbering plan keeps for such use.
SAMPLE_TEXT = "Call me on +1 555 010 4477 about order 4521."
SAMPLE_PHONE = "+15550104477"
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

    @classmethod
    def of(cls, tenant: Tenant) -> "DisplaySettings":
        return cls(dict(tenant.masking), list(tenant.pinned_groups))

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
    if group is None:
        return ""
    shown: dict[bool, str] = {}
    for name, definition in group.definitions.items():
        id_type = definition.id_type_promotion
        sample = SAMPLES.get(id_type or definition.data_type, "Example")
        is_detected = mask_trait(name, sample, id_type) != sample
        text = masker.mask_trait(group.display_name, name, sample, id_type).text
        shown.setdefault(is_detected, f"{name} {text}")
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
    rules = {TEXTS, IDENTIFIERS, *map(build_rule_name, known)}
    kept = {rule: how for rule, how in before.masking.items() if rule not in rules}
    after = DisplaySettings(kept | wanted.masking, wanted.pins)
    with transaction.atomic():
        save_display_settings(
            request.tenant, masking=after.masking, pinned_groups=after.pins
        )
        log(
            request.actor,
            "desk.arranged",
            reason=reason,
            **list_changes(before, after),
        )


def list_changes(before: DisplaySettings, after: DisplaySettings) -> Mapping[str, Any]:
    """Each changed rule, and the pins; names of groups, never a value."""
    rules = sorted({*before.masking, *after.masking})
    changed = [rule for rule in rules if before.get_mode(rule) != after.get_mode(rule)]
    news: dict[str, int | str] = {
        f"rule_{number}": f"{rule}: {before.get_mode(rule)}, now {after.get_mode(rule)}"
        for number, rule in enumerate(changed, start=1)
    }
    pins = {f"pin_{number}": name for number, name in enumerate(after.pins, start=1)}
    return news | pins
