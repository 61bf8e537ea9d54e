"""What has changed in how a tenant is set up: member by member, by whom, and the way back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from console.audit.models import AuditEntry
from console.monitoring.drift import (
    MemberChange,
    compare,
    find_entries,
    list_entries,
    look,
    plan_return,
    put_back,
    settle,
)
from console.monitoring.models import Snapshot
from console.tenants.actor import Permission
from console.web.access import FORM, POST, allow
from console.web.render import ConsoleRequest

ROWS = 20
TITLES = {
    "store": "Store",
    "identity": "Identity settings",
    "rules": "What may be learned",
    "console": "Settings in this console",
    "configuration": "Configuration",
    "group": "Trait group",
}


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One change. entries: of the audit log, the newest first; none: not through here."""

    snapshot: Snapshot
    changes: list[MemberChange]
    entries: list[AuditEntry]

    @property
    def title(self) -> str:
        return TITLES[self.snapshot.kind]

    @property
    def name(self) -> str:
        """As people call it; only where there are several."""
        content = self.snapshot.content or self._before
        is_named = self.snapshot.kind in {"configuration", "group"}
        return content.get("displayName", "") if is_named else ""

    @property
    def _before(self) -> dict[str, Any]:
        return self.snapshot.before.content if self.snapshot.before else {}

    @property
    def exact_at(self) -> datetime | None:
        at = self.snapshot.changed_at
        return self.entries[0].at if self.entries else at


def build_rows(*snapshots: Snapshot) -> list[DriftRow]:
    entries = list_entries(snapshots[0].tenant, snapshots) if snapshots else []
    return [
        DriftRow(
            each,
            list(compare(each.before.content if each.before else {}, each.content)),
            find_entries(each, entries),
        )
        for each in snapshots
    ]


@allow(Permission.VIEW_DRIFT, logs="none: settings")
def drift(request: ConsoleRequest) -> HttpResponse:
    """The newest change first."""
    snapshots = request.tenant.snapshots.select_related("before", "tenant")
    changes = snapshots.exclude(since=None).order_by("-pk")
    page = Paginator(changes, ROWS).get_page(request.GET.get("page"))
    newest = request.tenant.results.filter(kind="drift", is_latest=True).first()
    context = {"page": page, "rows": build_rows(*page), "result": newest}
    return render(request, "drift/drift.html", context)


@allow(Permission.VIEW_DRIFT, POST, logs="none: settings")
def take_snapshot(request: ConsoleRequest) -> HttpResponse:
    result = look(request.tenant)
    if result.state == "unknown":
        messages.warning(request, f"Not read: {result.facts['words']}.")
    return redirect("drift:drift", request.tenant.slug)


@allow(Permission.FIX_LINKAGE, FORM, logs="setup.restored drift.settled")
def change(request: ConsoleRequest, snapshot_id: int) -> HttpResponse:
    """What putting it back would do now; it is done to what was seen alone."""
    changes = request.tenant.snapshots.exclude(since=None)
    found = changes.select_related("before", "tenant")
    snapshot = get_object_or_404(found, pk=snapshot_id)
    if request.method == "POST":
        if "settle" in request.POST:
            settle(snapshot, actor=request.actor)
            messages.success(request, "It is meant to be so.")
        elif put_back(snapshot, request.POST.get("seen", ""), actor=request.actor):
            messages.success(request, "Put back, and read again to make sure.")
        else:
            messages.warning(
                request, "The memory took it, and does not answer so yet. Look again."
            )
        return redirect("drift:drift", request.tenant.slug)
    [row] = build_rows(snapshot)
    context = {"row": row, "back": plan_return(snapshot)}
    return render(request, "drift/change.html", context)
