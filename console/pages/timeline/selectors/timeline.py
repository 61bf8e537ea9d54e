"""A step through a customer's timeline, bounded in items and in time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.html import escape

from console.core.unicode import CANDIDATE, is_hidden
from console.masking.masker import MaskedValue, Masker, Source
from console.pages.timeline.selectors.reader import (
    Cursor,
    TimelineFilters,
    TimelineItem,
    TimelineReader,
    fold_text,
)
from console.profiles.items import Day, group_by_day
from console.web.budget import Budget

# How much of a text a row shows: characters, and bytes of its HTML. The mark of a
# hidden character is long; a screen of them must not make a page of megabytes.
ROW_CHARACTERS = 480
ROW_BYTES = 720
MARK_BYTES = 80
CHARACTERS_BEFORE_WORD = 80


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """An observation or a summary as this person may see it.

    shown       its text, as much of it as a row has room for
    is_revised  it has earlier revisions to open
    """

    id: str
    kind: str
    occurred_at: datetime
    updated_at: datetime
    source: Source
    conversation_ids: tuple[str, ...]
    is_revised: bool
    shown: MaskedValue


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """What one response shows.

    days             newest first; a conversation in its own order
    next_page        the cursor of what follows; "" when nothing does
    row_count        rows since somebody last asked for more
    is_short         the time was over before there were enough rows: it goes on by itself
    read_back_to     all that was learned since then (UTC) has been read
    is_conversation  shows one conversation
    """

    rows: list[TimelineRow]
    days: list[Day[TimelineRow]]
    cursor: Cursor
    next_page: str
    row_count: int
    is_short: bool
    read_back_to: datetime | None
    is_conversation: bool


def read_step(
    reader: TimelineReader,
    masker: Masker,
    filters: TimelineFilters,
    *,
    wanted: int,
    rows_before: int = 0,
    budget: Budget,
) -> TimelineStep:
    """Read until `wanted` rows were found, the budget is spent or nothing is left.

    Raises MemoryProblem.
    """
    rows, read_back_to = list[TimelineRow](), None
    while True:
        items = reader.read()
        read_back_to = min((item.created_at for item in items), default=read_back_to)
        rows += [
            _build_row(item, shown, masker, filters)
            for item, shown in mask_matches(items, masker, filters)
        ]
        is_full = rows_before + len(rows) >= wanted
        is_end = reader.cursor.is_end
        budget.spend_step()
        if is_full or is_end or budget.is_spent():
            break
    days = group_by_day(rows)
    if filters.conversation:
        days = [Day(day.on, day.rows[::-1]) for day in reversed(days)]
    return TimelineStep(
        rows=rows,
        days=days,
        cursor=reader.cursor,
        next_page="" if is_end else reader.cursor.encode(),
        row_count=rows_before + len(rows),
        is_short=not (is_full or is_end),
        read_back_to=read_back_to,
        is_conversation=bool(filters.conversation),
    )


def mask_matches(
    items: Iterable[TimelineItem], masker: Masker, filters: TimelineFilters
) -> Iterator[tuple[TimelineItem, MaskedValue]]:
    """What the filters let through, each with its text as it may be seen.

    Words and sources are looked for in what is shown and nowhere else: neither a match
    nor a miss tells anything of what is masked.
    """
    for item in items:
        if not filters.match_day(item.occurred_at.date()):
            continue
        if filters.source not in {"", masker.mask_source(item.source).key}:
            continue
        shown = masker.mask_text(item.kind, item.id, item.content)
        if filters.match_words(shown.text):
            yield item, shown


def shorten_text(text: str, words: list[str]) -> str:
    """A long text from its beginning, or from shortly before a word of the search."""
    if len(text) > ROW_CHARACTERS and words:
        # As near as folding allows: it can change a text's length.
        at = min(fold_text(text).find(word) for word in words)
        if at > ROW_CHARACTERS - CHARACTERS_BEFORE_WORD:
            return "… " + _cut_end(text[at - CHARACTERS_BEFORE_WORD :])
    return _cut_end(text)


def _build_row(
    item: TimelineItem, shown: MaskedValue, masker: Masker, filters: TimelineFilters
) -> TimelineRow:
    kind = item.kind
    return TimelineRow(
        id=item.id,
        kind=kind,
        occurred_at=item.occurred_at,
        updated_at=item.updated_at,
        source=masker.mask_source(item.source),
        conversation_ids=item.conversations,
        # Summaries keep no revisions.
        is_revised=kind == "observation" and item.updated_at != item.created_at,
        shown=replace(shown, text=shorten_text(shown.text, filters.folded_words)),
    )


def _cut_end(text: str) -> str:
    if text.isascii() and text.isprintable() and len(text) * 6 <= ROW_BYTES:
        return text
    bytes_left = ROW_BYTES
    for end in range(len(text)):
        bytes_left -= _count_bytes(text, end)
        if bytes_left < 0 or end >= ROW_CHARACTERS:
            return text[:end] + " …"
    return text


def _count_bytes(text: str, position: int) -> int:
    """Of one character, as the page writes it."""
    if CANDIDATE.match(text, position) and is_hidden(text, position):
        return MARK_BYTES
    return len(escape(text[position]).encode())
