"""The texts of one profile as ranking sees them: columns, a row a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Self

import numpy as np
from numpy.typing import NDArray

from console.engine.packing import Ragged, Vectors, unpack_conversations, unpack_terms

# id, occurred_at (microseconds since 1970, UTC), terms, conversations, vector, id of
# the model that made it. Terms, conversations and vector are packed (tokens.terms,
# packing.pack_*); a text without a vector has b"" and "".
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
