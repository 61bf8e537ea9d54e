"""From the parts that speak for a text to the chance that it is what was asked for.

A logistic model: the log-odds are a bias and, for each part, its value times its
coefficient. All parts are on absolute scales, so a score means the same for every
query: of the texts shown with 0.6, six in ten are wanted (as on the data that the
coefficients were fitted on). Fusing absolute scores orders better than fusing ranks
(docs/recall.md, "One calibrated score").

Coefficients are made by tests/benchmarks/fit.py: fitted on the dev half of LoCoMo alone
(5 conversations, 631 questions), November 2026.
"""

from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray


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
