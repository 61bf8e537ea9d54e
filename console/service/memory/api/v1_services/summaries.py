"""Summaries of older clients: one flat object, or today's array. Contract 16.1, 16.2."""

from typing import Annotated, Any

import msgspec
from django.http import HttpResponse

from console.service import limits
from console.service.http.answers import accepted
from console.service.http.bodies import Body, Content, Source, read_body
from console.service.http.request import ApiRequest
from console.service.memory import summaries
from console.service.memory.api import summaries as current
from console.service.memory.api.observations import Moment, fields_of
from console.service.memory.api.v1_services.conversations import (
    ConversationId,
    conversation_of,
)
from console.service.memory.api.v1_services.observations import dated
from console.service.memory.stores import get_store


class NewSummary(Body, frozen=True):
    content: Content
    conversation_id: ConversationId
    occurred_at: Moment | None = None
    source: Source | None = None


class PatchSummary(current.PatchSummary, frozen=True):
    conversation_id: ConversationId | None = None


class CreateSummaries(PatchSummary, frozen=True):
    """One summary by its own fields, or several as `summaries`; never both."""

    summaries: (
        Annotated[
            list[NewSummary], msgspec.Meta(min_length=1, max_length=int(limits.BATCH))
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in msgspec.structs.fields(PatchSummary):
            given = getattr(self, field.name) is not None
            if self.summaries is not None and given:
                raise ValueError(f"{field.encode_name}: is not known beside summaries")
            if self.summaries is None and not given and field.name in _REQUIRED:
                raise ValueError(f"{field.encode_name}: is required")

    def items(self) -> list[dict[str, Any]]:
        if self.summaries is not None:
            return fields_of(self.summaries)
        fields = msgspec.structs.asdict(self)
        del fields["summaries"]
        return [fields]


_REQUIRED = {"content", "conversation_id"}


def list_summaries(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    return current.list_summaries(
        request, store_id, profile_id, conversation_of=conversation_of
    )


def create_summaries(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, CreateSummaries)
    items = [dated(item) | {"source": item["source"] or ""} for item in body.items()]
    summaries.create_summaries(store, profile_id, items)
    return accepted("accepted")


def patch_summary(
    request: ApiRequest, store_id: str, profile_id: str, summary_id: str
) -> HttpResponse:
    return current.patch_summary(
        request, store_id, profile_id, summary_id, shape=PatchSummary
    )
