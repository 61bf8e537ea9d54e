"""What a page shows, as a file: CSV that no spreadsheet runs, JSON that is exact.

Both are written while they are read, and both say so themselves when they were cut.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

from console.audit.log import log_export, log_view
from console.client.errors import MemoryProblem
from console.client.store import StoreClient
from console.contract.times import to_wire
from console.masking.masker import MaskedValue, Masker, masker_for
from console.pages.timeline.forms import ExportForm
from console.pages.timeline.index import TimelineIndex, read_pages
from console.pages.timeline.reader import (
    Cursor,
    TimelineFilters,
    TimelineItem,
    TimelineReader,
    get_place,
    mask_matches,
)
from console.profiles.context import lists_by_occurrence
from console.profiles.items import find_kind
from console.profiles.schema import fetch_trait_groups
from console.profiles.traits import build_trait_groups
from console.tenants.actor import Permission
from console.web.access import allow
from console.web.budget import Budget, start_budget
from console.web.forms import check_form
from console.web.render import ConsoleRequest
from console.web.session import move_typed
from console.web.spreadsheet import escape_cell, write_lines

EXPORT_ROWS_MAX = 10_000
EXPORT_S = 60.0
# Items that are chosen by hand, or by their conversation.
SELECTED_MAX = 100
COLUMNS = {
    "timeline": [
        "kind",
        "id",
        "occurred_at",
        "learned_at",
        "changed_at",
        "source",
        "conversations",
        "text",
        "masked",
    ],
    "traits": ["group", "trait", "type", "value", "masked"],
}
ExportRow = dict[str, Any]
# A spreadsheet keeps this many digits of a number.
_DIGITS_MAX = 15


class ExportLimiter:
    """Lets rows through up to the limits. cut: why the rest is missing, or ""."""

    def __init__(self, rows_max: int, budget: Budget) -> None:
        self._rows_max = rows_max
        self._budget = budget
        self.row_count = 0
        self.masked_count = 0
        self.cut = ""

    def limit(self, batches: Iterable[list[ExportRow]]) -> Iterator[list[ExportRow]]:
        try:
            for batch in batches:
                rows = batch[: self._rows_max - self.row_count]
                self.row_count += len(rows)
                self.masked_count += sum(bool(row.get("masked")) for row in rows)
                yield rows
                self._budget.spend_step()
                if len(rows) < len(batch):
                    self.cut = f"Cut after {self._rows_max} rows: narrow the filters."
                elif self._budget.is_spent():
                    self.cut = f"Cut after {EXPORT_S:.0f} seconds: narrow the filters."
                if self.cut:
                    return
        except MemoryProblem as problem:
            self.cut = f"Cut because of the memory: {problem.title}."


def read_timeline(
    request: ConsoleRequest,
    profile_id: str,
    masker: Masker,
    filters: TimelineFilters,
) -> Iterator[list[ExportRow]]:
    """A batch for each step of reading, masked and in order as on the page.

    Raises MemoryProblem at any of them.
    """
    for items in _read_in_order(request, profile_id, filters):
        matches = mask_matches(items, masker, filters)
        yield [_build_row(item, shown, masker) for item, shown in matches]


def _read_in_order(
    request: ConsoleRequest, profile_id: str, filters: TimelineFilters
) -> Iterator[list[TimelineItem]]:
    """Of a memory that cannot list by occurrence all at the end, after empty batches."""
    if lists_by_occurrence(request, profile_id):
        reader = TimelineReader(request.store, profile_id, Cursor(), filters)
        while not reader.cursor.is_end:
            yield reader.read()
        return
    items, tokens = list[TimelineItem](), TimelineIndex().tokens
    while any(token is not None for token in tokens):
        pages = read_pages(request.store, profile_id, tokens)
        tokens = tuple(page.next_token for page in pages)
        items += [item for page in pages for item in page.items]
        yield []
    yield sorted(items, key=get_place, reverse=bool(filters.conversation))


def fetch_items(request: ConsoleRequest, profile_id: str) -> list[TimelineItem]:
    """The items that an address names: by `id`, or by the `conversation` they are from;
    one more than SELECTED_MAX of more."""
    if conversation := request.GET.get("conversation", ""):
        filters = TimelineFilters(conversation=conversation)
        items = chain.from_iterable(_read_in_order(request, profile_id, filters))
        found = (item for item in items if conversation in item.conversations)
        return list(islice(found, SELECTED_MAX + 1))
    calls = [
        partial(kind.find, request.store, profile_id, id_)
        for id_ in dict.fromkeys(request.GET.getlist("id")[: SELECTED_MAX + 1])
        if (kind := find_kind(id_))
    ]
    return [item for item in request.store.gather(*calls) if item is not None]


def write_csv(
    columns: list[str], limiter: ExportLimiter, batches: Iterable[list[ExportRow]]
) -> Iterator[str]:
    """UTF-8 with a mark for spreadsheets; every cell quoted, none a formula.

    A text that a spreadsheet would rewrite (00123, SEPT2) begins with an apostrophe too;
    the JSON file is the exact one.
    """
    yield "\ufeff" + write_lines([columns])
    for batch in limiter.limit(batches):
        yield write_lines(
            [_format_cell(row[name]) for name in columns] for row in batch
        )
    if limiter.cut:
        yield write_lines([["cut", *[""] * (len(columns) - 2), limiter.cut]])


def write_json(
    facts: ExportRow, limiter: ExportLimiter, batches: Iterable[list[ExportRow]]
) -> Iterator[str]:
    """One object: the facts, `items`, and at the end what is known only then.

    masked  whether any item holds less than the memory does; each item says so too
    """
    yield json.dumps(facts, ensure_ascii=False)[:-1] + ', "items": ['
    comma = ""
    for batch in limiter.limit(batches):
        for row in batch:
            yield f"{comma}\n{json.dumps(row, ensure_ascii=False)}"
            comma = ","
    end = {
        "count": limiter.row_count,
        "masked": bool(limiter.masked_count),
        "cut": limiter.cut or None,
    }
    yield "\n], " + json.dumps(end, ensure_ascii=False)[1:] + "\n"


def _build_row(item: TimelineItem, shown: MaskedValue, masker: Masker) -> ExportRow:
    source = masker.mask_source(item.source).text
    return {
        "kind": item.kind,
        "id": item.id,
        "occurred_at": to_wire(item.occurred_at),
        "learned_at": to_wire(item.created_at),
        "changed_at": to_wire(item.updated_at),
        "source": source,
        "conversations": list(item.conversations),
        "text": shown.text,
        "masked": shown.is_masked or source != item.source,
    }


def _read_traits(
    store: StoreClient, profile_id: str, masker: Masker
) -> list[ExportRow]:
    schema, profile = store.gather(
        partial(fetch_trait_groups, store), partial(store.fetch_profile, profile_id)
    )
    groups = build_trait_groups(schema, profile, masker)
    return [
        {
            "group": row.group,
            "trait": row.name,
            "type": row.type,
            # As the memory gave it, a list too, unless something is hidden.
            "value": shown.text if shown.is_masked else row.value,
            "masked": shown.is_masked,
        }
        for group in groups
        for row in group.filled
        if (shown := row.shown)
    ]


def _format_cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and len(str(value)) <= _DIGITS_MAX:
        return str(value)
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return escape_cell(text)


TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@allow(Permission.EXPORT, logs="profile.exported")
def export(request: ConsoleRequest, profile_id: str) -> HttpResponseBase:
    """A CSV or JSON file, written batch by batch; logged before its first byte."""
    if moved := move_typed(request, ExportForm, "words"):
        return moved
    query = check_form(ExportForm.from_address(request))
    what, format_ = query["what"], query["format"]
    filters = TimelineFilters.from_form(query)
    masker = masker_for(request.actor, profile_id)
    if "id" in request.GET:
        items = fetch_items(request, profile_id)
        matches = mask_matches(items, masker, filters)
        batches = iter([[_build_row(item, text, masker) for item, text in matches]])
    elif what == "traits":
        batches = iter([_read_traits(request.store, profile_id, masker)])
    else:
        batches = read_timeline(request, profile_id, masker, filters)
    # What the memory refuses becomes a page, not a file.
    batches = chain([next(batches)], batches)
    now = datetime.now(UTC)
    limiter = ExportLimiter(EXPORT_ROWS_MAX, start_budget(EXPORT_S))
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
    entry = partial(
        log_view,
        request.actor,
        "profile.exported",
        "profile",
        profile_id,
        what=what,
        format=format_,
    )
    return StreamingHttpResponse(
        log_export(entry, chunks, lambda: (not limiter.cut, limiter.row_count)),
        content_type=TYPES[format_],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
