"""The ledger of Recalls. An extension of ours."""

from typing import Any

from django.http import HttpResponse

from console.contract.base import SentTime
from console.contract.ids import LEDGER_ID
from console.contract.memory import ledger as wire
from console.contract.memory.profile import ProfileId
from console.service.http.answers import answer, from_row
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest, read_time
from console.service.memory import ledger
from console.service.memory.models import LedgerEntry, Profile
from console.service.models import find_row

LEDGER = "v1/Stores/<store_id>/RecallLedger"


@doc.operation(
    "GET",
    LEDGER,
    {200: wire.LedgerPage},
    query={
        "profileId": doc.documented(ProfileId, "Only those of this profile."),
        "mode": doc.documented(wire.RecallMode, "Only those of this mode."),
        "before": doc.documented(SentTime, "Only those before this moment."),
    },
)
def list_ledger(request: ApiRequest) -> HttpResponse:
    """What programs recalled, newest first: parameters, ids and scores, never a text. A
    store keeps it for as many days as its ledgerDays says; calls of the console are not
    in it."""
    ledger.write_waiting()
    kinds = {"profileId": ProfileId, "mode": wire.RecallMode, "before": str}
    page = read_page(request, filters=kinds)
    columns = {
        "profile_id": page.filters.get("profileId"),
        "mode": page.filters.get("mode"),
        "asked_at__lt": read_time(page.filters, "before"),
    }
    asked = {name: value for name, value in columns.items() if value}
    rows = LedgerEntry.objects.filter(store_id=request.store.id, **asked)
    return answer_page(request, rows, page, _show, sort=("asked_at", "id"))


@doc.operation("GET", f"{LEDGER}/Report", {200: wire.LedgerReport})
def report_ledger(request: ApiRequest) -> HttpResponse:
    """How long Recalls took, by mode, and what they were asked that found nothing likely,
    grouped by meaning."""
    ledger.write_waiting()
    groups = [
        from_row(
            wire.UnansweredGroup,
            None,
            count=len(rows),
            first_at=rows[-1].asked_at,
            newest=_show(rows[0]),
        )
        for rows in ledger.group_unanswered(request.store)
    ]
    latencies = ledger.measure_latencies(request.store)
    days = request.store.ledger_days
    return answer(
        wire.LedgerReport(
            days=days, latencies=tuple(latencies), unanswered=tuple(groups)
        )
    )


@doc.operation("GET", f"{LEDGER}/<entry_id>", {200: wire.LedgerEntry})
def fetch_ledger_entry(request: ApiRequest, entry_id: str) -> HttpResponse:
    """One Recall, and whether what its profile remembers has changed since."""
    rows = LedgerEntry.objects.filter(store_id=request.store.id)
    row = find_row(rows, entry_id, LEDGER_ID, "ledger entry")
    same = Profile.objects.of(request.store).filter(
        id=row.profile_id, index_version=row.version
    )
    return answer(_show(row, changed=not same.exists()))


def _show(row: LedgerEntry, **fields: Any) -> wire.LedgerEntry:
    return from_row(
        wire.LedgerEntry,
        row,
        items=tuple(wire.LedgerItem(id=id_, score=score) for id_, score in row.items),
        version=str(row.version),
        **fields,
    )
