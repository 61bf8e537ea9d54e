"""How a tenant's desk is arranged: what is masked for all its people, what is pinned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from console.audit.log import log
from console.masking.masker import IDENTIFIERS, TEXTS, Masker
from console.masking.rules import How
from console.tenants.models import Tenant
from console.tenants.services import save_display_settings
from console.web.request import ConsoleRequest

# Made up; numbers that the numbering plan keeps for such use.
SAID = "Call me on +1 555 010 4477 about order 4521."
PHONE = "+15550104477"
MADE_UP = {"phone": PHONE, "tier": "gold"}


@dataclass(frozen=True, slots=True)
class Arrangement:
    """masking: as Tenant.masking, without what is only detected; pins: in order."""

    masking: dict[str, str]
    pins: list[str]

    @classmethod
    def of(cls, tenant: Tenant) -> "Arrangement":
        return cls(dict(tenant.masking), list(tenant.pinned_groups))

    def how(self, rule: str) -> str:
        return self.masking.get(rule, How.DETECT)


def rule_of(group: str) -> str:
    return f"group/{group}"


def example_of(rule: str, how: str) -> str:
    """How made-up values are shown where only this rule stands."""
    masker = Masker(Tenant(masking={rule: how}))
    if rule == TEXTS:
        return masker.text("observation", "", SAID).text
    if rule == IDENTIFIERS:
        return f"phone {masker.identifier('phone', [PHONE])[0].text}"
    group = rule.partition("/")[2]
    shown = {
        name: masker.trait(group, name, text).text for name, text in MADE_UP.items()
    }
    return ", ".join(f"{name} {text}" for name, text in shown.items())


def arrange(
    request: ConsoleRequest, wanted: Arrangement, *, known: Sequence[str], reason: str
) -> None:
    """Keep it for everybody of the tenant, with one audit entry of what is new.

    known  the groups that the store has; a rule for one that it lacks now stays, so
           that a group which comes back is not suddenly clear
    """
    before = Arrangement.of(request.tenant)
    rules = {TEXTS, IDENTIFIERS, *map(rule_of, known)}
    kept = {rule: how for rule, how in before.masking.items() if rule not in rules}
    after = Arrangement(kept | wanted.masking, wanted.pins)
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


def list_changes(before: Arrangement, after: Arrangement) -> Mapping[str, Any]:
    """Each rule that is another now, and the pins; names of groups, never a value."""
    rules = sorted({*before.masking, *after.masking})
    changed = [rule for rule in rules if before.how(rule) != after.how(rule)]
    news: dict[str, int | str] = {
        f"rule_{number}": f"{rule}: {before.how(rule)}, now {after.how(rule)}"
        for number, rule in enumerate(changed, start=1)
    }
    pins = {f"pin_{number}": name for number, name in enumerate(after.pins, start=1)}
    return news | pins
