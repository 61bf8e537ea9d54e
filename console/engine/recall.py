"""What of a memory matters for a query: the order of texts, best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.engine.dates import Named, dates_named, share_of_dates
from console.engine.fusion import Parts, fuse
from console.engine.lexical import Bm25
from console.engine.tokens import stems


@dataclass(frozen=True, slots=True)
class Text:
    """One observation or summary as ranking sees it.

    occurred_at    UTC; breaks ties
    conversations  ids of the conversations that it comes from
    """

    id: str
    content: str
    occurred_at: datetime
    conversations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """A text's id and its relevance, 0 to 1."""

    id: str
    score: float


def rank(
    queries: Sequence[str], observations: Sequence[Text], summaries: Sequence[Text] = ()
) -> list[Ranked]:
    """Every text, most relevant first; ties: the later one, then the later id.

    Takes at least one query. Several queries (the turns of a conversation) are
    scored one by one and a text keeps its best score: joined into one query they
    drown each other.
    """
    memory = _Memory(observations, summaries)
    scored = [memory.scores(query) for query in queries]
    best = [max(column) for column in zip(*scored, strict=True)]
    order = sorted(
        zip(best, (*observations, *summaries), strict=True),
        key=lambda pair: (pair[0], pair[1].occurred_at, pair[1].id),
        reverse=True,
    )
    return [Ranked(text.id, score) for score, text in order]


class _Memory:
    """One profile's texts, prepared once for any number of queries."""

    def __init__(self, observations: Sequence[Text], summaries: Sequence[Text]) -> None:
        self._observations = observations
        self._summaries = summaries
        # Apart: a stem that is rare among facts is common among summaries.
        self._told = Bm25([stems(text.content) for text in observations])
        self._summed_up = Bm25([stems(text.content) for text in summaries])
        self._beside = _neighbours(observations)

    def scores(self, query: str) -> list[float]:
        """Scores of the observations, then of the summaries, in their order."""
        words, named = stems(query), dates_named(query)
        told, summed_up = self._told.scores(words), self._summed_up.scores(words)
        parts = [
            *self._parts_of_observations(told, self._by_conversation(summed_up), named),
            *(
                Parts(score, date=share_of_dates(named, text.occurred_at))
                for score, text in zip(summed_up, self._summaries, strict=True)
            ),
        ]
        return [round(fuse(each), 4) for each in parts]

    def _parts_of_observations(
        self, told: list[float], by_conversation: dict[str, float], named: Named
    ) -> list[Parts]:
        return [
            Parts(
                words=told[index],
                date=share_of_dates(named, text.occurred_at),
                summary=max(
                    (by_conversation.get(id_, 0.0) for id_ in text.conversations),
                    default=0.0,
                ),
                neighbour=max((told[i] for i in self._beside[index]), default=0.0),
            )
            for index, text in enumerate(self._observations)
        ]

    def _by_conversation(self, summed_up: list[float]) -> dict[str, float]:
        best: dict[str, float] = {}
        for score, text in zip(summed_up, self._summaries, strict=True):
            for conversation in text.conversations:
                best[conversation] = max(score, best.get(conversation, 0.0))
        return best


def _neighbours(observations: Sequence[Text]) -> list[list[int]]:
    """For each observation, the ones told before and after it in its conversation."""
    order = sorted(
        range(len(observations)),
        key=lambda i: (observations[i].occurred_at, observations[i].id),
    )
    beside: list[list[int]] = [[] for _ in observations]
    last: dict[str, int] = {}
    for index in order:
        for conversation in observations[index].conversations:
            if conversation in last:
                beside[index].append(last[conversation])
                beside[last[conversation]].append(index)
            last[conversation] = index
    return beside
