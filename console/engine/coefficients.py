"""What each part of a score is worth: data, made by tests/benchmarks/fit.py.

Fitted on the dev half of LoCoMo alone (5 conversations, 631 questions), November 2026.
"""

from dataclasses import dataclass


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
# Its order is good, its scores are
# as right as its cosines are like that model's.
OTHER = Coefficients("MiniLM-L6", -9.34, 6.26, 4.75, 2.7, 1.806, 1.232, 0.908, 1.119)


def get_coefficients(model: str) -> Coefficients:
    """By the id of an embedder; "" for none."""
    return MODELS.get(model, OTHER) if model else WORDS
