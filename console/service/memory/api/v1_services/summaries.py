"""Summaries of older clients: one flat object, or today's array. Contract 16.1, 16.2."""

from django.http import HttpResponse
from msgspec.structs import asdict

from console.contract.memory.summary import SummariesPage
from console.contract.memory.v1_services import (
    OneSummary,
    SeveralSummaries,
    V1CreateSummaries,
    V1PatchSummary,
)
from console.service.http.answers import accepted, to_fields
from console.service.http.bodies import read_body
from console.service.http.description.operation import ACCEPTED, PAGE_QUERY, operation
from console.service.http.request import ApiRequest
from console.service.memory import summaries
from console.service.memory.api import summaries as current
from console.service.memory.api.v1_services.conversations import (
    CONVERSATION_QUERY,
    read_conversation_id,
)
from console.service.memory.api.v1_services.observations import add_time
from console.service.memory.stores import get_store


@operation(
    "Like list summaries, but conversation ids may have any form.",
    {200: SummariesPage},
    query=PAGE_QUERY | CONVERSATION_QUERY,
    moved=301,
)
def list_summaries(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    return current.list_summaries(
        request, store_id, profile_id, read_conversation_id=read_conversation_id
    )


@operation(
    "Adds one summary as the body itself, or several under summaries. Conversation "
    "ids may have any form.",
    ACCEPTED,
    body=V1CreateSummaries,
    forms=(OneSummary, SeveralSummaries),
    moved=308,
)
def create_summaries(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, V1CreateSummaries)
    if body.summaries is not None:
        given = to_fields(body.summaries)
    else:
        given = [{k: v for k, v in asdict(body).items() if k != "summaries"}]
    items = [add_time(item) | {"source": item["source"] or ""} for item in given]
    summaries.create_summaries(store, profile_id, items)
    return accepted()


@operation(
    "Like patch summary, but conversation ids may have any form.",
    ACCEPTED,
    body=V1PatchSummary,
    moved=308,
)
def patch_summary(
    request: ApiRequest, store_id: str, profile_id: str, summary_id: str
) -> HttpResponse:
    return current.patch_summary(
        request, store_id, profile_id, summary_id, noun=V1PatchSummary
    )
