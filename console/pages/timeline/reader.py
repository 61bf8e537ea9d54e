"""Both lists of a profile as one, as the memory learned them, narrowed by filters.

The memory pages observations and summaries separately. They are read side by side, and
what was learned at or after the oldest time that both pages reach is handed on; so
nothing has to be kept between two requests but where each list goes on.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.utils.html import escape

from console.client.http import Page
from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.contract.memory.summary import Summary
from console.contract.times import from_wire, to_wire
from console.core.unicode import CANDIDATE, is_hidden
from console.masking.masker import KEY_MARK, MaskedValue, Masker
from console.profiles.items import Day, ItemRow, group_by_day
from console.web.budget import Budget

KINDS = {"observation": "observations only", "summary": "summaries only"}


def fold_text(text: str) -> str:
    """For comparison: without case, accents and compatibility forms."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text)
    plain = (char for char in decomposed if not unicodedata.combining(char))
    return "".join(plain).casefold()


@dataclass(frozen=True)
class TimelineFilters:
    """begin and end are days of occurrence, UTC, both included; "" and None: any.

    source  a source's key (Masker.mask_source)
    typed   stands for the words in addresses (console/web/session.py)
    """

    words: str = field(default="", repr=False)
    kind: str = ""
    source: str = ""
    conversation: str = ""
    begin: date | None = None
    end: date | None = None
    typed: str = field(default="", compare=False)

    @classmethod
    def from_form(cls, cleaned_data: dict[str, Any]) -> "TimelineFilters":
        """From a form's clean values, whatever else is among them."""
        return cls(**{name: cleaned_data[name] for name in FILTER_NAMES})

    @cached_property
    def folded_words(self) -> list[str]:
        return fold_text(self.words).split()

    @cached_property
    def memory_source(self) -> str:
        """The source that a memory can be asked for; "" for any, or one it cannot."""
        return "" if self.source.startswith(KEY_MARK) else self.source

    @cached_property
    def are_set(self) -> bool:
        return self != NO_FILTERS

    def match_words(self, text: str) -> bool:
        """Whether every word occurs in it."""
        if not self.folded_words:
            return True
        folded = fold_text(text)
        return all(word in folded for word in self.folded_words)

    def match_day(self, day: date) -> bool:
        return (self.begin is None or self.begin <= day) and (
            self.end is None or day <= self.end
        )

    def build_query(self, **changes: Any) -> str:
        """The query string of the same filters with changes: `?source=chat`."""
        changed = replace(self, **changes)
        given = {
            name: value
            for name in FILTER_NAMES
            if name not in {"words", "typed"} and (value := getattr(changed, name))
        }
        if changed.words:
            given["typed"] = changed.typed
        return f"?{urlencode(given)}"

    @cached_property
    def query(self) -> str:
        return self.build_query()

    @cached_property
    def descriptions(self) -> list[str]:
        """Each filter that is set, as headings and paper say it."""
        texts = [
            f"containing “{self.words}”" if self.words else "",
            KINDS.get(self.kind, ""),
            self._source_description,
            f"in conversation {self.conversation}" if self.conversation else "",
            f"since {self.begin.isoformat()}" if self.begin else "",
            f"until {self.end.isoformat()}" if self.end else "",
        ]
        return [text for text in texts if text]

    @property
    def _source_description(self) -> str:
        if self.source and not self.memory_source:
            return "from one source, which is masked"
        return f"from source {self.source}" if self.source else ""


FILTER_NAMES = tuple(filter_field.name for filter_field in fields(TimelineFilters))
NO_FILTERS = TimelineFilters()


SALT = "timeline.cursor"
TimelineItem = Observation | Summary


@dataclass(frozen=True, slots=True)
class ListPosition:
    """Where reading one list goes on.

    token   the memory's own; "" for the beginning, None at the end
    before  what this page holds from then on (UTC) has been handed on already
    """

    token: str | None = ""
    before: datetime | None = None


START, END = ListPosition(), ListPosition(token=None)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where reading goes on in both lists, `read_count` items in."""

    observations: ListPosition = START
    summaries: ListPosition = START
    read_count: int = 0

    @property
    def is_end(self) -> bool:
        return self.observations.token is None and self.summaries.token is None

    def encode(self) -> str:
        """For an address: signed, since it goes back to the memory."""
        positions = [
            [position.token, to_wire(position.before) if position.before else ""]
            for position in (self.observations, self.summaries)
        ]
        return signing.dumps([*positions, self.read_count], salt=SALT, compress=True)

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Raises django.core.signing.BadSignature."""
        *positions, read_count = signing.loads(text, salt=SALT)
        observations, summaries = (
            ListPosition(token, from_wire(before) if before else None)
            for token, before in positions
        )
        return cls(observations, summaries, read_count)


class ListReader:
    """One list of the memory, a page at a time."""

    def __init__(self, fetch: Callable[..., Page[Any]], position: ListPosition) -> None:
        self._fetch = fetch
        self._token = self._next_token = position.token
        self._before = position.before
        self._items: list[TimelineItem] = []

    def fetch_page(self) -> None:
        """Hold at least one item, unless the list is at its end."""
        while not self._items and self._next_token is not None:
            self._token = self._next_token
            before, self._before = self._before, None
            page = self._fetch(page_token=self._token)
            self._next_token = page.next_token
            self._items = [
                item
                for item in page.items
                if before is None or item.created_at < before
            ]

    @property
    def reached(self) -> datetime | None:
        """Back to when the list is known; None when all of it is."""
        return self._items[-1].created_at if self._next_token is not None else None

    def take(self, since: datetime | None) -> list[TimelineItem]:
        """What was learned at `since` or later; the rest stays for the next time."""
        taken = [
            item for item in self._items if since is None or item.created_at >= since
        ]
        self._items = self._items[len(taken) :]
        # Of the page that is held; the one after it is still whole.
        self._before = since if self._items else None
        return taken

    @property
    def position(self) -> ListPosition:
        if self._items:
            return ListPosition(self._token, self._before)
        return ListPosition(self._next_token)


class TimelineReader:
    """Reads on from a cursor, observations and summaries of one profile.

    Applies the filters that spare the memory work: kind, source, conversation; not the
    source of summaries, by which no memory can list them.
    """

    def __init__(
        self,
        store: StoreClient,
        profile_id: str,
        cursor: Cursor,
        filters: TimelineFilters = NO_FILTERS,
        *,
        page_size: int = 50,
    ) -> None:
        fetch_observations = partial(
            store.list_observations,
            profile_id,
            page_size=page_size,
            source=filters.memory_source,
            conversation_id=filters.conversation,
        )
        fetch_summaries = partial(
            store.list_summaries,
            profile_id,
            page_size=page_size,
            conversation_id=filters.conversation,
        )
        self._observations = ListReader(
            fetch_observations,
            END if filters.kind == "summary" else cursor.observations,
        )
        self._summaries = ListReader(
            fetch_summaries, END if filters.kind == "observation" else cursor.summaries
        )
        self._read_count = cursor.read_count

    def read(self) -> list[TimelineItem]:
        """One call of each list at the most. Raises MemoryProblem."""
        lists = (self._observations, self._summaries)
        for list_reader in lists:
            list_reader.fetch_page()
        reached = [
            list_reader.reached
            for list_reader in lists
            if list_reader.reached is not None
        ]
        since = max(reached, default=None)
        items = [item for list_reader in lists for item in list_reader.take(since)]
        self._read_count += len(items)
        return items

    @property
    def cursor(self) -> Cursor:
        return Cursor(
            self._observations.position, self._summaries.position, self._read_count
        )


# How much of a text a row shows: characters, and bytes of its HTML. The mark of a
# hidden character is long; a screen of them must not make a page of megabytes.
ROW_CHARACTERS = 480
ROW_BYTES = 720
MARK_BYTES = 80
CHARACTERS_BEFORE_WORD = 80


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

    rows: list[ItemRow]
    days: list[Day]
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
    rows, read_back_to = list[ItemRow](), None
    while True:
        items = reader.read()
        read_back_to = min((item.created_at for item in items), default=read_back_to)
        rows += [
            ItemRow(
                item,
                # As much of the text as a row has room for.
                replace(shown, text=shorten_text(shown.text, filters.folded_words)),
                masker.mask_source(item.source),
            )
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
