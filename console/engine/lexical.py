"""BM25 over a handful of texts, on an absolute scale.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
2009, with the idf that cannot be negative (Lucene's log(1 + ...)).
"""

from collections import Counter
from collections.abc import Sequence
from math import log

K1 = 1.2
B = 0.75


class Bm25:
    """Statistics of one profile's texts, each given as its stems."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        self._counts = [Counter(document) for document in documents]
        self._lengths = [len(document) for document in documents]
        self._mean_length = sum(self._lengths) / max(1, len(documents)) or 1.0
        self._holders = Counter(stem for counts in self._counts for stem in counts)

    def idf(self, stem: str) -> float:
        """Rarity of a stem: log(1 + (N - n + 0.5) / (n + 0.5)), above 0."""
        n = self._holders[stem]
        return log(1 + (len(self._counts) - n + 0.5) / (n + 0.5))

    def scores(self, query: Sequence[str]) -> list[float]:
        """One score a text, 0 to 1: BM25 divided by the most this query could reach.

        Stems that no text holds count in the divisor, so a query of which half is
        unknown cannot score above the half that is known, whatever it is.
        """
        weights = {stem: self.idf(stem) for stem in dict.fromkeys(query)}
        ceiling = sum(weights.values()) * (K1 + 1)
        if not ceiling:
            return [0.0] * len(self._counts)
        return [
            self._score(index, weights) / ceiling for index in range(len(self._counts))
        ]

    def _score(self, index: int, weights: dict[str, float]) -> float:
        counts = self._counts[index]
        length = self._lengths[index] / self._mean_length
        saturation = K1 * (1 - B + B * length)
        return sum(
            idf * counts[stem] * (K1 + 1) / (counts[stem] + saturation)
            for stem, idf in weights.items()
            if stem in counts
        )
