"""Small memories for the engine's tests, written as rows of the side table."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from console.engine.dates import microseconds
from console.engine.ranking import (
    MODELS,
    WORDS,
    Coefficients,
    PreparedProfile,
    Query,
    Ranking,
)
from console.engine.texts import (
    Row,
    Texts,
    pack_conversations,
    pack_vector,
)
from console.engine.words import terms

MODEL = "a model"
# For vectors that are not of its length, and so not about its centres.
USE3 = replace(MODELS["use-3"], centres=None)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def row(
    id_: str,
    content: str,
    *conversations: str,
    hours: int = 0,
    vector: Sequence[float] = (),
) -> Row:
    moment = microseconds(NOON + timedelta(hours=hours))
    packed = pack_vector(np.array(vector, "<f4")) if vector else b""
    return (
        id_,
        moment,
        terms(content),
        pack_conversations(conversations),
        packed,
        MODEL if packed else "",
    )


def rank(
    queries: Sequence[str | Query],
    observations: Sequence[Row],
    summaries: Sequence[Row] = (),
    coefficients: Coefficients = WORDS,
) -> Ranking:
    asked = [Query.of(q) if isinstance(q, str) else q for q in queries]
    texts = (Texts.of(rows, MODEL) for rows in (observations, summaries))
    return Ranking(asked, PreparedProfile(*texts, coefficients))


def order(query: str, *rows: Row) -> list[str]:
    return [each.id for each in rank([query], rows).select_observations(100)]


def scores(ranking: Ranking) -> dict[str, float]:
    """Of all observations and summaries, by id."""
    found = (*ranking.select_observations(100), *ranking.select_summaries(100))
    return {each.id: each.score for each in found}
