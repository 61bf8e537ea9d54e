"""Activity over time: at most 60 bars, each a link to its days."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from console.pages.timeline.selectors.filters import TimelineFilters

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
    unit, spans = _choose_spans(first, last)
    starts = [begin for begin, _ in spans]
    totals: Counter[tuple[date, str]] = Counter()
    for (day, kind), count in counts.items():
        totals[starts[bisect_right(starts, day) - 1], kind] += count
    tallest = max(
        totals[begin, "observation"] + totals[begin, "summary"] for begin in starts
    )
    bars = [
        _build_bar(
            begin,
            end,
            label=_format_label(begin, end, unit),
            query=filters.build_query(begin=begin, end=end),
            observations=totals[begin, "observation"],
            summaries=totals[begin, "summary"],
            tallest=tallest,
        )
        for begin, end in spans
    ]
    return Histogram(unit, bars)


def _build_bar(
    begin: date,
    end: date,
    *,
    label: str,
    query: str,
    observations: int,
    summaries: int,
    tallest: int,
) -> HistogramBar:
    observations_height, summaries_height = (
        max(round(HEIGHT * count / tallest), HEIGHT_MIN) if count else 0
        for count in (observations, summaries)
    )
    observations_y = HEIGHT - observations_height
    return HistogramBar(
        begin=begin,
        end=end,
        label=label,
        query=query,
        observations=observations,
        observations_y=observations_y,
        observations_height=observations_height,
        summaries=summaries,
        summaries_y=max(observations_y - summaries_height, 0),
        summaries_height=summaries_height,
    )


def _choose_spans(first: date, last: date) -> tuple[str, list[tuple[date, date]]]:
    """The finest unit that needs no more than BARS_MAX bars, and its spans."""
    # One bar fewer: multiples of years begin before the first one.
    years = -(-(last.year - first.year + 1) // (BARS_MAX - 1))
    steps = {
        "day": 0,
        "week": 0,
        "month": 1,
        "quarter": 3,
        "year" if years == 1 else f"{years} years": 12 * years,
    }
    for unit, months in steps.items():
        days = {"day": 1, "week": 7}.get(unit, months * 30)
        if (last - first).days / days > BARS_MAX:
            continue
        spans = list(_split(first, last, unit, months))
        if len(spans) <= BARS_MAX:
            return unit, spans
    raise AssertionError("a multiple of years always fits")


def _split(
    first: date, last: date, unit: str, months: int
) -> Iterator[tuple[date, date]]:
    begin = _get_start(first, unit, months)
    while begin <= last:
        next_start = _get_next_start(begin, unit, months)
        yield begin, next_start - timedelta(days=1) if next_start else date.max
        if next_start is None:
            return
        begin = next_start


def _get_start(day: date, unit: str, months: int) -> date:
    if unit == "day":
        return day
    if unit == "week":
        return date.fromordinal(max(day.toordinal() - day.weekday(), 1))
    whole = (day.year * 12 + day.month - 1) // months * months
    return date(max(whole // 12, 1), whole % 12 + 1, 1)


def _get_next_start(begin: date, unit: str, months: int) -> date | None:
    """The first day of the next span; None beyond the last day that there is."""
    if unit in {"day", "week"}:
        ordinal = begin.toordinal() + (1 if unit == "day" else 7 - begin.weekday())
        return date.fromordinal(ordinal) if ordinal <= date.max.toordinal() else None
    whole = (begin.year * 12 + begin.month - 1) // months * months + months
    return (
        date(whole // 12, whole % 12 + 1, 1) if whole // 12 <= date.max.year else None
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
