"""Recall. Contract 11.6."""

from time import perf_counter
from typing import Annotated, Any

import msgspec
from django.http import HttpResponse

from console.service import limits
from console.service.http.answers import answer
from console.service.http.bodies import Body, ConversationId, read_body
from console.service.http.request import ApiRequest
from console.service.memory.api.observations import Moment, show_observation
from console.service.memory.api.profiles import profile_of
from console.service.memory.api.summaries import show_summary
from console.service.memory.api.trace import show_trace
from console.service.memory.recall import RecallRequest, recall

Items = Annotated[int, msgspec.Meta(ge=0, le=int(limits.RECALL_ITEMS))]


class RecallBody(Body, frozen=True):
    query: Annotated[str, msgspec.Meta(max_length=int(limits.RECALL_QUERY))] = ""
    conversation_id: ConversationId | None = None
    begin_date: Moment | None = None
    end_date: Moment | None = None
    observations_limit: Items = int(limits.RECALL_OBSERVATIONS)
    summaries_limit: Items = int(limits.RECALL_SUMMARIES)
    communications_limit: Items = 0
    relevance_threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    # Ours, not the contract's (trace.py).
    trace: bool = False
    trace_items: Annotated[
        list[str], msgspec.Meta(max_length=int(limits.RECALL_ITEMS))
    ] = []

    def question(self) -> RecallRequest:
        return RecallRequest(
            query=self.query,
            conversation_id=self.conversation_id or "",
            begin=self.begin_date,
            end=self.end_date,
            observations_limit=self.observations_limit,
            summaries_limit=self.summaries_limit,
            relevance_threshold=self.relevance_threshold,
        )


def create_recall(
    request: ApiRequest,
    store_id: str,
    profile_id: str,
    *,
    shape: type[RecallBody] = RecallBody,
) -> HttpResponse:
    begin = perf_counter()
    profile = profile_of(request, store_id, profile_id)
    body = read_body(request, shape)
    found = recall(profile, body.question())

    def scored(shown: dict[str, Any]) -> dict[str, Any]:
        score = found.get_score(shown["id"])
        return shown if score is None else shown | {"score": score}

    shown = {
        "observations": [scored(show_observation(o)) for o in found.observations],
        "summaries": [scored(show_summary(s)) for s in found.summaries],
        # Conversations are not stored yet, so there is nothing to quote.
        "communications": [],
        "meta": {"queryTime": round((perf_counter() - begin) * 1000)},
    }
    if body.trace:
        shown["trace"] = show_trace(found, body.trace_items)
    return answer(shown)
