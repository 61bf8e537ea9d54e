"""Observations of one customer memory, asked for in the same language and in others.

multilingual.json holds 60 of them, each with a question or a note of the same meaning
in German, Spanish and French: paraphrased, mostly without names and numbers, so that
the words which two languages share find few. languages.json holds ten facts and ten questions in
each of ten other languages.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from console.engine.embedding import Embedder
from console.engine.ranking import (
    PreparedProfile,
    Query,
    Ranking,
    get_coefficients,
)
from console.engine.texts import Floats, Texts, pack_vector
from console.engine.words import terms

LANGUAGES = {"de": "German", "es": "Spanish", "fr": "French"}
FACTS: Sequence[dict[str, str]] = json.loads(
    Path(__file__).with_suffix(".json").read_text("utf-8")
)
# By language, pairs of a fact and a question that it answers.
WITHIN: dict[str, list[tuple[str, str]]] = json.loads(
    Path(__file__).with_name("languages.json").read_text("utf-8")
)


@dataclass(frozen=True, slots=True)
class Measures:
    """Means over the queries of one language, 0 to 1.

    recall_5  share whose observation is among the first five; by chance 5 in 60
    mrr       of 1 divided by the place of the observation
    """

    recall_5: float
    mrr: float

    @classmethod
    def of(cls, places: Sequence[int]) -> "Measures":
        return cls(fmean(p <= 5 for p in places), fmean(1 / p for p in places))


def places(embedder: Embedder | None) -> dict[str, list[int]]:
    """By language, where each English observation stands for its query, from 1.

    All 60 are one profile, without conversations or dates. No embedder: words alone.
    """
    facts = [fact["en"] for fact in FACTS]
    return {
        language: find_places(embedder, facts, list(enumerate(queries)))
        for language in LANGUAGES
        for queries in [[fact[language] for fact in FACTS]]
    }


def places_within(embedder: Embedder | None) -> dict[str, list[int]]:
    """By language, where each fact stands among its language's ten for its question."""
    return {
        language: find_places(
            embedder,
            [fact for fact, _ in pairs],
            [(n, question) for n, (_, question) in enumerate(pairs)],
        )
        for language, pairs in WITHIN.items()
    }


def find_places(
    embedder: Embedder | None, facts: Sequence[str], asked: Sequence[tuple[int, str]]
) -> list[int]:
    """Where the fact of each number stands for its question, from 1."""
    model = embedder.id if embedder else ""
    rows = [
        (
            f"{n:04}",
            0,
            terms(fact),
            b"",
            b"" if vector is None else pack_vector(vector),
            model,
        )
        for n, (fact, vector) in enumerate(_embed(embedder, facts))
    ]
    texts = Texts.of(rows, model), Texts.of([], "")
    profile = PreparedProfile(*texts, get_coefficients(model))
    found = []
    for (number, _), (question, vector) in zip(
        asked, _embed(embedder, [question for _, question in asked]), strict=True
    ):
        query = Query.of(question, vector)
        ranked = Ranking([query], profile).select_observations(len(facts))
        found.append([each.id for each in ranked].index(f"{number:04}") + 1)
    return found


def _embed(
    embedder: Embedder | None, texts: Sequence[str]
) -> Iterator[tuple[str, Floats | None]]:
    vectors = embedder.embed(texts) if embedder else [None] * len(texts)
    return zip(texts, vectors, strict=True)
