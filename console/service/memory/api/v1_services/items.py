"""Observations, summaries and recall of older clients. Contract 16.1 to 16.3.

They may leave out when it was, name conversations by ids of any form, and send one
summary as the body itself.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from msgspec.structs import asdict

from console.contract.memory import v1_services as wire
from console.contract.memory.observation import (
    CONVERSATION_ID_MAX,
    AnyConversationId,
    ObservationsPage,
)
from console.contract.memory.recall import Recall
from console.contract.memory.summary import SummariesPage
from console.service import errors
from console.service.http.answers import accepted, to_fields
from console.service.http.description import operation as doc
from console.service.http.request import ApiRequest, read_body
from console.service.memory import items
from console.service.memory.api import observations as current_observations
from console.service.memory.api import summaries as current_summaries
from console.service.memory.api.recall import answer_recall

CONVERSATION_QUERY = {
    "conversationId": doc.documented(AnyConversationId, "Only of this conversation.")
}


def read_conversation_id(query: Mapping[str, str]) -> str:
    """The `conversationId` filter, empty when absent. Raises Invalid."""
    text = query.get("conversationId", "")
    if len(text) > CONVERSATION_ID_MAX:
        raise errors.Invalid(
            f"conversationId: must be at most {CONVERSATION_ID_MAX} characters"
        )
    return text


@doc.operation(
    "Like list observations, but conversation ids may have any form.",
    {200: ObservationsPage},
    query=current_observations.QUERY | CONVERSATION_QUERY,
)
def list_observations(request: ApiRequest, profile_id: str) -> HttpResponse:
    return current_observations.list_observations(
        request, profile_id, read_conversation_id=read_conversation_id
    )


@doc.operation(
    "Like create observations, but occurredAt may be left out.",
    doc.ACCEPTED,
    body=wire.V1CreateObservations,
)
def create_observations(request: ApiRequest, profile_id: str) -> HttpResponse:
    body = read_body(request, wire.V1CreateObservations)
    new = [add_time(item) for item in to_fields(body.observations)]
    items.create_observations(request.store, profile_id, new)
    return accepted()


def add_time(item: dict[str, Any]) -> dict[str, Any]:
    """The fields of a row; what names no time occurred when it was received."""
    return item | {"occurred_at": item["occurred_at"] or timezone.now()}


@doc.operation(
    "Like patch observation, but conversation ids may have any form.",
    doc.ACCEPTED,
    body=wire.V1PatchObservation,
)
def patch_observation(
    request: ApiRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    return current_observations.patch_observation(
        request, profile_id, observation_id, noun=wire.V1PatchObservation
    )


@doc.operation(
    "Like list summaries, but conversation ids may have any form.",
    {200: SummariesPage},
    query=doc.PAGE_QUERY | CONVERSATION_QUERY,
)
def list_summaries(request: ApiRequest, profile_id: str) -> HttpResponse:
    return current_summaries.list_summaries(
        request, profile_id, read_conversation_id=read_conversation_id
    )


@doc.operation(
    "Adds one summary as the body itself, or several under summaries. Conversation "
    "ids may have any form.",
    doc.ACCEPTED,
    body=wire.V1CreateSummaries,
    forms=(wire.OneSummary, wire.SeveralSummaries),
)
def create_summaries(request: ApiRequest, profile_id: str) -> HttpResponse:
    body = read_body(request, wire.V1CreateSummaries)
    if body.summaries is not None:
        given = to_fields(body.summaries)
    else:
        given = [{k: v for k, v in asdict(body).items() if k != "summaries"}]
    new = [add_time(item) | {"source": item["source"] or ""} for item in given]
    items.create_summaries(request.store, profile_id, new)
    return accepted()


@doc.operation(
    "Like patch summary, but conversation ids may have any form.",
    doc.ACCEPTED,
    body=wire.V1PatchSummary,
)
def patch_summary(
    request: ApiRequest, profile_id: str, summary_id: str
) -> HttpResponse:
    return current_summaries.patch_summary(
        request, profile_id, summary_id, noun=wire.V1PatchSummary
    )


@doc.operation(
    "Like recall, but with 5 observations by default and at most 20 items of each "
    "kind.",
    {200: Recall},
    summary="Recall",
    body=wire.V1RecallRequest,
)
def create_recall(request: ApiRequest, profile_id: str) -> HttpResponse:
    return answer_recall(
        request, profile_id, wire.V1RecallRequest, most=wire.V1_RECALL_ITEMS
    )
