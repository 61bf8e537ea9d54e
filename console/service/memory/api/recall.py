"""Recall. Contract 11.6."""

from time import perf_counter
from typing import Any, TypeVar

from django.http import HttpResponse
from msgspec.structs import replace

from console.contract.memory.recall import (
    Recall,
    RecalledObservation,
    RecalledSummary,
    RecallMeta,
    RecallRequest,
)
from console.service.http.answers import answer, from_row
from console.service.http.bodies import read_body
from console.service.http.description.operation import operation
from console.service.http.request import ApiRequest
from console.service.memory.api.profiles import get_profile
from console.service.memory.api.trace import build_trace
from console.service.memory.recall import recall

T = TypeVar("T", RecalledObservation, RecalledSummary)


@operation(
    "Observations and summaries that match the query, best first, scored from 0 to "
    "1. Without a query or a conversation to derive one from: the newest, without "
    "scores.",
    {200: Recall},
    summary="Recall",
    body=RecallRequest,
    moved=308,
)
def create_recall(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    return answer_recall(request, store_id, profile_id, RecallRequest)


def answer_recall(
    request: ApiRequest,
    store_id: str,
    profile_id: str,
    noun: type[RecallRequest],
    *,
    most: int | None = None,
) -> HttpResponse:
    """most: how many items of a kind are given whatever is asked for; None: as asked."""
    begin = perf_counter()
    profile = get_profile(request, store_id, profile_id)
    body = read_body(request, noun)
    if most is not None:
        body = replace(
            body,
            observations_limit=min(body.observations_limit, most),
            summaries_limit=min(body.summaries_limit, most),
        )
    found = recall(profile, body)

    def show(noun: type[T], row: Any) -> T:
        # None is no score: a score of 0 is one.
        return replace(from_row(noun, row), score=found.get_score(row.id))

    observations = [show(RecalledObservation, row) for row in found.observations]
    summaries = [show(RecalledSummary, row) for row in found.summaries]
    shown = Recall(
        observations=tuple(observations),
        summaries=tuple(summaries),
        meta=RecallMeta(query_time=round((perf_counter() - begin) * 1000)),
        trace=build_trace(found, body.trace_items) if body.trace else None,
    )
    return answer(shown)
