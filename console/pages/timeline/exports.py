"""Files of what a page shows: CSV that no spreadsheet runs, JSON that is exact.

Both are written while they are read, and both say so themselves when they were cut.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from console.client.errors import MemoryProblem
from console.client.store import StoreClient
from console.contract.times import to_wire
from console.masking.masker import MaskedValue, Masker
from console.pages.timeline.selectors.filters import TimelineFilters
from console.pages.timeline.selectors.reader import (
    Cursor,
    TimelineItem,
    TimelineReader,
)
from console.pages.timeline.selectors.timeline import mask_matches
from console.profiles.traits import build_trait_groups
from console.web.budget import Budget, start_budget
from console.web.spreadsheet import escape_cell, write_lines

EXPORT_ROWS_MAX = 10_000
EXPORT_S = 60.0
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


def start_limiter() -> ExportLimiter:
    return ExportLimiter(EXPORT_ROWS_MAX, start_budget(EXPORT_S))


def read_export(
    what: str,
    store: StoreClient,
    profile_id: str,
    masker: Masker,
    filters: TimelineFilters,
) -> Iterator[list[ExportRow]]:
    """A batch for each step of reading, masked as on the page.

    Raises MemoryProblem at any of them.
    """
    if what == "traits":
        yield _read_traits(store, profile_id, masker)
        return
    reader = TimelineReader(store, profile_id, Cursor(), filters)
    while not reader.cursor.is_end:
        matches = mask_matches(reader.read(), masker, filters)
        yield [_build_row(item, shown) for item, shown in matches]


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


def _build_row(item: TimelineItem, shown: MaskedValue) -> ExportRow:
    return {
        "kind": item.kind,
        "id": item.id,
        "occurred_at": to_wire(item.occurred_at),
        "learned_at": to_wire(item.created_at),
        "changed_at": to_wire(item.updated_at),
        "source": item.source,
        "conversations": list(item.conversations),
        "text": shown.text,
        "masked": shown.is_masked,
    }


def _read_traits(
    store: StoreClient, profile_id: str, masker: Masker
) -> list[ExportRow]:
    groups = build_trait_groups(store, store.fetch_profile(profile_id), masker)
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
