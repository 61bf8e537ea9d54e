"""What of a memory matters for a query: the order of texts, best first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from console.engine.dates import Named, dates_named, share_of_dates
from console.engine.fusion import WORDS, Coefficients, Fusion, Parts, bulk_of, few_of
from console.engine.packing import Floats, Ragged
from console.engine.texts import Texts, link_neighbours, link_summaries
from console.engine.tokens import hash_stem, stems


@dataclass(frozen=True, slots=True)
class Words:
    """How well a query's words meet each text.

    share  0 to 1: BM25 divided by the most that this query could reach
    bm25   from 0, undivided: how much was met at all
    """

    share: NDArray[np.float64]
    bm25: NDArray[np.float64]


class Bm25:
    """Statistics of one profile's texts, given as their terms; on an absolute scale.

    Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
    2009, with the idf that cannot be negative (Lucene's log(1 + ...)).
    """

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


# BM25: how fast a term that is said again stops counting, and how much length matters.
K1, B = 1.2, 0.75
# A turn of a conversation counts so much of the next one's weight
# (docs/recall.md, "From a conversation").
FADE = 0.85
# Two texts of the same stems are one from here on: "likes him", "likes her" are not.
SAME = 0.95


@dataclass(frozen=True, slots=True)
class Query:
    """One question, or one turn of a conversation.

    vector  of length 1; None: by words alone
    weight  0 to 1, what its scores are multiplied by
    id      of the turn that it is, if any
    """

    stems: Sequence[str]
    named: Named = frozenset()
    vector: Floats | None = None
    weight: float = 1.0
    id: str = ""

    @classmethod
    def of(
        cls, text: str, vector: Floats | None = None, *, age: int = 0, id_: str = ""
    ) -> "Query":
        """`age`: how many turns ago it was said."""
        return cls(stems(text), dates_named(text), vector, FADE**age, id_)

    @property
    def terms(self) -> NDArray[np.uint32]:
        return np.array([hash_stem(stem) for stem in self.stems], np.uint32)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A text's id, the chance that it is wanted, 0 to 1, and the ids of its copies."""

    id: str
    score: float
    copies: tuple[str, ...] = ()


@dataclass(slots=True)
class Side:
    """Texts of one kind, prepared for any number of queries."""

    texts: Texts
    fusion: Fusion
    bm25: Bm25 = field(init=False)

    def __post_init__(self) -> None:
        self.bm25 = Bm25(self.texts.terms)

    def parts(self, query: Query) -> Parts:
        """What each text's own content and time say; nothing of what it belongs to."""
        words, nothing = self.bm25.scores(query.terms), np.zeros(len(self.texts))
        vectors = self.texts.vectors
        return Parts(
            meaning=nothing if query.vector is None else vectors.cosines(query.vector),
            words=np.sqrt(words.share),
            bulk=bulk_of(words.bm25),
            date=share_of_dates(query.named, self.texts.occurred_at),
            summary=nothing,
            neighbour=nothing,
            few=few_of(len(self.texts)),
        )


class Ranking:
    """The texts of one profile against queries.

    observations, summaries  each kind on its own side
    scores, winning_query    a pair of columns, in this order of kinds: each text's
                             best score over the queries, and which query gave it
    """

    def __init__(
        self,
        queries: Sequence[Query],
        observations: Texts,
        summaries: Texts,
        coefficients: Coefficients,
        without_vector: Coefficients = WORDS,
    ) -> None:
        self.queries = queries
        seen = all(query.vector is not None for query in queries)
        # Apart: a stem that is rare among facts is common among summaries.
        self.observations, self.summaries = (
            Side(
                texts, Fusion(coefficients, without_vector, texts.vectors.known & seen)
            )
            for texts in (observations, summaries)
        )
        self.neighbours = link_neighbours(observations)
        self.conversation_summaries = link_summaries(observations, summaries)
        scored = [self._scores(query) for query in queries]
        self.scores, self.winning_query = zip(
            *(_take_best_queries(column) for column in zip(*scored, strict=True)),
            strict=True,
        )

    def parts(self, query: Query) -> tuple[Parts, Parts]:
        """Of the observations, and of the summaries."""
        observations = self.observations.parts(query)
        summaries = self.summaries.parts(query)
        own = self.observations.fusion.own(observations)
        observations.neighbour = self.neighbours.best(own)
        own = self.summaries.fusion.own(summaries)
        observations.summary = self.conversation_summaries.best(own)
        return observations, summaries

    def _scores(self, query: Query) -> list[NDArray[np.float64]]:
        observations, summaries = self.parts(query)
        return [
            np.round(query.weight * side.fusion.scores(parts), 4)
            for side, parts in (
                (self.observations, observations),
                (self.summaries, summaries),
            )
        ]

    def select_observations(self, limit: int, threshold: float = 0.0) -> list[Ranked]:
        """The best observations, copies of one shown once."""
        return _select(self.observations.texts, self.scores[0], limit, threshold)

    def select_summaries(self, limit: int, threshold: float = 0.0) -> list[Ranked]:
        """The best summaries, copies of one shown once."""
        return _select(self.summaries.texts, self.scores[1], limit, threshold)


def _take_best_queries(
    scored: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The best score of each row over the queries, and which query gave it.

    One by one: joined into one query, the turns of a conversation drown each other.
    """
    table = np.stack(scored)
    return table.max(axis=0), table.argmax(axis=0)


def _select(
    texts: Texts, scores: NDArray[np.float64], limit: int, threshold: float
) -> list[Ranked]:
    order = texts.newest_first(scores)
    rest = iter(order[scores[order] >= threshold].tolist())
    copies: dict[int, list[int]] = {}
    alike: dict[bytes, list[int]] = defaultdict(list)
    terms = texts.packed_terms
    while len(copies) < limit and (row := next(rest, None)) is not None:
        first = _first_alike(texts, alike[terms[row]], row)
        if first is None:
            copies[row] = []
            alike[terms[row]].append(row)
        else:
            copies[first].append(row)
    # What is not shown can still be a copy of what is.
    for row in [row for row in rest if terms[row] in alike]:
        first = _first_alike(texts, alike[terms[row]], row)
        if first is not None:
            copies[first].append(row)
    return [
        Ranked(texts.ids[row], float(scores[row]), tuple(texts.ids[n] for n in found))
        for row, found in copies.items()
    ]


def _first_alike(texts: Texts, firsts: Sequence[int], row: int) -> int | None:
    """Which of these, of the same stems in the same order, a text is a copy of.

    A text without a vector is nobody's copy.
    """
    return next((n for n in firsts if texts.vectors.cosine(n, row) >= SAME), None)
