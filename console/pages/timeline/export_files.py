"""Files of what is on a screen: CSV that no spreadsheet runs, JSON that is exact.

Both are written while they are read, and both say so themselves when they were cut.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from console.client.errors import MemoryProblem
from console.web.budget import start_budget

MOST_ROWS = 10_000
MOST_S = 60.0
Row = dict[str, Any]
# What a spreadsheet takes for a formula, its full-width and small forms too, also behind
# what a spreadsheet leaves out: space, quotes, unseen characters.
_LEFT_OUT = (
    r"[\s\"'\u00a0\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
_SIGN = r"[=+\-@\u207a\u207c\u2212\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]"
_FORMULA = re.compile(rf"{_LEFT_OUT}*{_SIGN}|[\t\r\n\0]")
# Where commas are decimal, a spreadsheet ends cells at a semicolon, and a quoted text
# behind a comma is not quoted for it: its lines and parts are cells and rows.
_INNER = re.compile(rf"(?<=[;\t\r\n])(?={_LEFT_OUT}{{0,64}}{_SIGN})")


@dataclass(slots=True)
class Tap:
    """Lets rows through up to the limits. cut: why the rest is missing, or ""."""

    count: int = 0
    masked: int = 0
    cut: str = ""

    def batches(self, source: Iterable[list[Row]]) -> Iterator[list[Row]]:
        budget = start_budget(MOST_S)
        try:
            for batch in source:
                taken = batch[: MOST_ROWS - self.count]
                self.count += len(taken)
                self.masked += sum(bool(row.get("masked")) for row in taken)
                yield taken
                if len(taken) < len(batch):
                    self.cut = f"Cut after {MOST_ROWS} rows: narrow the filters."
                    return
                budget.spend_step()
                if budget.is_spent():
                    self.cut = f"Cut after {MOST_S:.0f} seconds: narrow the filters."
                    return
        except MemoryProblem as problem:
            self.cut = f"Cut because of the memory: {problem.title}."


def csv_file(
    columns: list[str], tap: Tap, source: Iterable[list[Row]]
) -> Iterator[str]:
    """UTF-8 with a mark for spreadsheets; every cell quoted, none a formula."""
    yield "\ufeff" + _csv([columns])
    for batch in tap.batches(source):
        yield _csv([_text(row[name]) for name in columns] for row in batch)
    if tap.cut:
        yield _csv([["cut", *[""] * (len(columns) - 2), tap.cut]])


def json_file(facts: Row, tap: Tap, source: Iterable[list[Row]]) -> Iterator[str]:
    """One object: the facts, `items`, and at the end what is known only then.

    masked  whether any item holds less than the memory does; each says it itself too
    """
    yield json.dumps(facts, ensure_ascii=False)[:-1] + ', "items": ['
    comma = ""
    for batch in tap.batches(source):
        for row in batch:
            yield f"{comma}\n{json.dumps(row, ensure_ascii=False)}"
            comma = ","
    end = {"count": tap.count, "masked": bool(tap.masked), "cut": tap.cut or None}
    yield "\n], " + json.dumps(end, ensure_ascii=False)[1:] + "\n"


def safe_cell(text: str) -> str:
    """Text that a spreadsheet shows and does not run."""
    inside = _INNER.sub("'", text)
    return f"'{inside}" if _FORMULA.match(text) else inside


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str(value)


def _csv(rows: Iterable[list[str]]) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_ALL)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return lines.getvalue()
