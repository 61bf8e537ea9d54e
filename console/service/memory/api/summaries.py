"""Conversation summaries. Contract 11.5."""

from typing import Annotated, Any

import msgspec
from django.http import HttpResponse

from console.contract.times import to_wire
from console.service import limits
from console.service.http.answers import accepted, answer, present
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
from console.service.http.query import ConversationFilter, conversation_of
from console.service.http.request import ApiRequest
from console.service.memory import summaries
from console.service.memory.api.observations import Moment, changes_of, fields_of
from console.service.memory.api.profiles import profile_of
from console.service.memory.models import Summary
from console.service.memory.stores import get_store


class NewSummary(Body, frozen=True):
    content: Content
    conversation_id: ConversationId
    occurred_at: Moment
    source: Source | None = None


class CreateSummaries(StrictBody, frozen=True):
    summaries: Annotated[
        list[NewSummary], msgspec.Meta(min_length=1, max_length=int(limits.BATCH))
    ]


class PatchSummary(Body, frozen=True):
    content: Content | None = None
    conversation_id: ConversationId | None = None
    occurred_at: Moment | None = None
    source: Source | None = None


def list_summaries(
    request: ApiRequest,
    store_id: str,
    profile_id: str,
    *,
    conversation_of: ConversationFilter = conversation_of,
) -> HttpResponse:
    profile = profile_of(request, store_id, profile_id)
    page = read_page(
        request, cap=limits.MEMORY_PAGE, filters=("conversationId",), ordered=False
    )
    rows = Summary.objects.of(profile)
    if conversation := conversation_of(page.filters):
        rows = rows.filter(conversation_id=conversation)
    return answer_page(
        request,
        rows,
        page,
        key="summaries",
        sort=("created_at", "id"),
        show=show_summary,
    )


def create_summaries(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, CreateSummaries)
    items = [
        item | {"source": item["source"] or ""} for item in fields_of(body.summaries)
    ]
    summaries.create_summaries(store, profile_id, items)
    return accepted("accepted")


def fetch_summary(
    request: ApiRequest, store_id: str, profile_id: str, summary_id: str
) -> HttpResponse:
    profile = profile_of(request, store_id, profile_id, follow=True)
    return answer(show_summary(summaries.get_summary(profile, summary_id)))


def patch_summary(
    request: ApiRequest,
    store_id: str,
    profile_id: str,
    summary_id: str,
    *,
    shape: type[PatchSummary] = PatchSummary,
) -> HttpResponse:
    store = get_store(request.account, store_id)
    changes = changes_of(read_body(request, shape))
    summaries.patch_summary(store, profile_id, summary_id, changes)
    return accepted("accepted")


def delete_summary(
    request: ApiRequest, store_id: str, profile_id: str, summary_id: str
) -> HttpResponse:
    check_deletion(request)
    store = get_store(request.account, store_id)
    summaries.delete_summary(store, profile_id, summary_id)
    return accepted("accepted")


def show_summary(summary: Summary) -> dict[str, Any]:
    return present(
        id=summary.id,
        content=summary.content,
        conversationId=summary.conversation_id,
        source=summary.source,
        occurredAt=to_wire(summary.occurred_at),
        createdAt=to_wire(summary.created_at),
        updatedAt=to_wire(summary.updated_at),
    )
