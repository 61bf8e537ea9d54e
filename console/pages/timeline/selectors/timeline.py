"""A step through a customer's timeline: bounded in items and in time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.utils.html import escape

from console.client.values import Observation
from console.core.unicode import CANDIDATE, is_hidden
from console.masking.masker import MaskedValue, Masker
from console.pages.timeline.selectors.filters import Filters, fold
from console.pages.timeline.selectors.reader import Cursor, Reader, Told
from console.profiles.rows import Day, group_by_day
from console.web.budget import Budget

# What of a text a row shows: characters, and bytes of its HTML. The mark of a hidden
# character is long; a screen of them must not make a page of megabytes.
ROW_CHARACTERS = 480
ROW_BYTES = 720
MARK_BYTES = 80
BEFORE_WORD = 80


@dataclass(frozen=True, slots=True)
class Moment:
    """One row: an observation or a summary as this person may see it.

    shown  its text, as much of it as a row has room for
    """

    told: Told
    shown: MaskedValue

    @property
    def kind(self) -> str:
        return kind_of(self.told)

    @property
    def id(self) -> str:
        return self.told.id

    @property
    def occurred_at(self) -> datetime:
        return self.told.occurred_at

    @property
    def conversations(self) -> tuple[str, ...]:
        return conversations_of(self.told)

    @property
    def is_changed(self) -> bool:
        return self.told.updated_at != self.told.created_at


@dataclass(frozen=True, slots=True)
class Step:
    """What one answer holds.

    found     rows since somebody last asked for more
    is_short  the time was over before the step had its fill: it goes on by itself
    since     the moment (UTC) back to which what was learned has been read
    """

    moments: list[Moment]
    cursor: Cursor
    found: int
    is_short: bool
    since: datetime | None
    is_story: bool = False

    @property
    def days(self) -> list[Day[Moment]]:
        """Newest first; a conversation as it went."""
        days = group_by_day(self.moments)
        if not self.is_story:
            return days
        return [Day(day.on, day.rows[::-1]) for day in reversed(days)]

    @property
    def last_on(self) -> date | None:
        days = self.days
        return days[-1].on if days else None

    @property
    def next(self) -> str:
        """The rest, for an address; "" when there is none."""
        return "" if self.cursor.is_end else self.cursor.pack()


def read_step(
    reader: Reader,
    masker: Masker,
    filters: Filters,
    *,
    wanted: int,
    found: int = 0,
    budget: Budget,
) -> Step:
    """Read until `wanted` rows were found, the budget is spent or nothing is left.

    Raises MemoryProblem.
    """
    moments, since = list[Moment](), None
    words = filters.folded
    while True:
        told = reader.read()
        since = min((item.created_at for item in told), default=since)
        moments += [
            Moment(item, replace(shown, text=row_text(shown.text, words)))
            for item, shown in matching(told, masker, filters)
        ]
        full = found + len(moments) >= wanted
        at_end = reader.cursor.is_end
        budget.spend_step()
        if full or at_end or budget.is_spent():
            break
    return Step(
        moments=moments,
        cursor=reader.cursor,
        found=found + len(moments),
        is_short=not (full or at_end),
        since=since,
        is_story=bool(filters.conversation),
    )


def matching(
    told: list[Told], masker: Masker, filters: Filters
) -> Iterator[tuple[Told, MaskedValue]]:
    """What the filters let through, each with its text as it may be seen.

    Words are looked for in what is shown: a search must not tell what is masked.
    """
    words = filters.folded
    for item in told:
        if not filters.holds_day(item.occurred_at.date()):
            continue
        if words and not filters.holds_words(item.content):
            continue
        shown = masker.text(kind_of(item), item.id, item.content)
        if words and shown.is_masked and not filters.holds_words(shown.text):
            continue
        yield item, shown


def kind_of(told: Told) -> str:
    return "observation" if isinstance(told, Observation) else "summary"


def conversations_of(told: Told) -> tuple[str, ...]:
    if isinstance(told, Observation):
        return told.conversation_ids
    return (told.conversation_id,)


def row_text(text: str, words: list[str]) -> str:
    """A long text from its beginning, or from shortly before the word that was sought."""
    if len(text) > ROW_CHARACTERS and words:
        # As near as folding allows: it can change a text's length.
        at = min(fold(text).find(word) for word in words)
        if at > ROW_CHARACTERS - BEFORE_WORD:
            return "… " + _beginning(text[at - BEFORE_WORD :])
    return _beginning(text)


def _beginning(text: str) -> str:
    if text.isascii() and text.isprintable() and len(text) * 6 <= ROW_BYTES:
        return text
    left = ROW_BYTES
    for end in range(len(text)):
        left -= _bytes_at(text, end)
        if left < 0 or end >= ROW_CHARACTERS:
            return text[:end] + " …"
    return text


def _bytes_at(text: str, position: int) -> int:
    if CANDIDATE.match(text, position) and is_hidden(text, position):
        return MARK_BYTES
    return len(escape(text[position]).encode())
