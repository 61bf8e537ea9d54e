"""Counting a whole timeline in steps: for the histogram and the numbers at the filters.

Between two steps, and for a while afterwards, the counts wait in the cache: days,
kinds, sources and conversation ids, no word of any text.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from django.utils.crypto import salted_hmac

from console.client.store import StoreClient
from console.masking.masker import Masker
from console.pages.timeline.selectors.filters import NO_FILTERS, TimelineFilters
from console.pages.timeline.selectors.reader import (
    Cursor,
    TimelineItem,
    TimelineReader,
)
from console.pages.timeline.selectors.timeline import mask_matches
from console.profiles.derived import derived
from console.web.budget import Budget
from console.web.request import ConsoleRequest

CACHED_S = 600
CHOICES_MAX = 20


class CountedItem(NamedTuple):
    """One item as it is counted; `day` is date.toordinal() of its occurrence."""

    day: int
    kind: str
    source: str
    conversation_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """One value that a filter can have. `query` sets it, or takes it away again."""

    value: str
    count: int
    query: str
    is_set: bool


@dataclass(frozen=True, slots=True)
class TimelineCounts:
    """What was counted so far. newest: ids of the newest items when it began."""

    newest: tuple[str, ...]
    cursor: Cursor = field(default_factory=Cursor)
    items: tuple[CountedItem, ...] = ()

    @property
    def is_done(self) -> bool:
        return self.cursor.is_end

    def list_days(self, filters: TimelineFilters) -> list[tuple[date, str]]:
        """Day and kind of each item."""
        return [
            (date.fromordinal(item.day), item.kind) for item in self._select(filters)
        ]

    def count_kinds(self, filters: TimelineFilters) -> Counter[str]:
        """How many of each kind there are, whatever kind is filtered for."""
        return Counter(item.kind for item in self._select(replace(filters, kind="")))

    def list_sources(self, filters: TimelineFilters) -> list[FilterChoice]:
        items = self._select(replace(filters, source=""))
        counts = Counter(item.source for item in items if item.source)
        return _build_choices(counts, filters, "source")

    def list_conversations(self, filters: TimelineFilters) -> list[FilterChoice]:
        items = self._select(replace(filters, conversation=""))
        counts = Counter(id_ for item in items for id_ in item.conversation_ids)
        return _build_choices(counts, filters, "conversation")

    def _select(self, filters: TimelineFilters) -> Sequence[CountedItem]:
        if replace(filters, words="") == NO_FILTERS:
            return self.items
        begin = filters.begin.toordinal() if filters.begin else 0
        end = filters.end.toordinal() if filters.end else date.max.toordinal()
        conversation = filters.conversation
        return [
            item
            for item in self.items
            if begin <= item.day <= end
            and filters.kind in {"", item.kind}
            and filters.source in {"", item.source}
            and (not conversation or conversation in item.conversation_ids)
        ]


def count_timeline(
    request: ConsoleRequest,
    store: StoreClient,
    profile_id: str,
    masker: Masker,
    filters: TimelineFilters,
    *,
    budget: Budget,
) -> TimelineCounts:
    """Count on within the budget, from where this person's last step ended.

    Everything is counted that contains the words; the other filters only choose among
    it. Complete counts begin anew when something newer has been learned.
    Raises MemoryProblem.
    """
    key = _build_cache_key(request, profile_id, filters)
    counts: TimelineCounts | None = derived.get(key)
    if counts is None or counts.is_done:
        newest = _fetch_newest_ids(store, profile_id)
        if counts is not None and counts.newest == newest:
            return counts
        counts = TimelineCounts(newest)
    reader = TimelineReader(store, profile_id, counts.cursor)
    items = list(counts.items)
    while True:
        items += _count_matches(reader.read(), masker, filters)
        budget.spend_step()
        if reader.cursor.is_end or budget.is_spent():
            break
    counts = TimelineCounts(counts.newest, reader.cursor, tuple(items))
    derived.set(key, counts, CACHED_S)
    return counts


def _count_matches(
    items: list[TimelineItem], masker: Masker, filters: TimelineFilters
) -> list[CountedItem]:
    """What contains the words; without words nothing needs to be masked for it."""
    if filters.folded_words:
        words = TimelineFilters(words=filters.words)
        items = [item for item, _ in mask_matches(items, masker, words)]
    return [
        CountedItem(
            day=item.occurred_at.date().toordinal(),
            kind=item.kind,
            source=item.source,
            conversation_ids=item.conversations,
        )
        for item in items
    ]


def _fetch_newest_ids(store: StoreClient, profile_id: str) -> tuple[str, ...]:
    lists = (store.list_observations, store.list_summaries)
    pages = [list_page(profile_id, page_size=1) for list_page in lists]
    return tuple(item.id for page in pages for item in page.items)


def _build_choices(
    counts: Counter[str], filters: TimelineFilters, name: str
) -> list[FilterChoice]:
    """Most frequent first; the one that is set leads back out of its filter."""
    chosen = getattr(filters, name)
    return [
        FilterChoice(
            value=value,
            count=count,
            query=filters.build_query(**{name: "" if value == chosen else value}),
            is_set=value == chosen,
        )
        for value, count in counts.most_common(CHOICES_MAX)
    ]


def _build_cache_key(
    request: ConsoleRequest, profile_id: str, filters: TimelineFilters
) -> str:
    # Of one person: what words find depends on what that person has revealed.
    words = salted_hmac("timeline.words", " ".join(filters.folded_words)).hexdigest()
    return f"{request.tenant.pk}:counts:{profile_id}:{request.user.pk}:{words}"
