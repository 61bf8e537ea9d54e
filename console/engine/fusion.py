"""From the parts that speak for a text to one score, 0 to 1.

Each part is taken for an independent chance that the text is wanted, and the score is
the chance that at least one of them holds (noisy or; Pearl, "Probabilistic Reasoning
in Intelligent Systems", 1988). So a part can only lift, a score never leaves 0 to 1,
and a text for which nothing but its words speaks keeps the score of its words.

Weights: chosen on the dev half of LoCoMo by tests/benchmarks/recall.py, November 2026.
"""

from dataclasses import dataclass

DATE = 0.15
SUMMARY = 0.4
NEIGHBOUR = 0.2


@dataclass(frozen=True, slots=True)
class Parts:
    """What speaks for one text, each 0 to 1.

    words      BM25 as a share of what the query could reach
    date       share of the query's dates on which it happened
    summary    words of the best summary of its conversation
    neighbour  words of the better of the two observations beside it there
    """

    words: float
    date: float = 0.0
    summary: float = 0.0
    neighbour: float = 0.0


def fuse(parts: Parts) -> float:
    """The score of a text, 0 to 1."""
    against = (
        (1 - parts.words)
        * (1 - DATE * parts.date)
        * (1 - SUMMARY * parts.summary)
        * (1 - NEIGHBOUR * parts.neighbour)
    )
    return min(1.0, max(0.0, 1 - against))
