"""Counting a whole timeline in bounded steps: the strip and the numbers at the filters.

Between two steps, and for a while afterwards, the counts wait in the cache: days,
kinds, sources and conversation ids, no word of any text.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from django.core.cache import cache
from django.utils.crypto import salted_hmac

from console.client.store import StoreClient
from console.masking.masker import Masker
from console.pages.timeline.selectors.filters import Filters
from console.pages.timeline.selectors.histogram import Strip, strip_of
from console.pages.timeline.selectors.reader import Cursor, Reader, Told
from console.pages.timeline.selectors.timeline import (
    conversations_of,
    kind_of,
    matching,
)
from console.web.budget import Budget
from console.web.request import ConsoleRequest

KEPT_S = 600
MOST_CHOICES = 20


class Mark(NamedTuple):
    """One item as it is counted; `day` is date.toordinal() of its occurrence."""

    day: int
    kind: str
    source: str
    conversations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a filter can have. `query` is the address with it, or without."""

    value: str
    count: int
    query: str
    is_set: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted so far. newest: ids of the newest items when it began."""

    newest: tuple[str, ...]
    cursor: Cursor = field(default_factory=Cursor)
    marks: tuple[Mark, ...] = ()

    @property
    def is_done(self) -> bool:
        return self.cursor.is_end

    def strip(self, filters: Filters) -> Strip | None:
        held = self._held(filters)
        days = ((date.fromordinal(mark.day), mark.kind) for mark in held)
        return strip_of(days, filters)

    def total(self, filters: Filters, kind: str) -> int:
        """How many of a kind there are, whatever kind is filtered for."""
        return sum(m.kind == kind for m in self._held(replace(filters, kind="")))

    def sources(self, filters: Filters) -> list[Choice]:
        held = self._held(replace(filters, source=""))
        counts = Counter(mark.source for mark in held if mark.source)
        return _choices(counts, filters, "source")

    def conversations(self, filters: Filters) -> list[Choice]:
        held = self._held(replace(filters, conversation=""))
        counts = Counter(each for mark in held for each in mark.conversations)
        return _choices(counts, filters, "conversation")

    def _held(self, filters: Filters) -> list[Mark]:
        begin = filters.begin.toordinal() if filters.begin else 0
        end = filters.end.toordinal() if filters.end else date.max.toordinal()
        return [
            mark
            for mark in self.marks
            if begin <= mark.day <= end
            and filters.kind in {"", mark.kind}
            and filters.source in {"", mark.source}
            and (not filters.conversation or filters.conversation in mark.conversations)
        ]


def tally_of(
    request: ConsoleRequest,
    store: StoreClient,
    profile_id: str,
    masker: Masker,
    filters: Filters,
    *,
    budget: Budget,
) -> Tally:
    """Count on within the budget, from where the last step of this person came to.

    Everything is counted that holds the words; the other filters only choose among
    it. A tally that was complete begins anew when something newer has been learned.
    Raises MemoryProblem.
    """
    key = _key(request, profile_id, filters)
    tally: Tally | None = cache.get(key)
    if tally is None or tally.is_done:
        newest = _newest(store, profile_id)
        if tally is not None and tally.newest == newest:
            return tally
        tally = Tally(newest)
    tally = _count_on(store, profile_id, masker, filters, tally, budget)
    cache.set(key, tally, KEPT_S)
    return tally


def _count_on(
    store: StoreClient,
    profile_id: str,
    masker: Masker,
    filters: Filters,
    tally: Tally,
    budget: Budget,
) -> Tally:
    reader = Reader(store, profile_id, tally.cursor)
    words = Filters(words=filters.words)
    marks = list(tally.marks)
    while True:
        told = reader.read()
        marks += [_mark(item) for item in _holding(told, masker, words)]
        budget.spend_step()
        if reader.cursor.is_end or budget.is_spent():
            return Tally(tally.newest, reader.cursor, tuple(marks))


def _holding(told: list[Told], masker: Masker, words: Filters) -> list[Told]:
    if not words.folded:
        return told
    return [item for item, _ in matching(told, masker, words)]


def _mark(item: Told) -> Mark:
    day = item.occurred_at.date().toordinal()
    return Mark(day, kind_of(item), item.source, conversations_of(item))


def _newest(store: StoreClient, profile_id: str) -> tuple[str, ...]:
    lists = (store.list_observations, store.list_summaries)
    pages = [list_page(profile_id, page_size=1) for list_page in lists]
    return tuple(item.id for page in pages for item in page.items)


def _choices(counts: Counter[str], filters: Filters, name: str) -> list[Choice]:
    """Most frequent first; the one that is set leads back out of its filter."""
    chosen = getattr(filters, name)
    return [
        Choice(
            value,
            count,
            filters.but(**{name: "" if value == chosen else value}),
            value == chosen,
        )
        for value, count in counts.most_common(MOST_CHOICES)
    ]


def _key(request: ConsoleRequest, profile_id: str, filters: Filters) -> str:
    # Of one person: what words find depends on what that person has revealed.
    words = salted_hmac("timeline.words", " ".join(filters.folded)).hexdigest()
    return f"{request.tenant.pk}:tally:{profile_id}:{request.user.pk}:{words}"
