"""Observations of older clients. Contract 16.1, 16.2.

They may leave out when it was, and name conversations by ids of their own.
"""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from console.contract.memory.observation import ObservationsPage
from console.contract.memory.v1_services import (
    V1CreateObservations,
    V1PatchObservation,
)
from console.service.http.answers import accepted, to_fields
from console.service.http.bodies import read_body
from console.service.http.description.operation import ACCEPTED, operation
from console.service.http.request import ApiRequest
from console.service.memory import observations
from console.service.memory.api import observations as current
from console.service.memory.api.v1_services.conversations import (
    CONVERSATION_QUERY,
    read_conversation_id,
)
from console.service.memory.stores import get_store


@operation(
    "Like list observations, but conversation ids may have any form.",
    {200: ObservationsPage},
    query=current.QUERY | CONVERSATION_QUERY,
    moved=301,
)
def list_observations(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    return current.list_observations(
        request, store_id, profile_id, read_conversation_id=read_conversation_id
    )


@operation(
    "Like create observations, but occurredAt may be left out.",
    ACCEPTED,
    body=V1CreateObservations,
    moved=308,
)
def create_observations(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, V1CreateObservations)
    items = [add_time(item) for item in to_fields(body.observations)]
    observations.create_observations(store, profile_id, items)
    return accepted()


def add_time(item: dict[str, Any]) -> dict[str, Any]:
    """The fields of a row; what names no time occurred when it was received."""
    return item | {"occurred_at": item["occurred_at"] or timezone.now()}


@operation(
    "Like patch observation, but conversation ids may have any form.",
    ACCEPTED,
    body=V1PatchObservation,
    moved=308,
)
def patch_observation(
    request: ApiRequest, store_id: str, profile_id: str, observation_id: str
) -> HttpResponse:
    return current.patch_observation(
        request, store_id, profile_id, observation_id, noun=V1PatchObservation
    )
