"""Reading the audit log for its pages."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from console.audit.models import (
    ACTIONS,
    Action,
    ActionKind,
    AuditEntry,
    AuditEntryQuerySet,
    list_action_names,
)
from console.tenants.actor import Permission, may
from console.tenants.models import Role, Tenant

PAGE_ROWS = 50

Details = list[tuple[str, int | str]]


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Newest first; `older_than` is the number to go on below, None at the end."""

    entries: list[AuditEntry]
    older_than: int | None

    @property
    def rows(self) -> list[tuple[AuditEntry, Details]]:
        return [(entry, list_details(entry)) for entry in self.entries]


def list_readable_entries(tenant: Tenant, role: Role) -> AuditEntryQuerySet:
    """The tenant's entries that someone in `role` may read."""
    entries = AuditEntry.objects.of(tenant)
    if not may(role, Permission.VIEW_CONFIGURATION_EVENTS):
        entries = entries.exclude(action__in=list_action_names(ActionKind.CONFIG))
    if not may(role, Permission.VIEW_ACCESS_EVENTS):
        entries = entries.filter(action__in=list_action_names(ActionKind.CONFIG))
    return entries


def list_readable_actions(role: Role) -> list[Action]:
    """The actions of those entries, by label."""
    needed = {ActionKind.CONFIG: Permission.VIEW_CONFIGURATION_EVENTS}
    readable = [
        action
        for action in ACTIONS.values()
        if may(role, needed.get(action.kind, Permission.VIEW_ACCESS_EVENTS))
    ]
    return sorted(readable, key=lambda action: action.text)


def find_entries(tenant: Tenant, role: Role, filters: dict[str, Any]) -> EntryPage:
    """One page, in one query. `filters` is AuditFilterForm's cleaned data."""
    lookups = {
        "action": filters["action"],
        "actor": filters["person"],
        "outcome": filters["outcome"],
        "object_id": filters["object_id"],
        "at__gte": get_day_start(filters["since"]),
        "at__lt": get_day_start(filters["until"], days_later=1),
        "seq__lt": filters["before"],
    }
    entries = list_readable_entries(tenant, role)
    found = entries.filter(**{name: value for name, value in lookups.items() if value})
    rows = list(found.order_by("-seq")[: PAGE_ROWS + 1])
    page = rows[:PAGE_ROWS]
    return EntryPage(page, page[-1].seq if len(rows) > PAGE_ROWS else None)


def list_details(entry: AuditEntry) -> Details:
    """The details by name; a deletion's id has a link of its own."""
    return [
        (name.replace("_", " "), describe_permission(value) if name == "act" else value)
        for name, value in entry.details.items()
        if name != "deletion"
    ]


def describe_permission(name: str) -> str:
    """`view deletions` for VIEW_DELETIONS; a former name is shown as it is."""
    return Permission[name].value if name in Permission.__members__ else name


def get_day_start(day: date | None, *, days_later: int = 0) -> datetime | None:
    """Midnight UTC at which a day begins."""
    if day is None:
        return None
    return datetime.combine(day, time(), UTC) + timedelta(days=days_later)
