"""How a Recall came about, for those who ask: an extension of ours to contract 11.6.

A request with `trace: true` is answered with one member more, `trace`; `traceItems`
names ids, at most 100, that are to be explained though they were not recalled.
"""

from collections.abc import Sequence

from console.contract.memory.recall import (
    Trace,
    TraceCoefficients,
    TraceItem,
    TracePart,
    TraceParts,
    TraceQuery,
    TraceTexts,
    TraceWeights,
)
from console.engine.coefficients import get_coefficients
from console.engine.recall import Query, Ranking
from console.engine.trace import Explanation, Part, explain, unknown_stems
from console.service.memory.embedding import get_model_id
from console.service.memory.recall import RecallResult

# What the engine calls the parts, by the contract's names.
PARTS = {
    "similarity": "meaning",
    "query_coverage": "words",
    "match_strength": "bulk",
    "date": "date",
    "summary": "summary",
    "neighbour": "neighbour",
    "profile_size": "few",
}


def build_trace(answer: RecallResult, asked_for: Sequence[str]) -> Trace:
    """Of every recalled item, and of those asked for."""
    if (ranking := answer.ranking) is None:
        return Trace(mode=answer.mode, steps_ms=answer.steps_ms)
    ids = list(dict.fromkeys([*answer.ranked, *asked_for]))
    explained = explain(ranking, ids)
    known = {explanation.id for explanation in explained}
    return Trace(
        mode=answer.mode,
        steps_ms=answer.steps_ms,
        embedder=get_model_id(),
        coefficients=TraceCoefficients(
            with_vector=_build_weights(get_model_id()),
            without_vector=_build_weights(""),
        ),
        texts=_count_texts(ranking),
        queries=tuple(_build_query(ranking, query) for query in ranking.queries),
        items=tuple(_build_item(answer, explanation) for explanation in explained),
        elsewhere=tuple(id_ for id_ in ids if id_ not in known),
    )


def _build_weights(model: str) -> TraceWeights:
    found = get_coefficients(model)
    weights = {name: getattr(found, part) for name, part in PARTS.items()}
    return TraceWeights(source=found.source, bias=found.bias, **weights)


def _count_texts(ranking: Ranking) -> TraceTexts:
    observations, summaries = ranking.observations.texts, ranking.summaries.texts
    known = int(observations.vectors.known.sum() + summaries.vectors.known.sum())
    return TraceTexts(
        observations=len(observations),
        summaries=len(summaries),
        without_vector=len(observations) + len(summaries) - known,
    )


def _build_query(ranking: Ranking, query: Query) -> TraceQuery:
    return TraceQuery(
        stems=tuple(query.stems),
        unknown_stems=tuple(unknown_stems(ranking.observations, query.stems)),
        dates=dict(sorted(query.named)),
        weight=round(query.weight, 4),
        by_meaning=query.vector is not None,
        turn=query.id,
    )


def _build_item(answer: RecallResult, explanation: Explanation) -> TraceItem:
    recalled = answer.ranked.get(explanation.id)
    parts = {
        name: _build_part(explanation.parts[part])
        for name, part in PARTS.items()
        if part in explanation.parts
    }
    return TraceItem(
        id=explanation.id,
        recalled=recalled is not None,
        place=explanation.place,
        score=explanation.score,
        query=explanation.query,
        bias=round(explanation.bias, 3),
        log_odds=round(explanation.log_odds, 3),
        by_meaning=explanation.has_vector,
        parts=TraceParts(**parts),
        stems=tuple(explanation.stems),
        copies=tuple(recalled.copies) if recalled else (),
        summary=explanation.summary or "",
        neighbour=explanation.neighbour or "",
    )


def _build_part(part: Part) -> TracePart:
    return TracePart(value=round(part.value, 4), adds=round(part.adds, 3))
