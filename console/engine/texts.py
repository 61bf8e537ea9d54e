"""The texts of one profile as ranking sees them: columns of what is stored, a row a text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from math import sqrt
from operator import itemgetter
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# A word, and a conversation, as they are stored.
TERM, CONVERSATION = "<u4", "<u8"

# Vectors made floats at a time: as many as fit into a processor's cache.
BLOCK = 256


@dataclass(frozen=True, slots=True)
class Ragged:
    """Lists of unlike lengths, one a text, in one array.

    values  all of them, one after another
    starts  where those of each text begin, and where the last one's end
    rows    the number of the text that each value belongs to
    """

    values: NDArray[Any]
    starts: NDArray[np.intp]
    rows: NDArray[np.int32]

    @classmethod
    def of(cls, packed: Sequence[bytes], dtype: str) -> Self:
        starts = np.zeros(len(packed) + 1, np.intp)
        values = np.frombuffer(b"".join(packed), dtype)
        np.cumsum([*map(len, packed)], out=starts[1:])
        return cls._of(values, starts // values.itemsize)

    @classmethod
    def split(cls, joined: bytes, dtype: str, size: int) -> Self | None:
        """Of lists with a zero between them; None where one has a zero itself."""
        values = np.frombuffer(joined, dtype)
        zeros = (values == 0).nonzero()[0]
        if len(zeros) != size - 1:
            return None
        starts = np.zeros(size + 1, np.intp)
        starts[1:-1], starts[-1] = zeros, len(values)
        starts[1:] -= np.arange(size)
        return cls._of(values[values != 0], starts)

    @classmethod
    def _of(cls, values: NDArray[Any], starts: NDArray[np.intp]) -> Self:
        numbers = np.arange(len(starts) - 1, dtype=np.int32)
        rows = numbers.repeat(starts[1:] - starts[:-1])
        return cls(values, starts, rows)

    @property
    def size(self) -> int:
        return len(self.starts) - 1

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.starts.nbytes + self.rows.nbytes

    def pack(self, row: int) -> bytes:
        """Those of one text."""
        found: bytes = self.values[self.starts[row] : self.starts[row + 1]].tobytes()
        return found


def pack_conversations(ids: Iterable[str]) -> bytes:
    """Ids of conversations as 64-bit digests: enough to tell one profile's apart."""
    return b"".join(blake2b(id_.encode(), digest_size=8).digest() for id_ in ids)


def unpack_conversations(packed: Sequence[bytes]) -> Ragged:
    return Ragged.of(packed, CONVERSATION)


def unpack_terms(packed: Sequence[bytes]) -> Ragged:
    return Ragged.of(packed, TERM)


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
        return cls.join(b"".join(packed), np.array([*map(bool, packed)], bool))

    @classmethod
    def join(cls, packed: bytes, known: NDArray[np.bool_]) -> "Vectors":
        """`packed`: those of the texts that have one, one after another."""
        count = int(np.count_nonzero(known)) if packed else 0
        size = len(packed) // (count or 1) or 4
        cells = np.frombuffer(
            packed, np.dtype([("scale", "<f4"), ("levels", np.int8, (size - 4,))])
        )
        if count < len(known):
            some, cells = cells, np.zeros(len(known), cells.dtype)
            cells[known & bool(packed)] = some
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

    def vector(self, row: int | NDArray[np.intp]) -> Floats:
        """One of them, of length 1; or several, a row each."""
        found: Floats = self.levels[row].astype("<f4") * self.scales[row, ..., None]
        return found


class Centred:
    """Vectors, compared less the mean of their kind: all vectors of a model lie to one
    side, which tells nothing of what a text is about.

    centres  of texts and of questions; None: as they are
    """

    def __init__(self, vectors: Vectors, centres: tuple[Floats, Floats] | None) -> None:
        self._vectors, self._centres = vectors, centres
        if centres:
            texts, _ = centres
            # |t - c|² of a text of length 1.
            squares = 1 - 2 * vectors.cosines(texts) + float(texts @ texts)
            self._lengths = np.sqrt(np.maximum(squares, 1e-9))

    def cosines(self, vector: Floats) -> NDArray[np.float64]:
        """As those of the vectors."""
        if not self._centres:
            return self._vectors.cosines(vector)
        texts, questions = self._centres
        apart = vector - questions
        apart /= sqrt(apart @ apart) or 1.0
        found = (self._vectors.cosines(apart) - float(apart @ texts)) / self._lengths
        return found * self._vectors.known


def to_unit_length(vectors: NDArray[np.floating]) -> Floats:
    """Rows at length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Floats = (vectors / np.where(lengths, lengths, 1)).astype("<f4")
    return found


# id, occurred_at (microseconds since 1970, UTC), terms, conversations, vector, id of
# the model that made it. Terms, conversations and vector are packed (`terms`,
# `pack_*`); a text without a vector has b"" and "".
Row = tuple[str, int, bytes, bytes, bytes, str]


class Columns(NamedTuple):
    """Rows as one piece a column, to be read without an object for each value.

    ids, occurred_at      with a blank between them
    terms, conversations  with a zero between those of two texts
    vectors               of the texts that have one of the model that is asked for; None
                          where none has
    known                 for each text "1" or "0": whether it has one
    """

    ids: str
    occurred_at: str
    terms: bytes
    conversations: bytes
    vectors: bytes | None
    known: str


@dataclass(frozen=True)
class Texts:
    """Observations, or summaries, in the order of their ids."""

    ids: Sequence[str]
    occurred_at: NDArray[np.int64]
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
        pairs = zip(vectors, models, strict=True)
        return cls(
            ids,
            np.array(moments, np.int64),
            unpack_terms(terms),
            unpack_conversations(conversations),
            Vectors.of([vector if of == model else b"" for vector, of in pairs]),
        )

    @classmethod
    def split(cls, columns: Columns) -> Self | None:
        """None where they cannot be told apart, or are in another order."""
        ids = columns.ids.split(" ")
        terms = Ragged.split(columns.terms, TERM, len(ids))
        conversations = Ragged.split(columns.conversations, CONVERSATION, len(ids))
        if terms is None or conversations is None or ids != sorted(ids):
            return None
        known = np.frombuffer(columns.known.encode(), "u1") == ord("1")
        return cls(
            ids,
            np.fromstring(columns.occurred_at, np.int64, sep=" "),
            terms,
            conversations,
            Vectors.join(columns.vectors or b"", known),
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """What it takes of a process: an id 100 bytes, and of a text's times, neighbours
        and what ranking keeps beside them as much again."""
        vectors = self.vectors.levels.nbytes + self.vectors.scales.nbytes
        lists = self.terms.nbytes + self.conversations.nbytes
        return int(vectors + lists + 200 * len(self))

    @cached_property
    def firsts(self) -> NDArray[np.uint32]:
        """Each text's first term, which tells most of them apart."""
        found: NDArray[np.uint32] = np.append(self.terms.values, np.uint32(0))
        return found[self.terms.starts[:-1]]

    @cached_property
    def has_copies(self) -> bool:
        """False for most: then no two begin alike."""
        return len(set(self.firsts.tolist())) < len(self)

    def list_newest(self, conversation_id: str) -> Iterator[tuple[str, Floats | None]]:
        """Ids and vectors of what comes from a conversation, the last first."""
        [digest] = np.frombuffer(pack_conversations([conversation_id]), "<u8")
        held = self.conversations
        rows = np.unique(held.rows[held.values == digest])
        for row in rows[np.lexsort((rows, self.occurred_at[rows]))][::-1].tolist():
            known = self.vectors.known[row]
            yield self.ids[row], self.vectors.vector(row) if known else None

    def newest_first(
        self, scores: NDArray[np.float64], most: int | None = None
    ) -> NDArray[np.intp]:
        """Rows from the highest score down, at most so many; ties: the later one, then the
        later id."""
        rows = np.arange(len(self))
        if most and most < len(self):
            rows = rows[scores >= np.partition(scores, -most)[-most]]
        order = np.lexsort((rows, self.occurred_at[rows], scores[rows]))
        return rows[order[::-1][:most]]


NO_TEXTS = Texts.of([], "")


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of rows that lend each other weight: `to[i]` takes from `of[i]`."""

    to: NDArray[np.integer]
    of: NDArray[np.integer]
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
    if not len(rows):
        return Links(rows, rows, len(texts))
    order = np.lexsort((rows, texts.occurred_at[rows], conversations))
    same = np.flatnonzero(np.diff(conversations[order]) == 0)
    before, after = rows[order[same]], rows[order[same + 1]]
    return Links(
        np.concatenate([after, before]), np.concatenate([before, after]), len(texts)
    )


def link_summaries(texts: Texts, summaries: Texts) -> Links:
    """Each text with the summaries of the conversations that it comes from."""
    of, to = summaries.conversations, texts.conversations
    if not (len(of.rows) and len(to.rows)):
        return Links(of.rows[:0], of.rows[:0], len(texts))
    order = np.argsort(of.values, kind="stable")
    begin, end = (
        np.searchsorted(of.values[order], to.values, side=side)
        for side in ("left", "right")
    )
    counts = end - begin
    first = np.repeat(begin - (np.cumsum(counts) - counts), counts)
    found = order[first + np.arange(counts.sum())]
    return Links(np.repeat(to.rows, counts), of.rows[found], len(texts))
