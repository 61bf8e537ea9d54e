"""Recall, described. Contract 11.6; the trace is ours (api/trace.py)."""

from typing import Annotated, Any, Literal

import msgspec

from console.engine.coefficients import Coefficients
from console.service import limits
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import Shown
from console.service.memory.api import recall
from console.service.memory.api.openapi.observations import Observation
from console.service.memory.api.openapi.summaries import Summary

Score = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Id = Annotated[str, msgspec.Meta(min_length=1)]


class RecalledObservation(Observation, frozen=True):
    score: Score | msgspec.UnsetType = msgspec.UNSET


class RecalledSummary(Summary, frozen=True):
    score: Score | msgspec.UnsetType = msgspec.UNSET


class RecallMeta(Shown, frozen=True):
    query_time: Annotated[int, msgspec.Meta(ge=0, le=600_000)]


class TraceTexts(Shown, frozen=True):
    observations: Count
    summaries: Count
    without_vector: Count


class TraceQuery(Shown, frozen=True):
    stems: list[str]
    unknown_stems: list[str]
    dates: dict[str, Any]
    weight: float
    by_meaning: bool
    turn: Id | msgspec.UnsetType = msgspec.UNSET


class TracePart(Shown, frozen=True):
    value: float
    adds: float


class TraceItem(Shown, frozen=True):
    id: Id
    recalled: bool
    place: Annotated[int, msgspec.Meta(ge=1)]
    score: Score
    query: Count
    bias: float
    log_odds: float
    by_meaning: bool
    parts: dict[str, TracePart]
    stems: list[str]
    copies: list[Id]
    summary: Id | msgspec.UnsetType = msgspec.UNSET
    neighbour: Id | msgspec.UnsetType = msgspec.UNSET


class TraceCoefficients(Shown, frozen=True):
    with_vector: Coefficients
    without_vector: Coefficients


class Trace(Shown, frozen=True):
    """Newest first needs no explanation: only the first two members then."""

    mode: Literal["query", "conversation", "recent"]
    steps_ms: dict[str, float]
    embedder: str | msgspec.UnsetType = msgspec.UNSET
    coefficients: TraceCoefficients | msgspec.UnsetType = msgspec.UNSET
    texts: TraceTexts | msgspec.UnsetType = msgspec.UNSET
    queries: list[TraceQuery] | msgspec.UnsetType = msgspec.UNSET
    items: list[TraceItem] | msgspec.UnsetType = msgspec.UNSET
    elsewhere: list[str] | msgspec.UnsetType = msgspec.UNSET


class Recalled(Shown, frozen=True):
    observations: Annotated[
        list[RecalledObservation], msgspec.Meta(max_length=int(limits.RECALL_ITEMS))
    ]
    summaries: Annotated[
        list[RecalledSummary], msgspec.Meta(max_length=int(limits.RECALL_ITEMS))
    ]
    # Conversations are not stored, so there is nothing to quote.
    communications: Annotated[list[Any], msgspec.Meta(max_length=0)]
    meta: RecallMeta
    trace: Trace | msgspec.UnsetType = msgspec.UNSET


OPERATIONS: Operations = {
    recall.create_recall: Operation(
        {200: Answer(Recalled)}, body=recall.RecallBody, moved=308
    ),
}
