"""Conversation summaries, described. Contract 11.5."""

import msgspec

from console.service import limits
from console.service.http.bodies import Content, ConversationId, Source
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import (
    ACCEPTED,
    PAGE_QUERY,
    Moment,
    Shown,
    SummaryId,
    page,
)
from console.service.memory.api import summaries

# Older clients name conversations by ids of their own.
from console.service.memory.api.v1_services.conversations import (
    ConversationId as AnyConversationId,
)


class Summary(Shown, frozen=True):
    id: SummaryId
    content: Content
    conversation_id: AnyConversationId
    occurred_at: Moment
    created_at: Moment
    updated_at: Moment
    source: Source | msgspec.UnsetType = msgspec.UNSET


PAGE = page("summaries", Summary, limits.MEMORY_PAGE)

OPERATIONS: Operations = {
    summaries.list_summaries: Operation(
        {200: PAGE},
        query=PAGE_QUERY | {"conversationId": ConversationId},
        moved=301,
    ),
    summaries.create_summaries: Operation(
        ACCEPTED, body=summaries.CreateSummaries, moved=308
    ),
    summaries.fetch_summary: Operation({200: Answer(Summary)}),
    summaries.patch_summary: Operation(
        ACCEPTED, body=summaries.PatchSummary, moved=308
    ),
    summaries.delete_summary: Operation(ACCEPTED, moved=308),
}
