"""How much happened when: days into at most 60 bars, each a link to its days."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from console.pages.timeline.selectors.filters import Filters

MOST_BARS = 60
HEIGHT = 40
# Fewest that can be seen beside a bar that is full.
LEAST_HEIGHT = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """A bucket of days; heights in units of HEIGHT, summaries stand on observations."""

    begin: date
    end: date
    label: str
    query: str
    observations: int
    summaries: int
    tallest: int

    @property
    def observations_height(self) -> int:
        return self._height(self.observations)

    @property
    def summaries_height(self) -> int:
        return self._height(self.summaries)

    @property
    def observations_y(self) -> int:
        return HEIGHT - self.observations_height

    @property
    def summaries_y(self) -> int:
        return max(self.observations_y - self.summaries_height, 0)

    def _height(self, count: int) -> int:
        return max(round(HEIGHT * count / self.tallest), LEAST_HEIGHT) if count else 0


@dataclass(frozen=True, slots=True)
class Strip:
    """unit: what one bar stands for, as `week` or `5 years`."""

    unit: str
    bars: list[Bar]


def strip_of(days: Iterable[tuple[date, str]], filters: Filters) -> Strip | None:
    """Bars over all that is given, (day, kind) each; None without any.

    The span is that of the filters where they name one.
    """
    counts = Counter(days)
    if not counts:
        return None
    known = [day for day, _ in counts]
    first, last = filters.begin or min(known), filters.end or max(known)
    unit, spans = _spans(first, last)
    starts = [begin for begin, _ in spans]
    sums: Counter[tuple[date, str]] = Counter()
    for (day, kind), count in counts.items():
        sums[starts[bisect_right(starts, day) - 1], kind] += count
    tallest = max(sums[b, "observation"] + sums[b, "summary"] for b in starts)
    bars = [
        Bar(
            begin=begin,
            end=end,
            label=_label(begin, end, unit),
            query=filters.but(begin=begin, end=end),
            observations=sums[begin, "observation"],
            summaries=sums[begin, "summary"],
            tallest=tallest,
        )
        for begin, end in spans
    ]
    return Strip(unit, bars)


def _spans(first: date, last: date) -> tuple[str, list[tuple[date, date]]]:
    """The finest unit that needs no more than MOST_BARS bars, and its spans."""
    # One bar fewer: multiples of years begin before the first.
    years = -(-(last.year - first.year + 1) // (MOST_BARS - 1))
    steps = {
        "day": 0,
        "week": 0,
        "month": 1,
        "quarter": 3,
        "year" if years == 1 else f"{years} years": 12 * years,
    }
    for unit, months in steps.items():
        days = {"day": 1, "week": 7}.get(unit, months * 30)
        if (last - first).days / days > MOST_BARS:
            continue
        spans = list(_cut(first, last, unit, months))
        if len(spans) <= MOST_BARS:
            return unit, spans
    raise AssertionError("years are made to fit")


def _cut(
    first: date, last: date, unit: str, months: int
) -> Iterator[tuple[date, date]]:
    begin = _start(first, unit, months)
    while begin <= last:
        following = _following(begin, unit, months)
        yield begin, following - timedelta(days=1) if following else date.max
        if following is None:
            return
        begin = following


def _start(day: date, unit: str, months: int) -> date:
    if unit == "day":
        return day
    if unit == "week":
        return date.fromordinal(max(day.toordinal() - day.weekday(), 1))
    whole = (day.year * 12 + day.month - 1) // months * months
    return date(max(whole // 12, 1), whole % 12 + 1, 1)


def _following(begin: date, unit: str, months: int) -> date | None:
    """The next span's first day; None beyond the last day that there is."""
    if unit in {"day", "week"}:
        ordinal = begin.toordinal() + (1 if unit == "day" else 7 - begin.weekday())
        return date.fromordinal(ordinal) if ordinal <= date.max.toordinal() else None
    whole = (begin.year * 12 + begin.month - 1) // months * months + months
    return (
        date(whole // 12, whole % 12 + 1, 1) if whole // 12 <= date.max.year else None
    )


def _label(begin: date, end: date, unit: str) -> str:
    if unit == "day":
        return f"{begin.day} {begin:%b} {begin.year}"
    if unit == "week":
        return f"{begin.day} {begin:%b} – {end.day} {end:%b} {end.year}"
    if unit == "month":
        return f"{begin:%B} {begin.year}"
    if unit == "quarter":
        return f"Q{(begin.month + 2) // 3} {begin.year}"
    return f"{begin.year}" if begin.year == end.year else f"{begin.year} – {end.year}"
