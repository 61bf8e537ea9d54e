"""How a Recall came about, for those who ask: an extension of ours to contract 11.6.

A request with `trace: true` is answered with one member more, `trace`; `traceItems`
names ids, at most 100, that are to be explained though they were not recalled.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from console.engine.coefficients import coefficients_of
from console.engine.recall import Query, Ranking
from console.engine.trace import Explanation, Part, explain, unknown_stems
from console.service.memory.embedding import model_id
from console.service.memory.recall import RecallResult


def show_trace(answer: RecallResult, asked_for: Sequence[str]) -> dict[str, Any]:
    """Of every recalled item, and of those asked for.

    mode        query, conversation or recent: what was done
    embedder    id of the model; "" for words alone
    texts       how many were considered, and how many of them by words alone because
                their vector is not made yet
    queries     the query, or the turns of the conversation, newest first
    items       a score is the sigmoid of logOdds, times the weight of its query
    elsewhere   ids asked for that were not considered: not there, or outside the dates
    stepsMs     milliseconds of each step
    """
    shown: dict[str, Any] = {"mode": answer.mode, "stepsMs": answer.steps_ms}
    if (ranking := answer.ranking) is None:
        return shown
    ids = list(dict.fromkeys([*answer.ranked, *asked_for]))
    explained = explain(ranking, ids)
    known = {each.id for each in explained}
    return shown | {
        "embedder": model_id(),
        "coefficients": _coefficients(),
        "texts": _texts(ranking),
        "queries": [_show_query(ranking, query) for query in ranking.queries],
        "items": [_show_item(answer, each) for each in explained],
        "elsewhere": [id_ for id_ in ids if id_ not in known],
    }


def _coefficients() -> dict[str, Any]:
    return {
        name: asdict(coefficients_of(model))
        for name, model in (("withVector", model_id()), ("withoutVector", ""))
    }


def _texts(ranking: Ranking) -> dict[str, int]:
    told, summed_up = ranking.told.texts, ranking.summed_up.texts
    known = int(told.vectors.known.sum() + summed_up.vectors.known.sum())
    return {
        "observations": len(told),
        "summaries": len(summed_up),
        "withoutVector": len(told) + len(summed_up) - known,
    }


def _show_query(ranking: Ranking, query: Query) -> dict[str, Any]:
    shown = {
        "stems": list(query.stems),
        "unknownStems": unknown_stems(ranking.told, query.stems),
        "dates": dict(sorted(query.named)),
        "weight": round(query.weight, 4),
        "byMeaning": query.vector is not None,
    }
    return shown | ({"turn": query.id} if query.id else {})


def _show_item(answer: RecallResult, each: Explanation) -> dict[str, Any]:
    recalled = answer.ranked.get(each.id)
    shown = {
        "id": each.id,
        "recalled": recalled is not None,
        "place": each.place,
        "score": each.score,
        "query": each.query,
        "bias": round(each.bias, 3),
        "logOdds": round(each.log_odds, 3),
        "byMeaning": each.has_vector,
        "parts": {name: _show_part(part) for name, part in each.parts.items()},
        "stems": list(each.stems),
        "copies": list(recalled.copies) if recalled else [],
    }
    lenders = {"summary": each.summary, "neighbour": each.neighbour}
    return shown | {name: id_ for name, id_ in lenders.items() if id_}


def _show_part(part: Part) -> dict[str, float]:
    return {"value": round(part.value, 4), "adds": round(part.adds, 3)}
