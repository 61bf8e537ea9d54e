"""Observations and their revisions. Contract 11.4."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.http import HttpResponse

from console.contract.times import to_wire
from console.service import limits
from console.service.http.answers import accepted, answer
from console.service.http.bodies import (
    Body,
    Content,
    ConversationId,
    Source,
    StrictBody,
    check_deletion,
    read_body,
)
from console.service.http.paging import answer_page, read_page
from console.service.http.query import (
    ConversationFilter,
    conversation_of,
    moment_of,
    source_of,
)
from console.service.http.request import ApiRequest
from console.service.memory import observations
from console.service.memory.api.profiles import profile_of
from console.service.memory.models import Observation
from console.service.memory.stores import get_store

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
ConversationIds = Annotated[
    list[ConversationId],
    msgspec.Meta(max_length=int(limits.CONVERSATIONS_PER_OBSERVATION)),
]
FILTERS = ("source", "createdAfter", "createdBefore", "conversationId")


class NewObservation(Body, frozen=True):
    content: Content
    source: Source
    occurred_at: Moment
    conversation_ids: ConversationIds = []


class CreateObservations(StrictBody, frozen=True):
    observations: Annotated[
        list[NewObservation],
        msgspec.Meta(min_length=1, max_length=int(limits.BATCH)),
    ]


class PatchObservation(Body, frozen=True, omit_defaults=True):
    content: Content | None = None
    source: Source | None = None
    occurred_at: Moment | None = None
    conversation_ids: ConversationIds | None = None


def list_observations(
    request: ApiRequest,
    store_id: str,
    profile_id: str,
    *,
    conversation_of: ConversationFilter = conversation_of,
) -> HttpResponse:
    profile = profile_of(request, store_id, profile_id)
    page = read_page(request, cap=limits.MEMORY_PAGE, filters=FILTERS)
    rows = Observation.objects.of(profile)
    if source := source_of(page.filters):
        rows = rows.filter(source=source)
    if after := moment_of(page.filters, "createdAfter"):
        rows = rows.filter(created_at__gte=after)
    if before := moment_of(page.filters, "createdBefore"):
        rows = rows.filter(created_at__lt=before)
    if conversation := conversation_of(page.filters):
        rows = observations.filter_by_conversation(rows, conversation)
    return answer_page(
        request,
        rows,
        page,
        key="observations",
        sort=("created_at", "id"),
        show=show_observation,
    )


def create_observations(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, CreateObservations)
    observations.create_observations(store, profile_id, fields_of(body.observations))
    return accepted("accepted")


def fetch_observation(
    request: ApiRequest, store_id: str, profile_id: str, observation_id: str
) -> HttpResponse:
    profile = profile_of(request, store_id, profile_id, follow=True)
    observation = observations.get_observation(profile, observation_id)
    return answer(show_observation(observation))


def patch_observation(
    request: ApiRequest,
    store_id: str,
    profile_id: str,
    observation_id: str,
    *,
    shape: type[PatchObservation] = PatchObservation,
) -> HttpResponse:
    store = get_store(request.account, store_id)
    changes = changes_of(read_body(request, shape))
    observations.patch_observation(store, profile_id, observation_id, changes)
    return accepted("accepted")


def delete_observation(
    request: ApiRequest, store_id: str, profile_id: str, observation_id: str
) -> HttpResponse:
    check_deletion(request)
    store = get_store(request.account, store_id)
    observations.delete_observation(store, profile_id, observation_id)
    return accepted("accepted")


def list_revisions(
    request: ApiRequest, store_id: str, profile_id: str, observation_id: str
) -> HttpResponse:
    """Every state, the present one first (contract 17, 33)."""
    profile = profile_of(request, store_id, profile_id, follow=True)
    observation = observations.get_observation(profile, observation_id)
    page = read_page(request, cap=limits.MEMORY_PAGE, ordered=False)
    states = observations.list_revisions(observation)
    if not states.exists():
        meta = {"key": "revisions", "pageSize": 1}
        return answer({"revisions": [show_observation(observation)], "meta": meta})
    return answer_page(
        request,
        states,
        page,
        key="revisions",
        sort=("number",),
        show=lambda state: show_observation(state, id_=observation_id),
    )


def fields_of(items: list[Any]) -> list[dict[str, Any]]:
    """Bodies as the fields of rows."""
    return [msgspec.structs.asdict(item) for item in items]


def changes_of(body: Any) -> dict[str, Any]:
    """The fields that a patch names; none is a patch that changes nothing."""
    fields = msgspec.structs.asdict(body)
    return {name: value for name, value in fields.items() if value is not None}


def show_observation(row: Any, *, id_: str = "") -> dict[str, Any]:
    shown = {
        "id": id_ or row.id,
        "content": row.content,
        "source": row.source,
        "occurredAt": to_wire(row.occurred_at),
        "createdAt": to_wire(row.created_at),
        "updatedAt": to_wire(row.updated_at),
    }
    if row.conversation_ids:
        shown["conversationIds"] = row.conversation_ids
    return shown
