"""What of a memory matters for a query: the order of texts, best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.engine.lexical import Bm25
from console.engine.tokens import stems


@dataclass(frozen=True, slots=True)
class Text:
    """One observation or summary as ranking sees it. `occurred_at` breaks ties."""

    id: str
    content: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Ranked:
    """A text's id and its relevance, 0 to 1."""

    id: str
    score: float


def rank(queries: Sequence[str], texts: Sequence[Text]) -> list[Ranked]:
    """All `texts`, most relevant first; ties: the later one, then the later id.

    Takes at least one query. Several queries (the turns of a conversation) are scored one by one and a text
    keeps its best score: joined into one query they drown each other.
    """
    if not texts:
        return []
    index = Bm25([stems(text.content) for text in texts])
    scored = [index.scores(stems(query)) for query in queries]
    best = [max(column) for column in zip(*scored, strict=True)]
    order = sorted(
        zip(best, texts, strict=True),
        key=lambda pair: (pair[0], pair[1].occurred_at, pair[1].id),
        reverse=True,
    )
    return [Ranked(text.id, round(score, 4)) for score, text in order]
