"""The days that a query names, as parts of dates: in numbers, by name or beside now.

    "3. Mai 2026"          day 3, month 5, year 2026
    "la semaine dernière"  the number of that week
    "summer 2025"          season 2, year 2025

Names and words of time are those of languages.json. What may be a number or a person as
well ("room 2010", "Who is April?") counts beside a sign of time only ("in 2010").
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.core.caching import DigestCache
from console.engine.words import fold, languages, stems

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Named = frozenset[tuple[str, int]]
Parts = dict[str, int]
# Where 5/3 is the third of May; "" for a store that names no country.
MONTH_FIRST = frozenset({"", "US", "PH", "PR", "GU", "PW", "FM", "MH"})
# As they are folded, names that are words or people as well.
_AMBIGUOUS = frozenset(
    """may march april june august mars mayo maj mart mai ocak ekim spring fall ete
    estate lato bahar yaz kis""".split()
)


@dataclass(frozen=True, slots=True)
class Dates:
    """named   parts of dates: {("year", 2023), ("month", 5)}
    words   stems of the words that named them
    offset  of the zone in which they are meant, in microseconds
    """

    named: Named = frozenset()
    words: frozenset[str] = frozenset()
    offset: int = 0


NO_DATES = Dates()


def microseconds(moment: datetime) -> int:
    """Since 1970, UTC; exact, as no float of seconds would be."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def read_dates(query: str, now: datetime = EPOCH, region: str = "") -> Dates:
    """now     aware: its day and zone are those in which "yesterday" is meant
    region  ISO 3166 code of the country whose numeric dates are read
    """
    offset = (now.utcoffset() or timedelta()) // timedelta(microseconds=1)
    asked = query, now.date(), region in MONTH_FIRST
    named, words = _READ.get(asked, lambda: _read(*asked))
    return Dates(named, words, offset)


def may_name_dates(query: str) -> bool:
    """False for most: then it is the same query whenever and wherever it is asked."""
    text = fold(query)
    return bool(
        _OPEN_OR_DIGIT.search(text) or _openings().intersection(_RUN.findall(text))
    )


# The turns of a conversation are asked by again with each new one.
_READ = DigestCache[tuple[Named, frozenset[str]]](2048)


def _read(query: str, today: date, month_first: bool) -> tuple[Named, frozenset[str]]:
    text, words = fold(query), set[str]()
    named: set[tuple[str, int]] = set()
    if not may_name_dates(query):
        return frozenset(), frozenset()
    for pattern, read in _patterns():
        for match in pattern.finditer(text):
            asked = _Asked(match, text, today, month_first)
            # A day that no calendar has is none.
            with suppress(ValueError, OverflowError):
                if parts := read(asked):
                    named |= parts.items()
                    words.update(stems(match.group()))
                    # What was read is gone, and a sign of time for what stands by it.
                    blank = "~" * (match.end() - match.start())
                    text = f"{text[: match.start()]}{blank}{text[match.end() :]}"
    return frozenset(named), frozenset(words)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was found in a query, and when it was asked."""

    match: re.Match[str]
    text: str
    today: date
    month_first: bool

    def __getitem__(self, name: str) -> str:
        """What was found by groups of this name and a number; "" for nothing."""
        found = self.match.groupdict().items()
        return next(
            (t for key, t in found if t and key.rstrip("0123456789") == name), ""
        )

    @property
    def has_sign(self) -> bool:
        before = _BEFORE.search(self.text[: self.match.start()])
        return before is not None and before[1] in _table().signs

    @property
    def step(self) -> int | None:
        """-1 for "last", 0 for "this", 1 for "next"."""
        return _table().steps.get(self["step"])

    def shift(self, unit: str, step: int) -> Parts:
        if unit == "day":
            return _day(self.today + timedelta(step))
        if unit == "year":
            return {"year": self.today.year + step}
        if unit in ("week", "weekend"):
            return {unit: _week(self.today) + step}
        size = 3 if unit == "quarter" else 1
        months = self.today.year * 12 + self.today.month - 1
        year, place = divmod(months // size + step, 12 // size)
        return {"year": year, unit: place + 1}


_BEFORE = re.compile(r"(~|[^\W\d_]+)[\s'.,]*(?:\bthe\s+)?$")


def _day(day: date) -> Parts:
    return {"year": day.year, "month": day.month, "day": day.day}


def _week(day: date) -> int:
    """Weeks begin on Monday."""
    return (day.toordinal() - EPOCH.toordinal() + 3) // 7


def _date(asked: _Asked) -> Parts:
    """Raises ValueError for what no calendar has."""
    found = {name: asked[name] for name in ("year", "month", "day")}
    months = _table().months
    parts = {n: months[t] if t in months else int(t) for n, t in found.items() if t}
    if len(found["year"]) == 2:
        parts["year"] += 2000
    if 2400 < parts.get("year", 0) < 2700:  # as Thailand counts
        parts["year"] -= 543
    days = monthrange(parts.get("year", 2000), parts.get("month", 1))[1]
    if not 1 <= parts.get("day", 1) <= days:
        raise ValueError
    return parts


def _moment(asked: _Asked) -> Parts:
    """Raises ValueError."""
    return _day(datetime.fromisoformat(asked.match.group().upper()).date())


def _numeric(asked: _Asked) -> Parts:
    first, second = int(asked["first"]), int(asked["second"])
    dotted = asked["separator"] == "."
    # "30.9." is a day, 30.9 is a number, and 24/12 is a day if something says so.
    ends = asked.text[asked.match.end() :].startswith(".")
    if not asked["year"] and not (ends if dotted else asked.has_sign):
        return {}
    month_first = not dotted and (asked.month_first or second > 12) and first <= 12
    month, day = (first, second) if month_first else (second, first)
    year = int(asked["year"] or 0)
    named = date(year + 2000 * (0 < year < 100) or 2000, month, day)
    return _day(named) if year else {"month": named.month, "day": named.day}


def _month(asked: _Asked) -> Parts:
    if asked["month"] in _AMBIGUOUS and not asked["year"] and not asked.has_sign:
        return {}
    return _date(asked)


def _relative(asked: _Asked) -> Parts:
    return asked.shift(_table().units[asked["unit"]], asked.step or 0)


def _ago(asked: _Asked) -> Parts:
    count, unit = asked["count"], _table().units[asked["unit"]]
    number = int(count) if count.isdecimal() else _table().numbers[count]
    found = asked.shift(unit, -number)
    if unit == "week":
        found |= _day(asked.today - timedelta(weeks=number))
    return found


def _word(asked: _Asked) -> Parts:
    return asked.shift(*_table().relative[asked["word"]])


def _feast(asked: _Asked) -> Parts:
    month, day = _table().feasts[asked["feast"]].split("-")
    return {"month": int(month), "day": int(day)}


def _season(asked: _Asked) -> Parts:
    name, number = asked["season"], _table().seasons[asked["season"]]
    if asked["year"]:
        return {"season": number, "year": int(asked["year"])}
    if asked.step is None:
        return {"season": number} if name not in _AMBIGUOUS or asked.has_sign else {}
    # "Last summer" is over.
    over = date(asked.today.year, number * 3 + 3, 1) <= asked.today
    past = asked.step < 0 and not over
    return {"season": number, "year": asked.today.year - past}


def _quarter(asked: _Asked) -> Parts:
    year = {"year": int(asked["year"])} if asked["year"] else {}
    return {"quarter": _table().quarters[asked["quarter"]]} | year


def _weekday(asked: _Asked) -> Parts:
    weekday = _table().weekdays[asked["weekday"]]
    if asked.step != -1:
        return {"weekday": weekday}
    return _day(asked.today - timedelta((asked.today.weekday() - weekday - 1) % 7 + 1))


def _year(asked: _Asked) -> Parts:
    return {"year": int(asked["year"])} if asked["sign"] or asked.has_sign else {}


@dataclass(frozen=True, slots=True)
class _Table:
    """What folded words mean, whichever language they are of."""

    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    seasons: Mapping[str, int]
    quarters: Mapping[str, int]
    numbers: Mapping[str, int]
    steps: Mapping[str, int]
    units: Mapping[str, str]
    relative: Mapping[str, tuple[str, int]]
    feasts: Mapping[str, str]
    signs: frozenset[str]


_UNITS = ("day", "week", "month", "year", "weekend", "quarter")
_STEPS = {"this": 0, "next": 1, "last": -1}


@cache
def _table() -> _Table:
    every = languages().values()

    def numbered(key: str, first: int = 0) -> dict[str, int]:
        """The place of each word among those of its language."""
        return {
            fold(word): number
            for language in every
            for number, words in enumerate(language[key], start=first)
            for word in words
        }

    def merged(key: str) -> dict[str, Any]:
        return {fold(w): means for each in every for w, means in each[key].items()}

    weekdays = numbered("weekdays")
    return _Table(
        months=numbered("months", 1),
        weekdays=weekdays | {f"{name}s": n for name, n in weekdays.items()},
        # Spring is 1 and winter, which begins in December, 0.
        seasons={name: (n + 1) % 4 for name, n in numbered("seasons").items()},
        quarters=numbered("quarters", 1) | {f"q{n}": n for n in range(1, 5)},
        numbers=numbered("numbers", 1),
        steps={
            fold(w): n for k, n in _STEPS.items() for each in every for w in each[k]
        },
        units={word: _UNITS[number] for word, number in numbered("units").items()},
        relative=merged("relative"),
        feasts=merged("feasts"),
        signs=frozenset("~")
        | frozenset(
            fold(word)
            for each in every
            for k in ("signs", "last", "next")
            for word in each[k]
        ),
    )


# Thai to Khmer, kana, Han and Hangul: no word ends are to be seen, or particles follow.
_OPEN = re.compile("[\u0e00-\u17ff\u3040-\u9fff\uac00-\ud7a3]")


_OPEN_OR_DIGIT = re.compile(rf"{_OPEN.pattern}|\d")
_RUN = re.compile(r"\w+")


@cache
def _openings() -> frozenset[str]:
    """The first words of all that can name a date without a digit. Most questions have
    none of them, and going through all patterns takes a quarter of a millisecond."""
    table = _table()
    known = chain(
        *(table.months, table.weekdays, table.seasons, table.quarters, table.units),
        *(table.relative, table.feasts),
    )
    return frozenset(found[0] for word in known if (found := _RUN.findall(word)))


def _any(words: Iterable[str]) -> str:
    """A pattern of any of these words, the longest first."""
    ordered = sorted(words, key=len, reverse=True)
    open_, closed = (
        "|".join(re.escape(w) for w in ordered if bool(_OPEN.search(w)) is is_open)
        for is_open in (True, False)
    )
    return rf"(?:\b(?:{closed})\b|(?:{open_}))" if open_ else rf"\b(?:{closed})\b"


def _words(key: str) -> str:
    return _any(fold(word) for each in languages().values() for word in each[key])


@cache
def _patterns() -> list[tuple[re.Pattern[str], Callable[[_Asked], Parts]]]:
    """The surest forms first."""
    table = _table()
    month, unit, step = _any(table.months), _any(table.units), _any(table.steps)
    season, year = (
        _any(table.seasons),
        r"(?:\s*,?\s*(?:of|de|del|d')?\s*(?P<year>\d{4})\b)?",
    )
    day = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|ª|o\b)?\.?\s*(?:of\s|de\s|di\s|d')?\s*"
    count = rf"(?:\d{{1,3}}|{_any(table.numbers)})"
    iso = r"(?<![\w-])(?P<year>\d{4})-(?P<month>\d\d)"
    return [
        (re.compile(pattern), read)
        for pattern, read in (
            (rf"{iso}-\d\dt\d\d:\d\d(?:[\d:.]*(?:z|[+-]\d\d:\d\d)?)\b", _moment),
            (rf"{iso}(?:-(?P<day>\d\d))?(?![\d-])", _date),
            (
                r"(?<!\w)(?P<year>\d{4})[/.](?P<month>\d\d?)[/.](?P<day>\d\d?)(?!\d)",
                _date,
            ),
            (
                r"(?:(?P<year>\d{4})\s*[年년]\s*)?(?<!\d)(?P<month>\d\d?)\s*[月월]"
                r"(?:\s*(?P<day>\d\d?)\s*[日号號일])?",
                _date,
            ),
            (
                r"(?<![\w/.-])(?P<first>\d\d?)(?P<separator>[/.-])(?P<second>\d\d?)"
                r"(?:(?P=separator)(?P<year>\d{4}|\d\d))?(?![\w/-])",
                _numeric,
            ),
            (rf"(?<![\w/-]){day}(?P<month>{month})\.?{year}", _date),
            (
                rf"(?P<month>{month})\.?\s+(?P<day>\d\d?)(?:st|nd|rd|th)?(?![\d:]){year}",
                _date,
            ),
            (_any(table.feasts).join(("(?P<feast>", ")")), _feast),
            (rf"(?P<month>{month}){year}", _month),
            (
                rf"(?:(?P<step>{step})\s*)?(?P<season>{season})(?:\s+(?P<step2>{step}))?{year}",
                _season,
            ),
            (rf"(?P<quarter>{_any(table.quarters)}){year}", _quarter),
            (
                rf"{_words('ago_before')}\s*(?P<count>{count})\s*(?P<unit>{unit})"
                rf"|(?P<count2>{count})\s*[个個かヶカ]?(?P<unit2>{unit})"
                rf"\s*{_words('ago_after')}",
                _ago,
            ),
            (_any(table.relative).join(("(?P<word>", ")")), _word),
            (
                rf"(?:(?P<step>{step})\s*)?(?P<weekday>{_any(table.weekdays)})"
                rf"(?:\s*(?P<step2>{step}))?",
                _weekday,
            ),
            (
                rf"(?P<step>{step})\s*(?P<unit>{unit})|(?P<unit2>{unit})\s*(?P<step2>{step})",
                _relative,
            ),
            (
                r"(?<![\w#/.-])(?P<year>(?:19|20)\d\d)(?![\d/-])(?P<sign>\s?[年년]|\s(?:\u0433\b|года?\b))?",
                _year,
            ),
        )
    ]


def share_of_dates(dates: Dates, moments: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much of the named parts each moment has, 0 to 1; 0 when none is named.

    moments  microseconds since 1970, UTC
    """
    if not dates.named:
        return np.zeros(len(moments))
    days = (moments + dates.offset).astype("datetime64[us]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    month = months.astype(int) % 12
    week, weekday = np.divmod(days.astype(int) + 3, 7)  # 1 January 1970: a Thursday
    has = {
        "year": months.astype("datetime64[Y]").astype(int) + 1970,
        "month": month + 1,
        "day": (days - months).astype(int) + 1,
        "weekday": weekday,
        "week": week,
        "weekend": np.where(weekday >= 5, week, -1),
        "quarter": month // 3 + 1,
        "season": (month + 1) // 3 % 4,
    }
    held: NDArray[np.float64] = np.mean(
        [has[part] == value for part, value in dates.named], axis=0
    )
    return held
