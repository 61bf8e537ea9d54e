"""Both lists of a profile as one, by when things happened, narrowed by filters.

The memory pages observations and summaries separately. They are read side by side, and
what lies before the place that both pages reach is handed on; so nothing has to be kept
between two requests but where each list goes on. A memory that cannot list by occurrence
is read through index.py.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.core import signing

from console.client.http import Page
from console.client.store import StoreClient
from console.contract.memory.observation import RETRACTED, Observation
from console.contract.memory.page import OCCURRENCE
from console.contract.memory.summary import Summary
from console.core.unicode import CANDIDATE, compile_beginning, fold_text, is_hidden
from console.masking.masker import KEY_MARK, MaskedValue, Masker
from console.profiles.items import OBSERVATION, SUMMARY, Day, ItemRow, group_by_day
from console.web.budget import Budget
from console.web.times import get_day

KINDS = {
    "observation": "observations only",
    "summary": "summaries only",
    RETRACTED: "retracted only",
}


@dataclass(frozen=True)
class TimelineFilters:
    """begin and end are days of occurrence, the viewer's, both included; "" and None: any.

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
    def beginnings(self) -> list[re.Pattern[str]]:
        return list(map(compile_beginning, self.folded_words))

    @cached_property
    def memory_source(self) -> str:
        """The source that a memory can be asked for; "" for any, or one it cannot."""
        return "" if self.source.startswith(KEY_MARK) else self.source

    @cached_property
    def are_set(self) -> bool:
        return self != NO_FILTERS

    def match_words(self, text: str) -> bool:
        """Whether for every word one of the text's begins with it."""
        if not self.beginnings:
            return True
        folded = fold_text(text)
        return all(begins.search(folded) for begins in self.beginnings)

    def match_facts(
        self, day: date, kinds: Sequence[str], conversations: Sequence[str]
    ) -> bool:
        return (
            self.kind in {"", *kinds}
            and (not self.conversation or self.conversation in conversations)
            and (self.begin is None or self.begin <= day)
            and (self.end is None or day <= self.end)
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
# When something happened, in microseconds, and then its kind: what lists are read along.
Place = tuple[int, int]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def get_place(item: TimelineItem, *, ascending: bool = False) -> Place:
    """Lower for what is read earlier. The wire's times are whole seconds, so that many
    items share theirs: newest first, observations come before summaries."""
    at = (item.occurred_at - EPOCH) // MICROSECOND
    is_observation = int(item.kind == Observation.kind)
    return (at, is_observation) if ascending else (-at, -is_observation)


@dataclass(frozen=True, slots=True)
class ListPosition:
    """Where reading one list goes on.

    token  the memory's own; "" for the beginning, None at the end
    taken  what this page holds up to this place has been handed on already
    """

    token: str | None = ""
    taken: Place | None = None


START, END = ListPosition(), ListPosition(token=None)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where reading goes on in both lists, `read_count` items in; of a list that was put
    in order here (index.py), after which row."""

    observations: ListPosition = START
    summaries: ListPosition = START
    read_count: int = 0
    last_id: str = ""

    @property
    def is_end(self) -> bool:
        return self.observations.token is None and self.summaries.token is None

    def encode(self) -> str:
        """For an address: signed, since it goes back to the memory."""
        return signing.dumps(msgspec.to_builtins(self), salt=SALT, compress=True)

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Raises django.core.signing.BadSignature."""
        return msgspec.convert(signing.loads(text, salt=SALT), cls)


class ListReader:
    """One list of the memory, a page at a time."""

    def __init__(
        self,
        fetch: Callable[..., Page[Any]],
        position: ListPosition,
        get_place: Callable[[TimelineItem], Place],
    ) -> None:
        self._fetch, self._get_place = fetch, get_place
        self._token = self._next_token = position.token
        self._taken = position.taken
        self._items: list[TimelineItem] = []

    def fetch_page(self) -> None:
        """Hold at least one item, unless the list is at its end."""
        while not self._items and self._next_token is not None:
            self._token = self._next_token
            taken, self._taken = self._taken, None
            page = self._fetch(page_token=self._token)
            self._next_token = page.next_token
            self._items = [
                item
                for item in page.items
                if taken is None or self._get_place(item) > taken
            ]

    @property
    def reached(self) -> Place | None:
        """Up to where the list is known; None when all of it is."""
        is_all = self._next_token is None
        return None if is_all else self._get_place(self._items[-1])

    def take(self, until: Place | None) -> list[TimelineItem]:
        """What lies up to there; the rest stays for the next time."""
        taken = [
            item
            for item in self._items
            if until is None or self._get_place(item) <= until
        ]
        self._items = self._items[len(taken) :]
        # Of the page that is held; the one after it is still whole.
        self._taken = until if self._items else None
        return taken

    @property
    def position(self) -> ListPosition:
        if self._items:
            return ListPosition(self._token, self._taken)
        return ListPosition(self._next_token)


class TimelineReader:
    """Reads on from a cursor, observations and summaries of one profile by occurrence:
    newest first, a conversation in its own order.

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
        ascending = bool(filters.conversation)
        asked: dict[str, Any] = {
            "page_size": page_size,
            "order": OCCURRENCE[ascending],
            "conversation_id": filters.conversation,
        }
        is_retracted = filters.kind == RETRACTED
        given = {"source": filters.memory_source, "retracted": is_retracted}
        self._get_place = partial(get_place, ascending=ascending)
        self._gather = store.gather
        self._lists = [
            ListReader(
                partial(kind.list_page, store, profile_id, **asked, **more),
                position if filters.kind in {"", *kinds} else END,
                self._get_place,
            )
            for kind, kinds, position, more in (
                (
                    OBSERVATION,
                    (OBSERVATION.name, RETRACTED),
                    cursor.observations,
                    given,
                ),
                (SUMMARY, (SUMMARY.name,), cursor.summaries, {}),
            )
        ]
        self._read_count = cursor.read_count

    def read(self) -> list[TimelineItem]:
        """What comes next, in order; both lists are asked at once. Raises MemoryProblem."""
        self._gather(*[each.fetch_page for each in self._lists])
        reached = [each.reached for each in self._lists if each.reached is not None]
        until = min(reached, default=None)
        items = [item for each in self._lists for item in each.take(until)]
        self._read_count += len(items)
        return sorted(items, key=self._get_place)

    @property
    def cursor(self) -> Cursor:
        observations, summaries = (each.position for each in self._lists)
        return Cursor(observations, summaries, self._read_count)


# How much of a text a row shows; less with hidden characters, whose marks are long: a
# screen of them must not make a page of megabytes.
ROW_CHARACTERS, ROW_CHARACTERS_HIDDEN = 480, 60
CHARACTERS_BEFORE_WORD = 80


@dataclass(frozen=True)
class TimelineStep:
    """What one response shows.

    read_count  items read so far
    next_page   the cursor of what follows; "" when nothing does
    row_count   rows since somebody last asked for more
    is_short    the time was over before there were enough rows: it goes on by itself
    read_to     when the last thing happened that was read
    is_ordering  no row is there yet: all has to be read before any can be placed
    """

    rows: list[ItemRow]
    read_count: int
    next_page: str
    row_count: int
    is_short: bool = False
    read_to: datetime | None = None
    is_ordering: bool = False

    @cached_property
    def days(self) -> list[Day]:
        return group_by_day(self.rows)


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
    rows, read_to = list[ItemRow](), None
    while True:
        items = reader.read()
        if items:
            read_to = items[-1].occurred_at
        rows += build_rows(items, masker, filters)
        is_full = rows_before + len(rows) >= wanted
        is_end = reader.cursor.is_end
        budget.spend_step()
        if is_full or is_end or budget.is_spent():
            break
    return TimelineStep(
        rows=rows,
        read_count=reader.cursor.read_count,
        next_page="" if is_end else reader.cursor.encode(),
        row_count=rows_before + len(rows),
        is_short=not (is_full or is_end),
        read_to=read_to,
    )


def build_rows(
    items: Iterable[TimelineItem], masker: Masker, filters: TimelineFilters
) -> list[ItemRow]:
    """Of what the filters let through, with as much of a text as a row has room for; of
    summaries alone each in full."""
    rows = []
    for item, shown in mask_matches(items, masker, filters):
        if filters.kind != Summary.kind:
            text = shorten_text(shown.text, filters.beginnings)
            shown = replace(shown, text=text)
        rows.append(ItemRow(item, shown, masker.mask_source(item.source)))
    return rows


def mask_matches(
    items: Iterable[TimelineItem], masker: Masker, filters: TimelineFilters
) -> Iterator[tuple[TimelineItem, MaskedValue]]:
    """What the filters let through, each with its text as it may be seen.

    Words and sources are looked for in what is shown and nowhere else: neither a match
    nor a miss tells anything of what is masked.
    """
    for item in items:
        day = get_day(item.occurred_at)
        if not filters.match_facts(day, item.kinds, item.conversations):
            continue
        if filters.source not in {"", masker.mask_source(item.source).key}:
            continue
        shown = masker.mask_text(item.kind, item.id, item.content)
        if filters.match_words(shown.text):
            yield item, shown


def shorten_text(text: str, looked_for: Iterable[re.Pattern[str]]) -> str:
    """A long text from its beginning, or from shortly before a word of the search."""
    if len(text) > ROW_CHARACTERS:
        # As near as folding allows: it can change a text's length.
        folded = fold_text(text)
        found = (begins.search(folded) for begins in looked_for)
        at = min((match.start() for match in found if match), default=0)
        if at > ROW_CHARACTERS - CHARACTERS_BEFORE_WORD:
            return "… " + _cut_end(text[at - CHARACTERS_BEFORE_WORD :])
    return _cut_end(text)


def _cut_end(text: str) -> str:
    candidates = CANDIDATE.finditer(text, 0, ROW_CHARACTERS)
    has_hidden = any(is_hidden(text, found.start()) for found in candidates)
    end = ROW_CHARACTERS_HIDDEN if has_hidden else ROW_CHARACTERS
    return text if len(text) <= end else f"{text[:end]} …"
