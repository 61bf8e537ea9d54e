"""The tenants of this installation as a matrix: each by what was last found out about it.
Nothing is asked of a memory here; results are kept (console/monitoring/)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from console.audit.checkpoints import AGE, get_last_checkpoint, get_time
from console.client.network import EMBEDDED
from console.monitoring.models import Health, Kind, Result, latest
from console.profiles.models import RetentionRule
from console.segment.models import Workspace
from console.tenants.actor import Permission, may
from console.tenants.models import Role, Tenant, TenantQuerySet
from console.web.forms import ConsoleForm, check_form
from console.web.render import ConsoleRequest

# A column's label, its cell, why it says so, and where it is mended, for whoever may go
# there.
Linked = tuple[str, "Cell", str, str]
ROWS = 50
NEARLY_FULL = 0.8
# The gravest first; NONE: never asked, or nothing to ask.
NONE = ""
GRAVITY = (Health.FAILS, Health.UNKNOWN, Health.DOUBTFUL, NONE, Health.HOLDS)
RESULTS: dict[str, str] = {state: state.label.lower() for state in Health}


@dataclass(frozen=True, slots=True)
class Cell:
    """rank  what is sorted by, within one state: the highest first
    why      for a pointer that rests on it
    query    of the address where it is mended
    """

    state: str = NONE
    text: str = "–"
    rank: float = 0
    why: str = ""
    query: str = ""

    @property
    def tone(self) -> str:
        return Health(self.state).tone if self.state else ""


@dataclass(frozen=True, slots=True)
class FleetRow:
    """results  the state of the latest of each kind
    usage    facts of that kind
    rules    of retention: days by kind
    signed   up to which entry the audit log is; is_due: it has not been for long
    """

    tenant: Tenant
    results: Mapping[str, str]
    usage: Mapping[str, Any]
    rules: Mapping[str, int]
    signed: int
    is_due: bool
    has_segment: bool
    cells: dict[str, Cell] = field(default_factory=dict)

    def get_state(self, check: str = "") -> str:
        if not self.results:
            return NONE
        cells = [self.cells[check]] if check else self.cells.values()
        states = {cell.state for cell in cells} - {NONE}
        return next((state for state in GRAVITY if state in states), NONE)


def show_learned(row: FleetRow) -> Cell:
    ended, learned = row.usage.get("ended"), row.usage.get("learned")
    if not ended or learned is None:
        return Cell()
    state = Health.HOLDS if learned else Health.FAILS
    if 0 < learned < ended / 2:
        state = Health.DOUBTFUL
    why = f"From {learned} of the {ended} conversations that ended last"
    return Cell(state, f"{learned / ended:.0%}", -learned / ended, why)


def show_room(row: FleetRow) -> Cell:
    """What is fullest."""
    room = row.usage.get("room", {})
    parts = {x: used / most for x, (used, most) in room.items() if used is not None}
    if not parts:
        return Cell()
    fullest = max(parts, key=lambda name: parts[name])
    state = Health.HOLDS
    if parts[fullest] >= NEARLY_FULL:
        state = Health.FAILS if parts[fullest] >= 1 else Health.DOUBTFUL
    told = (
        f"{name} {used:,} of {most:,}"
        for name, (used, most) in room.items()
        if used is not None
    )
    return Cell(
        state, f"{fullest} {parts[fullest]:.0%}", parts[fullest], ", ".join(told)
    )


def show_error(row: FleetRow) -> Cell:
    """The newest that a conversation met."""
    error = row.usage.get("error")
    at = parse_datetime(error["at"]) if error else None
    if not (error and at):
        return Cell()
    query = f"?of={error['talk']}"
    return Cell(Health.DOUBTFUL, error["code"], at.timestamp(), query=query)


def show_retention(row: FleetRow) -> Cell:
    if not row.rules:
        return Cell()
    days = min(row.rules.values())
    why = ", ".join(f"{kind}s {days} days" for kind, days in row.rules.items())
    return Cell(Health.HOLDS, f"{days} d", -days, why)


def show_receipt(row: FleetRow) -> Cell:
    """Whether its newest entry, when it was measured, is signed by now or soon."""
    entry = row.usage.get("entry")
    if not entry:
        return Cell()
    if entry > row.signed and row.is_due:
        return Cell(Health.DOUBTFUL, "overdue", entry - row.signed)
    return Cell(Health.HOLDS, "signed" if entry <= row.signed else "soon")


def show_knowledge(row: FleetRow) -> Cell:
    found = row.usage.get("knowledge")
    if not found or not found["bases"]:
        return Cell()
    if failed := found["failed"]:
        return Cell(Health.FAILS, f"{failed} failed", failed)
    plural = "" if found["sources"] == 1 else "s"
    return Cell(Health.HOLDS, f"{found['sources']} source{plural}", found["sources"])


def show_segment(row: FleetRow) -> Cell:
    return Cell(Health.HOLDS, "set up") if row.has_segment else Cell(why="Not set up")


@dataclass(frozen=True, slots=True)
class FleetColumn:
    """label  in the head; its last word in addresses
    url, permission  where it is mended, and who may go there
    show, kind  what builds a cell; without it the result of that kind does
    """

    label: str
    url: str
    permission: Permission = Permission.CHECK_CONNECTION
    show: Callable[[FleetRow], Cell] | None = None
    kind: str = ""

    @property
    def name(self) -> str:
        return self.label.split()[-1].lower()

    def build(self, row: FleetRow) -> Cell:
        if self.show:
            return self.show(row)
        state = row.results.get(self.kind)
        return Cell(state, RESULTS[state]) if state else Cell()


P = Permission
COLUMNS = {
    column.name: column
    for column in (
        FleetColumn("Link", "doctor:doctor", kind=Kind.DOCTOR),
        FleetColumn("Canary", "canary:canary", kind=Kind.CANARY),
        FleetColumn("Isolation", "canary:canary", kind=Kind.ISOLATION),
        FleetColumn("Changes", "drift:drift", P.VIEW_DRIFT, kind=Kind.DRIFT),
        FleetColumn("Learned", "doctor:doctor", show=show_learned),
        FleetColumn("Room", "tenants:connection", show=show_room),
        FleetColumn("Last error", "doctor:doctor", show=show_error),
        FleetColumn("Retention", "keeping:overview", P.HOLD, show_retention),
        FleetColumn("Receipt", "audit:proof", P.VIEW_AUDIT, show_receipt),
        FleetColumn(
            "Knowledge", "knowledge:overview", P.VIEW_KNOWLEDGE, show_knowledge
        ),
        FleetColumn("Segment", "segment:workspace", P.MANAGE_SEGMENT, show_segment),
    )
}
NAMED = {"name": "Tenant"} | {x.name: x.label for x in COLUMNS.values()}
TABS = {
    "fails": Health.FAILS,
    "unknown": Health.UNKNOWN,
    "doubtful": Health.DOUBTFUL,
    "holds": Health.HOLDS,
    "none": NONE,
}
LABELS = {**RESULTS, "none": "not asked"}


class FleetForm(ConsoleForm):
    """words  part of a name or slug
    state   of the whole row, or of the column that is named
    sort    a column, with a minus the other way round; empty: what fails first
    """

    words = forms.CharField(label="Name or slug", required=False, max_length=80)
    check = forms.ChoiceField(
        label="Look at",
        required=False,
        choices=[("", "Everything"), *((x.name, x.label) for x in COLUMNS.values())],
    )
    state = forms.ChoiceField(
        required=False, choices=[("", "all"), *((x, x) for x in TABS)]
    )
    sort = forms.ChoiceField(
        required=False,
        choices=[(f"{way}{name}", name) for way in ("", "-") for name in ("", *NAMED)],
    )


@require_safe
def list_tenants(request: ConsoleRequest) -> HttpResponse:
    """Every tenant for operators; for everybody else, where they have a role."""
    asked = check_form(FleetForm(request.GET))
    rows = _build_rows(Tenant.objects.visible_to(request.user))
    words, check = asked["words"].casefold(), asked["check"]
    found = [
        row
        for row in rows
        if words in f"{row.tenant.name}\n{row.tenant.slug}".casefold()
    ]
    counts = Counter(row.get_state(check) for row in found)
    if asked["state"]:
        found = [x for x in found if x.get_state(check) == TABS[asked["state"]]]
    _sort(found, asked["sort"] or check)
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    context = {
        "total": len(rows),
        "page": page,
        "rows": _link(page),
        "heads": _build_heads(asked),
        "asked": asked,
        "form": FleetForm(initial=asked),
        "tabs": [
            (name, LABELS[name], counts[state], _address(asked, state=name))
            for name, state in TABS.items()
            if counts[state] or asked["state"] == name
        ],
        "all": _address(asked, state=""),
        "filters": f"&{urlencode({k: v for k, v in asked.items() if v})}",
        "has_accounts": settings.MEMORY_URL == EMBEDDED,
    }
    return render(request, "tenants/list.html", context)


def list_states(tenants: TenantQuerySet) -> dict[str, list[Linked]]:
    """Of those who were asked at all, by slug: as in the list."""
    rows = [row for row in _build_rows(tenants) if row.results]
    return {row.tenant.slug: cells for row, cells in _link(rows)}


def _build_rows(tenants: TenantQuerySet) -> list[FleetRow]:
    """By few and light queries, of what sorts and counts alone, and by slugs: to read a
    UUID takes longer than all the rest of a row."""
    kept = Result.objects.filter(is_latest=True, tenant__in=tenants.values("pk"))
    results = defaultdict[str, dict[str, str]](dict)
    for slug, kind, state in kept.values_list("tenant__slug", "kind", "state"):
        results[slug][kind] = state
    measured = kept.filter(kind=Kind.USAGE).exclude(state=Health.UNKNOWN)
    usage = dict(measured.values_list("tenant__slug", "facts"))
    workspaces = set(Workspace.objects.values_list("tenant__slug", flat=True))
    rules = defaultdict[str, dict[str, int]](dict)
    of_all = RetentionRule.objects.filter(tenant__in=tenants.values("pk"))
    for slug, kind, days in of_all.values_list("tenant__slug", "kind", "days"):
        rules[slug][kind] = days
    last = get_last_checkpoint()
    is_due = timezone.now() - get_time(last) > 2 * AGE
    signed = int(last.get("size", 0)), is_due
    rows = [
        FleetRow(
            each,
            results[each.slug],
            usage.get(each.slug, {}),
            rules[each.slug],
            *signed,
            has_segment=each.slug in workspaces,
        )
        for each in tenants.only("slug", "name").order_by("name", "slug")
    ]
    for row in rows:
        row.cells.update((name, x.build(row)) for name, x in COLUMNS.items())
    return rows


def _sort(rows: list[FleetRow], by: str) -> None:
    name, is_reversed = by.removeprefix("-"), by.startswith("-")
    if name == "name":
        rows.sort(key=lambda row: row.tenant.name.casefold(), reverse=is_reversed)
    elif name:

        def rank(row: FleetRow) -> tuple[bool, int, float]:
            cell = row.cells[name]
            return cell.state == NONE, GRAVITY.index(cell.state), -cell.rank

        rows.sort(key=rank, reverse=is_reversed)
    else:
        rows.sort(key=lambda row: GRAVITY.index(row.get_state()))


def _link(rows: Iterable[FleetRow]) -> list[tuple[FleetRow, list[Linked]]]:
    kept = latest(row.tenant for row in rows)
    return [(row, _link_cells(row, kept.get(row.tenant.pk, {}))) for row in rows]


def _link_cells(row: FleetRow, results: Mapping[str, Result]) -> list[Linked]:
    role, slug, found = Role(row.tenant.seen_as), row.tenant.slug, []
    for column in COLUMNS.values():
        cell, url, result = row.cells[column.name], "", results.get(column.kind)
        if may(role, column.permission):
            url = f"{reverse(column.url, args=[slug])}{cell.query}"
        why = result.facts.get("words", "") if result else cell.why
        found.append((column.label, cell, why, url))
    return found


def _build_heads(asked: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """A label, the address that sorts by it, the other way if it does; aria-sort."""
    heads, now = [], asked["sort"]
    for name, label in NAMED.items():
        way = "ascending" if now.startswith("-") else "descending"
        sort = f"-{name}" if now == name else name
        is_sorted = now.removeprefix("-") == name
        heads.append((label, _address(asked, sort=sort), way if is_sorted else ""))
    return heads


def _address(asked: Mapping[str, str], **changes: str) -> str:
    return f"?{urlencode({k: v for k, v in {**asked, **changes}.items() if v})}"
