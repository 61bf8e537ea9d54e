"""Conversation summaries. Section 11.5; lengths as an observation's."""

from typing import Annotated, ClassVar

from msgspec import Meta

from console.contract.base import (
    Body,
    Noun,
    SentTime,
    StrictBody,
    Time,
    limit,
    unchecked,
    whole,
)
from console.contract.ids import SUMMARY_ID
from console.contract.memory.observation import (
    BATCH,
    ITEMS_PER_PAGE,
    AnyConversationId,
    Content,
    ConversationId,
    Source,
)
from console.contract.memory.page import define_page

SUMMARIES_PER_PROFILE = limit("SUMMARIES_PER_PROFILE", 10_000)  # [R]; beta page: 500

SummaryId = Annotated[str, Meta(pattern=whole(SUMMARY_ID))]


class NewSummary(Body, frozen=True, kw_only=True):
    """What one conversation came to."""

    content: Content
    conversation_id: ConversationId
    occurred_at: SentTime
    source: Source | None = None


class CreateSummaries(StrictBody, frozen=True, kw_only=True):
    """All of them or none."""

    summaries: Annotated[list[NewSummary], Meta(min_length=1, max_length=BATCH)]


class PatchSummary(Body, frozen=True, kw_only=True):
    """Changes what is given; no earlier state is kept."""

    content: Content | None = None
    conversation_id: ConversationId | None = None
    occurred_at: SentTime | None = None
    source: Source | None = None


class Summary(Noun, omit_defaults=True, frozen=True, kw_only=True):
    kind: ClassVar[str] = "summary"

    id: SummaryId
    content: Annotated[str, unchecked(Content)]
    conversation_id: Annotated[str, unchecked(AnyConversationId)]
    source: Annotated[str, unchecked(Source)] = ""
    occurred_at: Time
    created_at: Time
    updated_at: Time

    @property
    def conversations(self) -> tuple[str, ...]:
        """As an observation has them: here always one."""
        return (self.conversation_id,)

    @property
    def kinds(self) -> tuple[str, ...]:
        return (self.kind,)


SummariesPage = define_page("SummariesPage", Summary, ITEMS_PER_PAGE)
