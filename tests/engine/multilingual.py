"""English observations of one customer memory, asked for in other languages.

multilingual.json holds 60 of them, each with a question or a note of the same meaning
in German, Spanish and French: paraphrased, mostly without names and numbers, so that
the words which two languages share find few.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from console.engine.embedding import Embedder
from console.engine.ranking import Query, Ranking, get_coefficients
from console.engine.texts import Floats, Texts, pack_vector
from console.engine.words import terms

LANGUAGES = {"de": "German", "es": "Spanish", "fr": "French"}
FACTS: Sequence[dict[str, str]] = json.loads(
    Path(__file__).with_suffix(".json").read_text("utf-8")
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
    """By language, where each observation stands for its query, from 1.

    All 60 are one profile, without conversations or dates. No embedder: words alone.
    """
    observations, nothing = _observations(embedder), Texts.of([], "")
    coefficients = get_coefficients(embedder.id if embedder else "")

    def place(id_: str, query: Query) -> int:
        ranking = Ranking([query], observations, nothing, coefficients)
        ranked = ranking.select_observations(len(FACTS))
        return [each.id for each in ranked].index(id_) + 1

    return {
        language: [
            place(id_, Query.of(text, vector))
            for id_, text, vector in _embedded(embedder, language)
        ]
        for language in LANGUAGES
    }


def _observations(embedder: Embedder | None) -> Texts:
    model = embedder.id if embedder else ""
    rows = [
        (id_, 0, terms(text), b"", pack_vector(vector) if embedder else b"", model)
        for id_, text, vector in _embedded(embedder, "en")
    ]
    return Texts.of(rows, model)


def _embedded(
    embedder: Embedder | None, language: str
) -> Iterator[tuple[str, str, Floats | None]]:
    """Id, text and vector of each fact in one language."""
    texts = [fact[language] for fact in FACTS]
    vectors = embedder.embed(texts) if embedder else [None] * len(texts)
    ids = (f"{number:02}" for number in range(len(texts)))
    return zip(ids, texts, vectors, strict=True)
