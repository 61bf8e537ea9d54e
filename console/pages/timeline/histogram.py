"""Activity over time: at most 60 bars, each a link to its days.

A whole timeline is counted in steps. Between two of them, and for a while afterwards,
the counts wait in the cache: days, kinds, sources and conversation ids, no word of any
text.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.utils.crypto import salted_hmac

from console.client.store import StoreClient
from console.masking.masker import Masker, Source
from console.pages.timeline.reader import (
    NO_FILTERS,
    Cursor,
    TimelineFilters,
    TimelineItem,
    TimelineReader,
    mask_matches,
)
from console.profiles.context import derived
from console.web.budget import Budget
from console.web.render import ConsoleRequest

BARS_MAX = 60
HEIGHT = 40
# The lowest that can be seen beside a bar of full height.
HEIGHT_MIN = 2


@dataclass(frozen=True, slots=True)
class HistogramBar:
    """A few days; heights in units of HEIGHT, summaries stacked on observations."""

    begin: date
    end: date
    label: str
    query: str
    observations: int
    observations_y: int
    observations_height: int
    summaries: int
    summaries_y: int
    summaries_height: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """unit: how long a bar is, as `week` or `5 years`."""

    unit: str
    bars: list[HistogramBar]


def build_histogram(
    days: Iterable[tuple[date, str]], filters: TimelineFilters
) -> Histogram | None:
    """Bars over all days, given as (day, kind); None without any.

    The span is that of the filters where they have one.
    """
    counts = Counter(days)
    if not counts:
        return None
    known = [day for day, _ in counts]
    first, last = filters.begin or min(known), filters.end or max(known)
    unit = _choose_unit(first, last)
    numbers = range(unit.get_number(first), unit.get_number(last) + 1)
    totals: Counter[tuple[int, str]] = Counter()
    for (day, kind), count in counts.items():
        totals[unit.get_number(day), kind] += count
    tallest = max(totals[n, "observation"] + totals[n, "summary"] for n in numbers)
    bars = []
    for number in numbers:
        begin, end = unit.get_start(number), unit.get_end(number)
        observations, summaries = (
            totals[number, "observation"],
            totals[number, "summary"],
        )
        lower, upper = (
            max(round(HEIGHT * count / tallest), HEIGHT_MIN) if count else 0
            for count in (observations, summaries)
        )
        bars.append(
            HistogramBar(
                begin=begin,
                end=end,
                label=_format_label(begin, end, unit.name),
                query=filters.build_query(begin=begin, end=end),
                observations=observations,
                observations_y=HEIGHT - lower,
                observations_height=lower,
                summaries=summaries,
                summaries_y=max(HEIGHT - lower - upper, 0),
                summaries_height=upper,
            )
        )
    return Histogram(unit.name, bars)


@dataclass(frozen=True, slots=True)
class BarUnit:
    """How long a bar is: so many days or months. Bars are numbered from the year 1, which
    began on a Monday."""

    name: str
    days: int = 0
    months: int = 0

    def get_number(self, day: date) -> int:
        if self.months:
            return (day.year * 12 + day.month - 1) // self.months
        return (day.toordinal() - 1) // self.days

    def get_start(self, number: int) -> date:
        if self.months:
            year, month = divmod(number * self.months, 12)
            return date(max(year, 1), month + 1, 1)
        return date.fromordinal(number * self.days + 1)

    def get_end(self, number: int) -> date:
        try:
            return self.get_start(number + 1) - timedelta(days=1)
        except ValueError:
            return date.max


def _choose_unit(first: date, last: date) -> BarUnit:
    """The finest that needs no more than BARS_MAX bars."""
    # One bar fewer: multiples of years begin before the first one.
    years = -(-(last.year - first.year + 1) // (BARS_MAX - 1))
    units = (
        BarUnit("day", days=1),
        BarUnit("week", days=7),
        BarUnit("month", months=1),
        BarUnit("quarter", months=3),
        BarUnit("year" if years == 1 else f"{years} years", months=12 * years),
    )
    return next(
        unit
        for unit in units
        if unit.get_number(last) - unit.get_number(first) < BARS_MAX
    )


def _format_label(begin: date, end: date, unit: str) -> str:
    if unit == "day":
        return f"{begin.day} {begin:%b} {begin.year}"
    if unit == "week":
        return f"{begin.day} {begin:%b} – {end.day} {end:%b} {end.year}"
    if unit == "month":
        return f"{begin:%B} {begin.year}"
    if unit == "quarter":
        return f"Q{(begin.month + 2) // 3} {begin.year}"
    return f"{begin.year}" if begin.year == end.year else f"{begin.year} – {end.year}"


CACHED_S = 600
CHOICES_MAX = 20


class CountedItem(NamedTuple):
    """One item as it is counted; `day` is date.toordinal() of its occurrence."""

    day: int
    kind: str
    source: Source
    conversation_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """One value that a filter can have. `query` sets it, or takes it away again."""

    value: str
    text: str
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
        counts = Counter(item.source for item in items if item.source.text)
        return _build_choices(counts, filters, "source")

    def list_conversations(self, filters: TimelineFilters) -> list[FilterChoice]:
        items = self._select(replace(filters, conversation=""))
        counts = Counter((id_, id_) for item in items for id_ in item.conversation_ids)
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
            and filters.source in {"", item.source.key}
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
    # Of one person, and of what is masked for that person now: so words find.
    words = " ".join([masker.version, *filters.folded_words])
    words = salted_hmac("timeline.words", words).hexdigest()
    key = f"{request.tenant.pk}:counts:{profile_id}:{request.user.pk}:{words}"
    counts: TimelineCounts | None = derived.get(key)
    if counts is None or counts.is_done:
        lists = (store.list_observations, store.list_summaries)
        pages = [list_page(profile_id, page_size=1) for list_page in lists]
        newest = tuple(item.id for page in pages for item in page.items)
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
    """What contains the words; without words no text needs to be masked for it."""
    if filters.folded_words:
        words = TimelineFilters(words=filters.words)
        items = [item for item, _ in mask_matches(items, masker, words)]
    return [
        CountedItem(
            day=item.occurred_at.date().toordinal(),
            kind=item.kind,
            source=masker.mask_source(item.source),
            conversation_ids=item.conversations,
        )
        for item in items
    ]


def _build_choices(
    counts: Counter[Any], filters: TimelineFilters, name: str
) -> list[FilterChoice]:
    """Most frequent first; the one that is set leads back out of its filter.

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
        for (text, value), count in counts.most_common(CHOICES_MAX)
    ]
