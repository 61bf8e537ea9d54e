"""What of a memory matters for a query: the order of texts, best first.

The chance that a text is what was asked for comes from the parts that speak for it, by a
logistic model: the log-odds are a bias and, for each part, its value times its
coefficient. All parts are on absolute scales, so a score means the same for every
query: of the texts shown with 0.6, six in ten are wanted (as on the data that the
coefficients were fitted on). Fusing absolute scores orders better than fusing ranks
(docs/recall.md, "One calibrated score").

Coefficients are made by tests/benchmarks/fit.py: fitted on the dev half of LoCoMo alone
(5 conversations, 631 questions), November 2026.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, fields
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from console.engine.dates import EPOCH, NO_DATES, Dates, read_dates, share_of_dates
from console.engine.texts import (
    Floats,
    Ragged,
    Texts,
    link_neighbours,
    link_summaries,
)
from console.engine.words import hash_stem, stems


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Log-odds that each part adds when it is 1; `bias` when nothing speaks.

    source  the data and the measure they were fitted on
    """

    source: str
    bias: float
    meaning: float
    words: float
    bulk: float
    date: float
    summary: float
    neighbour: float
    few: float


_DEV = "LoCoMo dev, categories 1 to 4, logistic regression"

# For a text whose vector is not there (yet), and for an installation without a model.
WORDS = Coefficients(_DEV, -7.299, 0.0, 7.351, 3.012, 1.555, 1.3, 1.041, 1.138)

MODELS = {
    "use-3": Coefficients(_DEV, -8.642, 6.028, 4.722, 2.315, 1.806, 1.232, 0.908, 1.119)
}
# A model of which we know nothing: as measured for MiniLM-L6, a common
# encoder (docs/recall.md, "Calibration"); the parts that no model changes as above.
# Its order is good, its scores are as right as its cosines are like that model's.
OTHER = Coefficients("MiniLM-L6", -9.34, 6.26, 4.75, 2.7, 1.806, 1.232, 0.908, 1.119)


def get_coefficients(model: str) -> Coefficients:
    """By the id of an embedder; "" for none."""
    return MODELS.get(model, OTHER) if model else WORDS


# Where a text's own log-odds lend half of its weight to what it belongs with.
HALF = -3.0
# BM25 at which a match is half of what counts as a strong one, and how steep that is.
BULK_AT, BULK_SLOPE = 7.0, 0.6
# Texts in a profile of the data that we fitted on: among fewer, each is likelier to be
# the wanted one, and its words are less rare. FEWEST: of the smallest ones in it.
USUAL, FEWEST = 240, 10


@dataclass(slots=True)
class Parts:
    """What speaks for each text, a number a text.

    meaning    cosine of query and text, -1 to 1; 0 where a vector is missing
    words      square root of the share of the query's words that it meets, 0 to 1
    bulk       0 to 1: whether that is much, and not all of a query of one word
    date       share of the query's dates on which it happened
    summary    strength of the best summary of its conversation
    neighbour  strength of the better of the observations before and after it
    few        logarithm of USUAL over how many texts there are to choose from
    """

    meaning: NDArray[np.float64]
    words: NDArray[np.float64]
    bulk: NDArray[np.float64]
    date: NDArray[np.float64]
    summary: NDArray[np.float64]
    neighbour: NDArray[np.float64]
    few: NDArray[np.float64]


NAMES = tuple(field.name for field in fields(Parts))


def bulk_of(bm25: NDArray[np.float64]) -> NDArray[np.float64]:
    return sigmoid(BULK_SLOPE * (bm25 - BULK_AT))


def few_of(texts: int) -> NDArray[np.float64]:
    return np.full(texts, np.log(USUAL / max(texts, FEWEST)))


class Fusion:
    """The coefficients of each text: of those with a vector, and of those without."""

    def __init__(
        self, known: Coefficients, unknown: Coefficients, has_vector: NDArray[np.bool_]
    ) -> None:
        self._weights = np.where(
            has_vector[:, None], np.array(astuple(known)[1:]), astuple(unknown)[1:]
        )

    def contributions(self, parts: Parts) -> NDArray[np.float64]:
        """Log-odds, a row a text: the bias, then what each part adds."""
        columns = [getattr(parts, name) for name in NAMES]
        table: NDArray[np.float64] = np.stack([np.ones(len(columns[0])), *columns], 1)
        return self._weights * table

    def own(self, parts: Parts) -> NDArray[np.float64]:
        """How strongly a text's own content speaks, 0 to 1: what it lends to others."""
        own = self._weights[:, 0].copy()
        for column, name in enumerate(("meaning", "words", "bulk"), start=1):
            own += self._weights[:, column] * getattr(parts, name)
        return sigmoid(own - HALF)

    def scores(self, parts: Parts) -> NDArray[np.float64]:
        """The chance that each text is wanted, 0 to 1, to four places."""
        return np.round(sigmoid(self.contributions(parts).sum(axis=1)), 4)


def sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 / (1 + np.exp(-log_odds))
    return found


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


@dataclass(frozen=True, slots=True)
class Query:
    """One question, or one turn of a conversation.

    vector  of length 1; None: by words alone
    weight  0 to 1, what its scores are multiplied by
    id      of the turn that it is, if any
    """

    stems: Sequence[str]
    dates: Dates = NO_DATES
    vector: Floats | None = None
    weight: float = 1.0
    id: str = ""

    @classmethod
    def of(
        cls,
        text: str,
        vector: Floats | None = None,
        *,
        now: datetime = EPOCH,
        region: str = "",
        age: int = 0,
        id_: str = "",
    ) -> "Query":
        """`now`, `region`: as dates are read; `age`: how many turns ago it was said."""
        dates = read_dates(text, now, region)
        return cls(tuple(stems(text)), dates, vector, FADE**age, id_)

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
        nothing = np.zeros(len(self.texts))
        if not nothing.size:
            return Parts(*(nothing for _ in NAMES))
        words, vectors = self.bm25.scores(query.terms), self.texts.vectors
        return Parts(
            meaning=nothing if query.vector is None else vectors.cosines(query.vector),
            words=np.sqrt(words.share),
            bulk=bulk_of(words.bm25),
            date=share_of_dates(query.dates, self.texts.occurred_at),
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
    # By what they say: the row that is shown, and then its copies.
    alike: dict[bytes, list[int]] = {}
    for row in order[scores[order] >= threshold].tolist():
        said = texts.packed_terms[row]
        if said in alike:
            alike[said].append(row)
        elif len(alike) < limit:
            alike[said] = [row]
    return [
        Ranked(texts.ids[row], float(scores[row]), tuple(texts.ids[n] for n in copies))
        for row, *copies in alike.values()
    ]
