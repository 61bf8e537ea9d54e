"""Activity over time: at most 60 bars, each a link to its days."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from console.pages.timeline.reader import TimelineFilters

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
