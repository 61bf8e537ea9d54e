"""Observations of older clients. Contract 16.1, 16.2.

They may leave out when it was, and name conversations by ids of their own.
"""

from typing import Annotated, Any

import msgspec
from django.http import HttpResponse
from django.utils import timezone

from console.service import limits
from console.service.http.answers import accepted
from console.service.http.bodies import Body, Content, Source, StrictBody, read_body
from console.service.http.request import ApiRequest
from console.service.memory import observations
from console.service.memory.api import observations as current
from console.service.memory.api.observations import Moment, fields_of
from console.service.memory.api.v1_services.conversations import (
    ConversationIds,
    conversation_of,
)
from console.service.memory.stores import get_store


class NewObservation(Body, frozen=True):
    content: Content
    source: Source
    occurred_at: Moment | None = None
    conversation_ids: ConversationIds = []


class CreateObservations(StrictBody, frozen=True):
    observations: Annotated[
        list[NewObservation],
        msgspec.Meta(min_length=1, max_length=int(limits.BATCH)),
    ]


class PatchObservation(current.PatchObservation, frozen=True):
    conversation_ids: ConversationIds | None = None


def list_observations(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    return current.list_observations(
        request, store_id, profile_id, conversation_of=conversation_of
    )


def create_observations(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, CreateObservations)
    items = [dated(item) for item in fields_of(body.observations)]
    observations.create_observations(store, profile_id, items)
    return accepted("accepted")


def dated(item: dict[str, Any]) -> dict[str, Any]:
    """The fields of a row; what names no time occurred when it was received."""
    return item | {"occurred_at": item["occurred_at"] or timezone.now()}


def patch_observation(
    request: ApiRequest, store_id: str, profile_id: str, observation_id: str
) -> HttpResponse:
    return current.patch_observation(
        request, store_id, profile_id, observation_id, shape=PatchObservation
    )
