"""BM25 over a handful of texts, on an absolute scale.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
2009, with the idf that cannot be negative (Lucene's log(1 + ...)).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.engine.packing import Ragged

K1 = 1.2
B = 0.75


@dataclass(frozen=True, slots=True)
class Words:
    """How well a query's words meet each text.

    share  0 to 1: BM25 divided by the most that this query could reach
    bm25   from 0, undivided: how much was met at all
    """

    share: NDArray[np.float64]
    bm25: NDArray[np.float64]


class Bm25:
    """Statistics of one profile's texts, given as their terms."""

    def __init__(self, terms: Ragged) -> None:
        self._terms = terms
        lengths = np.bincount(terms.rows, minlength=terms.size)
        length = lengths / (lengths.mean() or 1.0) if terms.size else lengths
        self._saturation = K1 * (1 - B + B * length)

    def counts(self, term: int) -> NDArray[np.intp]:
        """How often each text has a term."""
        rows = self._terms.rows[self._terms.values == term]
        return np.bincount(rows, minlength=self._terms.size)

    def idf(self, holders: int) -> float:
        """Rarity of what so many texts hold: log(1 + (N - n + 0.5) / (n + 0.5)) > 0."""
        return float(np.log1p((self._terms.size - holders + 0.5) / (holders + 0.5)))

    def scores(self, query: NDArray[np.uint32]) -> Words:
        """For each text, what of these terms it holds.

        Terms that no text holds count in the divisor, so a query of which half is
        unknown cannot reach a share above the half that is known, whatever it is.
        """
        bm25, ceiling = np.zeros(self._terms.size), 0.0
        for term in dict.fromkeys(query.tolist()):
            counts = self.counts(term)
            idf = self.idf(int(np.count_nonzero(counts)))
            ceiling += idf * (K1 + 1)
            bm25 += idf * (K1 + 1) * counts / (counts + self._saturation)
        return Words(bm25 / (ceiling or 1.0), bm25)
