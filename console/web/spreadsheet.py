"""CSV that no spreadsheet runs or rewrites."""

import csv
import io
import re
from collections.abc import Iterable

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
# What a spreadsheet takes for a number, a date or a truth value and rewrites: 00123,
# 5558675310, 1E5, 3/4, 12:30 PM, SEPT2, true. The pattern may take too much, not less.
_REWRITTEN = re.compile(
    r"(?=\D*\d)[\d\s.,:/%()+$€£¥\u2212-]*(?:e[+-]?\d+|[ap]m?)?"
    r"|(?=\D*\d)[\d\s.,/-]*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
    r"[\d\s.,:/-]*"
    r"|\s*(?:true|false)\s*",
    re.IGNORECASE,
)


def escape_cell(text: str) -> str:
    """Text that a spreadsheet shows and does not run."""
    inside = _INNER.sub("'", text)
    if _FORMULA.match(text) or _REWRITTEN.fullmatch(text):
        return f"'{inside}"
    return inside


def write_lines(rows: Iterable[list[str]]) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_ALL)
    writer.writerows(rows)
    return lines.getvalue()
