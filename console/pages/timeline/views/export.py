"""What is on the screen, as a file."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from django.http import StreamingHttpResponse
from django.views.decorators.http import require_safe

from console.audit import context
from console.audit.log import log_view
from console.contract.times import to_wire
from console.masking.masker import masker_for
from console.pages.timeline.export_files import Tap, csv_file, json_file
from console.pages.timeline.exports import COLUMNS, rows_of
from console.pages.timeline.forms import ExportForm
from console.pages.timeline.selectors.filters import Filters
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.forms import check_form
from console.web.request import ConsoleRequest

TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@require_safe
@require_permission(Permission.EXPORT)
def export(request: ConsoleRequest, profile_id: str) -> StreamingHttpResponse:
    """A CSV or JSON file, written page by page; noted before its first byte."""
    query = check_form(ExportForm(request.GET))
    what, format_ = query["what"], query["format"]
    filters = Filters.of(query)
    rows = rows_of(
        what,
        open_store(request.tenant),
        profile_id,
        masker_for(request.actor, profile_id),
        filters,
    )
    # Whatever the memory refuses is said on a page and not in a file.
    first = next(rows)
    now, tap = datetime.now(UTC), Tap()
    source = chain([first], rows)
    if format_ == "csv":
        pieces = csv_file(COLUMNS[what], tap, source)
    else:
        facts = {
            "profile": profile_id,
            "tenant": request.tenant.slug,
            "what": what,
            "exported_at": to_wire(now),
            "filters": filters.in_words,
        }
        pieces = json_file(facts, tap, source)
    name = f"{what}-{profile_id[-6:]}-{now:%Y%m%d-%H%M%S}.{format_}"
    return StreamingHttpResponse(
        log_export(request, profile_id, pieces, tap, what=what, format=format_),
        content_type=TYPES[format_],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def log_export(
    request: ConsoleRequest,
    profile_id: str,
    pieces: Iterator[str],
    tap: Tap,
    **details: str,
) -> Iterator[str]:
    """The same pieces, between an audit entry of now and one with the final count."""
    export = partial(
        log_view,
        request.actor,
        "profile.exported",
        object_type="profile",
        object_id=profile_id,
        **details,
    )
    intent = export(outcome="allowed")

    def passed_on() -> Iterator[str]:
        is_whole = False
        try:
            yield from pieces
            is_whole = not tap.cut
        finally:
            # Also when nobody listens any more; the request's own id is gone by then.
            token = context.request_id.set(request.request_id)
            outcome = "done" if is_whole else "failed"
            export(outcome=outcome, intent=intent.seq, count=tap.count)
            context.request_id.reset(token)

    return passed_on()
