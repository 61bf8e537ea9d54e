"""The texts of one profile as ranking sees them: the stems that BM25 counts, the days that
are named, and columns of what is stored, a row a text."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Vectors made floats at a time: as many as fit into a processor's cache.
BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Ragged:
    """Lists of unlike lengths, one a text, in one array.

    values  all of them, one after another
    rows    the number of the text that each value belongs to
    """

    values: NDArray[Any]
    rows: NDArray[np.intp]
    size: int

    @classmethod
    def of(cls, packed: Sequence[bytes], dtype: str) -> "Ragged":
        values = np.frombuffer(b"".join(packed), dtype)
        lengths = np.fromiter(map(len, packed), np.intp, len(packed))
        rows = np.repeat(np.arange(len(packed)), lengths // values.itemsize)
        return cls(values, rows, len(packed))


def pack_conversations(ids: Iterable[str]) -> bytes:
    """Ids of conversations as 64-bit digests: enough to tell one profile's apart."""
    return b"".join(blake2b(id_.encode(), digest_size=8).digest() for id_ in ids)


def unpack_conversations(packed: Sequence[bytes]) -> Ragged:
    return Ragged.of(packed, "<u8")


def unpack_terms(packed: Sequence[bytes]) -> Ragged:
    return Ragged.of(packed, "<u4")


def pack_vector(vector: Floats) -> bytes:
    """A vector as 8-bit levels, led by the float that brings them to length 1.

    A quarter of float32 at no loss that recall@10 would show
    (docs/recall.md, "Vectors").
    """
    peak = float(np.abs(vector).max())
    levels = np.rint(vector * (127 / peak)) if peak else vector
    length = float(np.linalg.norm(levels))
    scale = np.array(1 / length if length else 0.0, "<f4")
    return scale.tobytes() + levels.astype(np.int8).tobytes()


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of texts in their order; a text without one has zeros.

    levels  int8, a row a text
    scales  what brings a row to length 1; 0 where there is no vector
    """

    levels: NDArray[np.int8]
    scales: Floats

    @classmethod
    def of(cls, packed: Sequence[bytes]) -> "Vectors":
        """`packed` by pack_vector, all of one model; b"" for none."""
        size = max(map(len, packed), default=0)
        if not size:
            return cls(
                np.zeros((len(packed), 0), np.int8), np.zeros(len(packed), "<f4")
            )
        blank = bytes(size)
        cells = np.frombuffer(
            b"".join(vector or blank for vector in packed),
            np.dtype([("scale", "<f4"), ("levels", np.int8, (size - 4,))]),
        )
        return cls(cells["levels"], cells["scale"])

    @property
    def known(self) -> NDArray[np.bool_]:
        return self.scales > 0

    def cosines(self, vector: Floats) -> NDArray[np.float64]:
        """With a vector of length 1, -1 to 1; 0 for a text without a vector."""
        found = np.zeros(len(self.scales))
        if self.levels.shape[1]:
            for begin in range(0, len(found), BLOCK):
                rows = slice(begin, begin + BLOCK)
                found[rows] = self.levels[rows].astype("<f4") @ vector
        return found * self.scales

    def cosine(self, one: int, other: int) -> float:
        """Of two of them; 0 when either has none."""
        return float(self.vector(one) @ self.vector(other))

    def vector(self, row: int) -> Floats:
        """One of them, of length 1."""
        found: Floats = self.levels[row].astype("<f4") * self.scales[row]
        return found


def to_unit_length(vectors: NDArray[np.floating]) -> Floats:
    """Rows at length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Floats = (vectors / np.where(lengths, lengths, 1)).astype("<f4")
    return found


# id, occurred_at (microseconds since 1970, UTC), terms, conversations, vector, id of
# the model that made it. Terms, conversations and vector are packed (`terms`,
# `pack_*`); a text without a vector has b"" and "".
Row = tuple[str, int, bytes, bytes, bytes, str]


@dataclass(frozen=True, slots=True)
class Texts:
    """Observations, or summaries, in the order of their ids."""

    ids: Sequence[str]
    occurred_at: NDArray[np.int64]
    packed_terms: Sequence[bytes]
    terms: Ragged
    conversations: Ragged
    vectors: Vectors

    @classmethod
    def of(cls, rows: Sequence[Row], model: str) -> Self:
        """Vectors of another model than this one count as none."""
        rows = sorted(rows, key=itemgetter(0))
        ids, moments, terms, conversations, vectors, models = (
            zip(*rows, strict=True) if rows else ((),) * 6
        )
        if any(other != model for other in set(models)):
            pairs = zip(vectors, models, strict=True)
            vectors = tuple(vector if of == model else b"" for vector, of in pairs)
        return cls(
            ids,
            np.array(moments, np.int64),
            terms,
            unpack_terms(terms),
            unpack_conversations(conversations),
            Vectors.of(vectors),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def newest_first(self, scores: NDArray[np.float64]) -> NDArray[np.intp]:
        """Rows from the highest score down; ties: the later one, then the later id."""
        places = np.arange(len(self))
        return np.lexsort((places, self.occurred_at, scores))[::-1]


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of rows that lend each other weight: `to[i]` takes from `of[i]`."""

    to: NDArray[np.intp]
    of: NDArray[np.intp]
    size: int

    def best(self, strengths: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each row of `to`, the highest strength it is linked with, else 0."""
        found = np.zeros(self.size)
        np.maximum.at(found, self.to, strengths[self.of])
        return found

    def lender(self, row: int, strengths: NDArray[np.float64]) -> int | None:
        """Which row it is that lends to one row."""
        rows = self.of[self.to == row]
        return int(rows[np.argmax(strengths[rows])]) if len(rows) else None


def link_neighbours(texts: Texts) -> Links:
    """Each text with the ones before and after it in the same conversation."""
    rows, conversations = texts.conversations.rows, texts.conversations.values
    order = np.lexsort((rows, texts.occurred_at[rows], conversations))
    same = np.flatnonzero(np.diff(conversations[order]) == 0)
    before, after = rows[order[same]], rows[order[same + 1]]
    return Links(
        np.concatenate([after, before]), np.concatenate([before, after]), len(texts)
    )


def link_summaries(texts: Texts, summaries: Texts) -> Links:
    """Each text with the summaries of the conversations that it comes from."""
    of, to = summaries.conversations, texts.conversations
    order = np.argsort(of.values, kind="stable")
    begin, end = (
        np.searchsorted(of.values[order], to.values, side=side)
        for side in ("left", "right")
    )
    counts = end - begin
    first = np.repeat(begin - (np.cumsum(counts) - counts), counts)
    found = order[first + np.arange(counts.sum())]
    return Links(np.repeat(to.rows, counts), of.rows[found], len(texts))


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
