"""The benchmark's conversations as the engine takes them."""

from collections.abc import Sequence

import numpy as np

from console.engine.dates import microseconds
from console.engine.embedding import load_embedder
from console.engine.ranking import (
    Coefficients,
    PreparedProfile,
    Query,
    Ranked,
    Ranking,
)
from console.engine.texts import (
    Floats,
    Texts,
    pack_conversations,
    pack_vector,
)
from console.engine.words import terms
from tests.benchmarks.quality import Conversation, Item, conversations

MODEL = "use-3"


class Memories:
    """The vectors of every text and query of the data."""

    def __init__(self, model: str = MODEL) -> None:
        self._model = load_embedder(model)
        self._vectors: dict[str, Floats] = {}
        texts = {
            text
            for each in conversations()
            for text in (
                *(item.content for item in (*each.observations, *each.summaries)),
                *(question.query for question in each.questions),
            )
        }
        self.add(sorted(texts))

    def add(self, texts: Sequence[str]) -> None:
        if texts:
            self._vectors |= zip(texts, self._model.embed(texts), strict=True)

    def knows(self, text: str) -> bool:
        return text in self._vectors

    def vector(self, text: str) -> Floats:
        return self._vectors[text]


def texts_of(items: Sequence[Item], memories: Memories | None) -> Texts:
    """With their vectors, or without any; a session stands for a conversation."""
    return Texts.of(
        [
            (
                item.id,
                microseconds(item.occurred_at),
                terms(item.content),
                pack_conversations([item.session]),
                pack_vector(memories.vector(item.content)) if memories else b"",
                MODEL if memories else "",
            )
            for item in items
        ],
        MODEL,
    )


class ProductRanker:
    """The product's order of a conversation's observations, by these coefficients."""

    def __init__(self, memories: Memories | None, coefficients: Coefficients) -> None:
        self._memories, self._coefficients = memories, coefficients
        self._prepared: dict[int, PreparedProfile] = {}

    def __call__(self, conversation: Conversation, query: str) -> list[str]:
        return self.ids(conversation, [self._query(query)])

    def ids(self, conversation: Conversation, queries: Sequence[Query]) -> list[str]:
        ranking = self._rank(conversation, queries)
        found = ranking.select_observations(len(conversation.observations))
        return [id_ for each in found for id_ in (each.id, *each.copies)]

    def first_ten(self, conversation: Conversation, query: str) -> list[Ranked]:
        return self._rank(conversation, [self._query(query)]).select_observations(10)

    def _query(self, text: str) -> Query:
        return Query.of(text, self._memories.vector(text) if self._memories else None)

    def _rank(self, conversation: Conversation, queries: Sequence[Query]) -> Ranking:
        if id(conversation) not in self._prepared:
            self._prepared[id(conversation)] = PreparedProfile(
                texts_of(conversation.observations, self._memories),
                texts_of(conversation.summaries, self._memories),
                self._coefficients,
                self._coefficients,
            )
        return Ranking(queries, self._prepared[id(conversation)])


def calibration_error(scores: np.ndarray, wanted: np.ndarray) -> float:
    """Expected calibration error in ten bins of equal width (Guo et al., 2017)."""
    bins = np.minimum((scores * 10).astype(int), 9)
    return sum(
        abs(scores[bins == n].mean() - wanted[bins == n].mean()) * (bins == n).mean()
        for n in range(10)
        if (bins == n).any()
    )
