"""The index of a whole timeline: of each item its place, kind, source and conversations.

It is read in steps. Between two of them, and for a while afterwards, it waits in the
cache, without a word of any text. The numbers at the filters and the histogram come from
it, and the order of a memory that cannot list by occurrence.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from django.utils.crypto import salted_hmac

from console.client.http import Page
from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.masking.masker import Masker, Source
from console.pages.timeline.reader import (
    EPOCH,
    MICROSECOND,
    NO_FILTERS,
    Cursor,
    Place,
    TimelineFilters,
    TimelineItem,
    TimelineStep,
    build_rows,
    get_place,
    mask_matches,
)
from console.profiles.context import CACHED_S, derived
from console.profiles.items import TEXT_KINDS
from console.web.budget import Budget
from console.web.render import ConsoleRequest
from console.web.times import get_day

CHOICES_MAX = 20
CONVERSATIONS_MAX = 200
# Of what names a conversation beside its day.
FIRST_WORDS = 64


class CountedItem(NamedTuple):
    """One item as it is counted."""

    place: Place
    id: str
    kinds: tuple[str, ...]
    source: Source
    conversation_ids: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.kinds[0]

    @property
    def day(self) -> date:
        return get_day(EPOCH + -self.place[0] * MICROSECOND)


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """One value that a filter can have. `query` sets it, or takes it away again."""

    value: str
    text: str
    count: int
    query: str
    is_set: bool


@dataclass(frozen=True, slots=True)
class TimelineIndex:
    """What was read so far.

    newest  ids of the newest items when it began
    tokens  where reading observations and summaries goes on; None at the end
    items   observations and then summaries, each as the memory lists them
    """

    newest: tuple[str, ...] = ()
    tokens: tuple[str | None, ...] = ("", "")
    read_count: int = 0
    items: tuple[CountedItem, ...] = ()

    @property
    def is_done(self) -> bool:
        return not any(token is not None for token in self.tokens)

    def sort(self, filters: TimelineFilters) -> list[CountedItem]:
        """By occurrence, as TimelineReader reads."""
        return sorted(
            self._select(filters),
            key=lambda item: item.place,
            reverse=bool(filters.conversation),
        )

    def list_days(self, filters: TimelineFilters) -> list[tuple[date, str]]:
        """Day and kind of each item."""
        return [(item.day, item.kind) for item in self._select(filters)]

    def list_sources(self, filters: TimelineFilters) -> list[FilterChoice]:
        items = self._select(replace(filters, source=""))
        counts = Counter(item.source for item in items if item.source.text)
        # Most frequent first.
        return _build_choices(counts.most_common(CHOICES_MAX), filters, "source")

    def list_conversations(
        self, filters: TimelineFilters, masker: Masker, at_hand: Iterable[TimelineItem]
    ) -> list[FilterChoice]:
        """Newest first; each by its day and, of what is at hand, its first words."""
        texts = {item.id: item for item in at_hand if item.kind == Observation.kind}
        found: dict[str, list[CountedItem]] = {}
        items = self._select(replace(filters, conversation=""))
        for item in sorted(items, key=lambda item: item.place):
            for id_ in item.conversation_ids:
                found.setdefault(id_, []).append(item)
        counts = []
        for id_, learned in list(found.items())[:CONVERSATIONS_MAX]:
            name = f"{learned[-1].day:%d %b %Y}".removeprefix("0")
            ids = [item.id for item in reversed(learned) if item.id in texts]
            if ids:
                text = texts[ids[0]].content
                words = masker.mask_text(Observation.kind, ids[0], text).text
                name = f"{name} · {words[:FIRST_WORDS]}"
            counts.append(((name, id_), len(learned)))
        return _build_choices(counts, filters, "conversation")

    def _select(self, filters: TimelineFilters) -> Sequence[CountedItem]:
        if replace(filters, words="") == NO_FILTERS:
            return self.items
        return [
            item
            for item in self.items
            if filters.source in {"", item.source.key}
            and filters.match_facts(item.day, item.kinds, item.conversation_ids)
        ]


def read_pages(
    store: StoreClient, profile_id: str, tokens: Sequence[str | None]
) -> list[Page[Any]]:
    """The next page of both lists, asked at once; an empty one after the end."""
    pages: list[Page[Any]] = store.gather(
        *[
            partial(Page, ())
            if token is None
            else partial(kind.list_page, store, profile_id, page_token=token)
            for kind, token in zip(TEXT_KINDS.values(), tokens, strict=True)
        ]
    )
    return pages


def read_index(
    request: ConsoleRequest,
    profile_id: str,
    masker: Masker,
    filters: TimelineFilters,
    *,
    budget: Budget,
) -> tuple[TimelineIndex, list[TimelineItem]]:
    """Read on within the budget, from where this person's last step ended; and what was
    read now.

    Everything is there that contains the words; the other filters only choose among it.
    A complete index begins anew when something newer has been learned.
    Raises MemoryProblem.
    """
    # Of one person, and of what is masked for that person now: so words find.
    words = " ".join([masker.version, *filters.folded_words])
    words = salted_hmac("timeline.words", words).hexdigest()
    key = f"{request.tenant.pk}:index:{profile_id}:{request.user.pk}:{words}"
    index, kept, read = derived.get(key), None, list[TimelineItem]()
    if index is None or index.is_done:
        index, kept = TimelineIndex(), index
    while not index.is_done:
        pages = read_pages(request.store, profile_id, index.tokens)
        items = [item for page in pages for item in page.items]
        read += items
        newest = tuple(page.items[0].id for page in pages if page.items)
        if kept is not None and newest == kept.newest:
            return kept, read
        kept = None
        index = TimelineIndex(
            newest=index.newest or newest,
            tokens=tuple(page.next_token for page in pages),
            read_count=index.read_count + len(items),
            items=(*index.items, *_count_matches(items, masker, filters)),
        )
        budget.spend_step()
        if budget.is_spent():
            break
    derived.set(key, index, CACHED_S)
    return index, read


def read_indexed_step(
    request: ConsoleRequest,
    profile_id: str,
    masker: Masker,
    filters: TimelineFilters,
    cursor: Cursor,
    *,
    wanted: int,
    budget: Budget,
) -> TimelineStep:
    """The rows after the cursor's, of a memory that cannot list by occurrence; none
    before its index is complete. Raises MemoryProblem."""
    index, read = read_index(request, profile_id, masker, filters, budget=budget)
    if not index.is_done:
        next_page = cursor.encode()
        return TimelineStep(
            [], index.read_count, next_page, 0, is_short=True, is_ordering=True
        )
    items = index.sort(filters)
    numbers = {item.id: number for number, item in enumerate(items)}
    # Deleted meanwhile, it is missing among those that were shown.
    start = numbers.get(cursor.last_id, max(cursor.read_count - 1, 0) - 1) + 1
    page = items[start : start + wanted]
    at_hand = {item.id: item for item in read}
    found = request.store.gather(
        *[
            partial(at_hand.get, item.id)
            if item.id in at_hand
            else partial(TEXT_KINDS[item.kind].find, request.store, profile_id, item.id)
            for item in page
        ]
    )
    end = start + len(page)
    more = Cursor(read_count=end, last_id=page[-1].id) if end < len(items) else None
    rows = build_rows(filter(None, found), masker, filters)
    return TimelineStep(
        rows, index.read_count, more.encode() if more else "", len(rows)
    )


def _count_matches(
    items: list[TimelineItem], masker: Masker, filters: TimelineFilters
) -> list[CountedItem]:
    """What contains the words; without words no text needs to be masked for it."""
    if filters.folded_words:
        words = TimelineFilters(words=filters.words)
        items = [item for item, _ in mask_matches(items, masker, words)]
    return [
        CountedItem(
            place=get_place(item),
            id=item.id,
            kinds=item.kinds,
            source=masker.mask_source(item.source),
            conversation_ids=item.conversations,
        )
        for item in items
    ]


def _build_choices(
    counts: Iterable[tuple[tuple[str, str], int]], filters: TimelineFilters, name: str
) -> list[FilterChoice]:
    """The one that is set leads back out of its filter.

    counts  by (text, value)
    """
    chosen = getattr(filters, name)
    return [
        FilterChoice(
            value=value,
            text=text,
            count=count,
            query=filters.build_query(**{name: "" if value == chosen else value}),
            is_set=value == chosen,
        )
        for (text, value), count in counts
    ]
