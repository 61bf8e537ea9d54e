"""Observations and their revisions. Contract 11.4."""

from typing import Any, Literal

from django.http import HttpResponse

from console.contract.base import Body, SentTime
from console.contract.memory import observation as wire
from console.contract.memory.page import OCCURRENCE, ObservationOrder, PageMeta
from console.service import errors
from console.service.http.answers import (
    accepted,
    answer,
    from_row,
    to_changes,
    to_fields,
)
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import (
    ApiRequest,
    ReadConversationId,
    read_conversation_id,
    read_source,
    read_time,
)
from console.service.memory import items, models
from console.service.memory.api.profiles import PROFILE, get_profile

OBSERVATIONS = f"{PROFILE}/Observations"
OBSERVATION = f"{OBSERVATIONS}/<observation_id>"
QUERY = {
    "orderBy": ObservationOrder,
    "source": doc.documented(wire.Source, "Only from this source."),
    "createdAfter": doc.documented(SentTime, "Created at this time or later."),
    "createdBefore": doc.documented(SentTime, "Created before this time."),
    "conversationId": doc.documented(
        wire.ConversationId, "Only from this conversation."
    ),
    "retracted": doc.documented(Literal["true"], "Only what is retracted."),
}


@doc.operation("GET", OBSERVATIONS, {200: wire.ObservationsPage}, query=QUERY)
def list_observations(
    request: ApiRequest,
    profile_id: str,
    *,
    read_conversation_id: ReadConversationId = read_conversation_id,
) -> HttpResponse:
    """A profile's observations, newest first."""
    profile = get_profile(request, profile_id)
    page = read_page(request, orders=OCCURRENCE)
    rows = models.Observation.objects.of(profile)
    if source := read_source(page.filters):
        rows = rows.filter(source=source)
    if after := read_time(page.filters, "createdAfter"):
        rows = rows.filter(created_at__gte=after)
    if retracted := page.filters.get("retracted"):
        if retracted != "true":
            raise errors.Invalid("retracted: must be true")
        rows = rows.exclude(retracted_for="")
    if before := read_time(page.filters, "createdBefore"):
        rows = rows.filter(created_at__lt=before)
    if conversation_id := read_conversation_id(page.filters):
        rows = items.filter_by_conversation(rows, conversation_id)
    return answer_page(request, rows, page)


@doc.operation("POST", OBSERVATIONS, doc.ACCEPTED, many="observations")
def create_observations(
    request: ApiRequest, profile_id: str, body: wire.CreateObservations
) -> HttpResponse:
    """Adds up to 10 observations: all of them or none."""
    new = to_fields(body.observations)
    return accepted(items.create_observations(request.store, profile_id, new))


@doc.operation("GET", OBSERVATION, {200: wire.Observation}, follows=True)
def fetch_observation(
    request: ApiRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    """One observation."""
    profile = get_profile(request, profile_id, follow=True)
    row = items.get_item(models.Observation, profile, observation_id)
    return answer(from_row(wire.Observation, row))


@doc.operation("PATCH", OBSERVATION, doc.ACCEPTED)
def patch_observation(
    request: ApiRequest,
    profile_id: str,
    observation_id: str,
    body: wire.PatchObservation,
) -> HttpResponse:
    """Corrects an observation. Its earlier state is kept as a revision."""
    return patch_item(models.Observation, request, profile_id, observation_id, body)


@doc.operation("DELETE", OBSERVATION, doc.ACCEPTED, logs="observation.deleted")
def delete_observation(
    request: ApiRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    """Deletes an observation with its revisions. This cannot be undone."""
    items.delete_item(models.Observation, request.store, profile_id, observation_id)
    return accepted()


def patch_item(
    model: Any, request: ApiRequest, profile_id: str, id_: str, body: Body
) -> HttpResponse:
    """An observation or a summary."""
    sent = to_changes(body)
    item = items.get_item(model, get_profile(request, profile_id), id_)
    changes, told = items.redact_patch(request.store, item, sent)
    items.patch_item(model, request.store, profile_id, id_, changes)
    return accepted(told)


@doc.operation(
    "GET",
    f"{OBSERVATION}/Revisions",
    {200: wire.RevisionsPage},
    follows=True,
)
def list_revisions(
    request: ApiRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    """Every state of an observation, the current one first.

    One that was never changed has its present state alone (contract 17, 33).
    """
    profile = get_profile(request, profile_id, follow=True)
    observation = items.get_item(models.Observation, profile, observation_id)
    page = read_page(request)
    states = items.list_revisions(observation)
    if not states.exists():
        meta = PageMeta(key="revisions", page_size=1)
        present = from_row(wire.Observation, observation)
        return answer(wire.RevisionsPage(revisions=(present,), meta=meta))
    return answer_page(
        request,
        states,
        page,
        lambda state: from_row(wire.Observation, state, id=observation_id),
        sort=("number",),
    )
