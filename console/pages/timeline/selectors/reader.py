"""Both lists of a profile as one, as the memory learned them, narrowed by filters.

The memory pages observations and summaries separately. They are read side by side, and
what was learned at or after the oldest time that both pages reach is handed on; so
nothing has to be kept between two requests but where each list goes on.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlencode

from django.core import signing

from console.client.http import Page
from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.contract.memory.summary import Summary
from console.contract.times import from_wire, to_wire
from console.masking.masker import KEY_MARK

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
