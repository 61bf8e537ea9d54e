"""What is read out of a text: the stems that BM25 counts, and the days that it names."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zlib import crc32

import numpy as np
import Stemmer
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

# Words that say nothing about what a text is about: articles, pronouns, auxiliaries,
# prepositions. Kept short on purpose: an idf of nearly zero does the rest.
STOP_WORDS = frozenset(
    """
    a about all also am an and any are as at be been being but by can could did do
    does doing for from had has have having he her hers him his how i if in into is
    it its just me might my of on or our ours she should so some such than that the
    their theirs them then there these they this those to too us very was we were
    what when where which who whom why will with would you your yours
    """.split()
)


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    # A stemmer of PyStemmer is not safe to share between threads; making one is cheap
    # beside the cache that stands before it.
    stem: str = Stemmer.Stemmer("english", 0).stemWord(word)
    return stem


def stems(text: str) -> list[str]:
    """The stems of a text's words in order, without stop words.

    Snowball English (Porter, 2001) on case-folded words; other languages keep
    their words as they are, apart from endings that look English.
    """
    words = (match.group().casefold() for match in _WORD.finditer(text))
    return [_stem(word.replace("’", "'")) for word in words if word not in STOP_WORDS]


def hash_stem(stem: str) -> int:
    """A stem as it is stored: its CRC-32.

    Among the 5,000 different stems of a large profile, two share a value once in
    350 profiles; the price is one text that matches a word too many.
    """
    return crc32(stem.encode())


def terms(text: str) -> bytes:
    """A text's stems in order, packed as little-endian 32-bit terms."""
    return np.fromiter(map(hash_stem, stems(text)), "<u4").tobytes()


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MONTHS = """
    january february march april may june
    july august september october november december
""".split()
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
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
