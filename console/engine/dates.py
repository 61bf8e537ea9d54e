"""Days that a query names, and whether something happened on them."""

import re
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_WEEKDAYS = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
]
_MONTH = "|".join([*_MONTHS, *(name[:3] for name in _MONTHS), "sept"])
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"

_ISO = re.compile(r"\b(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d))?\b")
_DAY_MONTH = re.compile(rf"\b{_DAY}(?:\s+of)?\s+(?P<month>{_MONTH})\b", re.I)
_MONTH_DAY = re.compile(rf"\b(?P<month>{_MONTH})\.?\s+{_DAY}\b(?!\d)", re.I)
_MONTH_ALONE = re.compile(rf"\b(?P<month>{'|'.join(_MONTHS)})\b", re.I)
_YEAR = re.compile(r"\b(?P<year>(?:19|20)\d\d)\b")
_WEEKDAY = re.compile(rf"\b(?P<weekday>{'|'.join(_WEEKDAYS)})s?\b", re.I)
# "may" is a month where it is written as one, or where a preposition says so.
_VERB_MAY = re.compile(
    r"(?<!\bin )(?<!\bof )(?<!\bon )(?<!\bsince )(?<!\blast )\bmay\b"
    r"|\bMay(?= (?:I|we|you|he|she|it|they)\b)"
)

Named = frozenset[tuple[str, int]]


def dates_named(query: str) -> Named:
    """The parts of dates in a query, as {("year", 2023), ("month", 5), ("day", 8)}.

    English names; ISO dates; a bare number counts as a day beside a month only.
    """
    query = _VERB_MAY.sub(" ", query)
    named: set[tuple[str, int]] = set()
    for pattern in (_ISO, _DAY_MONTH, _MONTH_DAY, _MONTH_ALONE, _YEAR, _WEEKDAY):
        for match in pattern.finditer(query):
            named |= {
                (part, _number(part, text))
                for part, text in match.groupdict().items()
                if text
            }
    return frozenset(named)


def _number(part: str, text: str) -> int:
    if text.isdecimal():
        return int(text)
    names = _WEEKDAYS if part == "weekday" else _MONTHS
    start = text[:3].lower()
    place = next(i for i, name in enumerate(names) if name.startswith(start))
    return place if part == "weekday" else place + 1


def microseconds(moment: datetime) -> int:
    """Since 1970, UTC; exact, as no float of seconds would be."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def share_of_dates(named: Named, moments: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much of the named parts each moment has, 0 to 1; 0 when none is named.

    moments  microseconds since 1970, UTC
    """
    if not named:
        return np.zeros(len(moments))
    days = moments.astype("datetime64[us]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    has = {
        "year": months.astype("datetime64[Y]").astype(int) + 1970,
        "month": months.astype(int) % 12 + 1,
        "day": (days - months).astype(int) + 1,
        "weekday": (days.astype(int) + 3) % 7,  # 1 January 1970 was a Thursday
    }
    held: NDArray[np.float64] = np.mean(
        [has[part] == value for part, value in named], axis=0
    )
    return held
