"""Both lists of a profile as one, in the order in which the memory learned them.

The memory pages observations and summaries apart. They are read side by side, and
whatever was learned as late as the older end of what both pages cover is handed on;
so nothing has to be kept between two requests but where each list goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.core import signing

from console.client.store import StoreClient
from console.client.values import Observation, Page, Summary
from console.contract.times import from_wire, to_wire
from console.pages.timeline.selectors.filters import EVERYTHING, Filters

SALT = "timeline.cursor"
Told = Observation | Summary


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading one list goes on.

    token  the memory's own; "" for the beginning, None when the list has been read
    below  what this page holds from then on (UTC) has been handed on already
    """

    token: str | None = ""
    below: datetime | None = None


START, END = Place(), Place(token=None)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where reading goes on in both lists; `read` items lie before it."""

    observations: Place = START
    summaries: Place = START
    read: int = 0

    @property
    def is_end(self) -> bool:
        return self.observations.token is None and self.summaries.token is None

    def pack(self) -> str:
        """As it stands in an address: signed, since it goes back to the memory."""
        places = [
            [each.token, to_wire(each.below) if each.below else ""]
            for each in (self.observations, self.summaries)
        ]
        return signing.dumps([*places, self.read], salt=SALT, compress=True)

    @classmethod
    def unpack(cls, text: str) -> "Cursor":
        """Raises django.core.signing.BadSignature."""
        *places, read = signing.loads(text, salt=SALT)
        first, second = (
            Place(token, from_wire(below) if below else None) for token, below in places
        )
        return cls(first, second, read)


class Stream:
    """One list of the memory, a page at a time."""

    def __init__(self, fetch: Callable[..., Page[Any]], place: Place) -> None:
        self._fetch = fetch
        self._at, self._next, self._below = place.token, place.token, place.below
        self._held: list[Told] = []

    def fill(self) -> None:
        """Hold at least one item, unless the list is at its end."""
        while not self._held and self._next is not None:
            self._at, below, self._below = self._next, self._below, None
            page = self._fetch(page_token=self._at)
            self._next = page.next_token
            self._held = [
                each for each in page.items if below is None or each.created_at < below
            ]

    @property
    def edge(self) -> datetime | None:
        """Up to when the list is known; None when all of it is."""
        return self._held[-1].created_at if self._next is not None else None

    def take(self, edge: datetime | None) -> list[Told]:
        """What was learned at `edge` or later; the rest stays for the next time."""
        taken = [i for i in self._held if edge is None or i.created_at >= edge]
        self._held = self._held[len(taken) :]
        # Of the page that is held; the one after it is still whole.
        self._below = edge if self._held else None
        return taken

    @property
    def place(self) -> Place:
        if self._held:
            return Place(self._at, self._below)
        return Place(self._next)


class Reader:
    """Reads on from a cursor, observations and summaries of one profile.

    Of the filters those that keep the memory from sending: kind, source, conversation.
    """

    def __init__(
        self,
        store: StoreClient,
        profile_id: str,
        cursor: Cursor,
        filters: Filters = EVERYTHING,
        *,
        size: int = 50,
    ) -> None:
        observations = partial(
            store.list_observations,
            profile_id,
            page_size=size,
            source=filters.source,
            conversation_id=filters.conversation,
        )
        summaries = partial(
            store.list_summaries,
            profile_id,
            page_size=size,
            conversation_id=filters.conversation,
        )
        first, second = cursor.observations, cursor.summaries
        self._observations = Stream(
            observations, END if filters.kind == "summary" else first
        )
        self._summaries = Stream(
            summaries, END if filters.kind == "observation" else second
        )
        self._read = cursor.read
        # The memory knows no sources of summaries as a filter.
        self._source = filters.source

    def read(self) -> list[Told]:
        """One call of each list at the most; raises MemoryProblem."""
        streams = (self._observations, self._summaries)
        for stream in streams:
            stream.fill()
        edge = max((s.edge for s in streams if s.edge is not None), default=None)
        taken = [item for stream in streams for item in stream.take(edge)]
        self._read += len(taken)
        return [i for i in taken if not self._source or i.source == self._source]

    @property
    def cursor(self) -> Cursor:
        return Cursor(self._observations.place, self._summaries.place, self._read)
