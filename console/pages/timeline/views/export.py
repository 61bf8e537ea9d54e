"""What a page shows, as a file."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.contract.times import to_wire
from console.core.requests import request_id
from console.masking.masker import masker_for
from console.pages.timeline.exports import (
    COLUMNS,
    ExportLimiter,
    read_export,
    start_limiter,
    write_csv,
    write_json,
)
from console.pages.timeline.forms import ExportForm
from console.pages.timeline.selectors.filters import TimelineFilters
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.forms import check_form
from console.web.request import ConsoleRequest
from console.web.typed import move_typed

TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@require_safe
@require_permission(Permission.EXPORT)
def export(request: ConsoleRequest, profile_id: str) -> HttpResponseBase:
    """A CSV or JSON file, written batch by batch; logged before its first byte."""
    if moved := move_typed(request, "words"):
        return moved
    query = check_form(ExportForm.from_address(request))
    what, format_ = query["what"], query["format"]
    filters = TimelineFilters.from_form(query)
    batches = read_export(
        what,
        open_store(request.tenant),
        profile_id,
        masker_for(request.actor, profile_id),
        filters,
    )
    # What the memory refuses becomes a page, not a file.
    batches = chain([next(batches)], batches)
    now, limiter = datetime.now(UTC), start_limiter()
    if format_ == "csv":
        chunks = write_csv(COLUMNS[what], limiter, batches)
    else:
        facts = {
            "profile": profile_id,
            "tenant": request.tenant.slug,
            "what": what,
            "exported_at": to_wire(now),
            "filters": filters.descriptions,
        }
        chunks = write_json(facts, limiter, batches)
    name = f"{what}-{profile_id[-6:]}-{now:%Y%m%d-%H%M%S}.{format_}"
    return StreamingHttpResponse(
        _log_export(request, profile_id, chunks, limiter, what=what, format=format_),
        content_type=TYPES[format_],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _log_export(
    request: ConsoleRequest,
    profile_id: str,
    chunks: Iterator[str],
    limiter: ExportLimiter,
    **details: str,
) -> Iterator[str]:
    """The same chunks, between an audit entry of now and one with the final count."""
    export = partial(
        log_view,
        request.actor,
        "profile.exported",
        object_type="profile",
        object_id=profile_id,
        **details,
    )
    intent = export(outcome="allowed")
    own_id = request_id.get()

    def pass_on() -> Iterator[str]:
        is_complete = False
        try:
            yield from chunks
            is_complete = not limiter.cut
        finally:
            # Also when the reader has gone; the request's own id is gone by then.
            token = request_id.set(own_id)
            outcome = "done" if is_complete else "failed"
            export(outcome=outcome, intent=intent.seq, count=limiter.row_count)
            request_id.reset(token)

    return pass_on()
