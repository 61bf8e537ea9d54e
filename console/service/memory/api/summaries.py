"""Conversation summaries. Contract 11.5."""

from django.http import HttpResponse

from console.contract.memory import summary as wire
from console.contract.memory.observation import ConversationId
from console.contract.memory.page import OCCURRENCE, SummaryOrder
from console.service.http.answers import accepted, answer, from_row, to_fields
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import (
    ApiRequest,
    ReadConversationId,
    read_conversation_id,
)
from console.service.memory import items, models
from console.service.memory.api.observations import patch_item
from console.service.memory.api.profiles import PROFILE, get_profile

SUMMARIES = f"{PROFILE}/ConversationSummaries"
SUMMARY = f"{SUMMARIES}/<summary_id>"


@doc.operation(
    "GET",
    SUMMARIES,
    {200: wire.SummariesPage},
    query={
        "orderBy": SummaryOrder,
        "conversationId": doc.documented(ConversationId, "Only of this conversation."),
    },
)
def list_summaries(
    request: ApiRequest,
    profile_id: str,
    *,
    read_conversation_id: ReadConversationId = read_conversation_id,
) -> HttpResponse:
    """A profile's summaries, newest first."""
    profile = get_profile(request, profile_id)
    page = read_page(request, order="DESC", orders=OCCURRENCE)
    rows = models.Summary.objects.of(profile)
    if conversation_id := read_conversation_id(page.filters):
        rows = rows.filter(conversation_id=conversation_id)
    return answer_page(request, rows, page)


@doc.operation("POST", SUMMARIES, doc.ACCEPTED, many="summaries")
def create_summaries(
    request: ApiRequest, profile_id: str, body: wire.CreateSummaries
) -> HttpResponse:
    """Adds up to 10 summaries: all of them or none."""
    new = [
        item | {"source": item["source"] or ""} for item in to_fields(body.summaries)
    ]
    return accepted(items.create_summaries(request.store, profile_id, new))


@doc.operation("GET", SUMMARY, {200: wire.Summary}, follows=True)
def fetch_summary(
    request: ApiRequest, profile_id: str, summary_id: str
) -> HttpResponse:
    """One summary."""
    profile = get_profile(request, profile_id, follow=True)
    row = items.get_item(models.Summary, profile, summary_id)
    return answer(from_row(wire.Summary, row))


@doc.operation("PATCH", SUMMARY, doc.ACCEPTED)
def patch_summary(
    request: ApiRequest, profile_id: str, summary_id: str, body: wire.PatchSummary
) -> HttpResponse:
    """Changes the fields given. The earlier state is not kept."""
    return patch_item(models.Summary, request, profile_id, summary_id, body)


@doc.operation("DELETE", SUMMARY, doc.ACCEPTED, logs="summary.deleted")
def delete_summary(
    request: ApiRequest, profile_id: str, summary_id: str
) -> HttpResponse:
    """Deletes a summary. This cannot be undone."""
    items.delete_item(models.Summary, request.store, profile_id, summary_id)
    return accepted()
