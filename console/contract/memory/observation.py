"""Observations: single facts, each with its past. Section 11.4."""

import re
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from console.contract.base import (
    Body,
    Noun,
    SentTime,
    StrictBody,
    Time,
    always,
    described,
    limit,
    unchecked,
    whole,
)
from console.contract.ids import CONVERSATION_ID, OBSERVATION_ID
from console.contract.memory.page import define_page

BATCH = limit("BATCH", 10)  # 11.4, 11.5 [S]: observations or summaries in one write
CONTENT_MAX = 4096  # 11.4 [S]: characters
SOURCE_MAX = 100  # 11.4 [S]
SOURCE = re.compile(r"[a-zA-Z0-9 _./-]+")
CONVERSATION_ID_MAX = 64  # 16.2 [R]: the older dialect's, of any letters
CONVERSATIONS_PER_OBSERVATION = 10  # 11.4 [S]
OBSERVATIONS_PER_PROFILE = limit("OBSERVATIONS_PER_PROFILE", 10_000)  # [R]; beta: 500
RETRACTED, RETRACTED_FOR_MAX = "retracted", 200
ITEMS_PER_PAGE = 50  # 4 [S]: observations, revisions, summaries

ObservationId = Annotated[str, Meta(pattern=whole(OBSERVATION_ID))]
Content = Annotated[str, Meta(min_length=1, max_length=CONTENT_MAX)]
Source = Annotated[
    str, Meta(min_length=1, max_length=SOURCE_MAX, pattern=rf"^{SOURCE.pattern}\Z")
]
ConversationId = Annotated[str, Meta(pattern=rf"^{CONVERSATION_ID.pattern}\Z")]
# Of any form: older clients have ids of their own (16.2).
AnyConversationId = Annotated[str, Meta(min_length=1, max_length=CONVERSATION_ID_MAX)]
ConversationIds = Annotated[
    list[ConversationId], Meta(max_length=CONVERSATIONS_PER_OBSERVATION)
]


class NewObservation(Body, frozen=True, kw_only=True):
    """One fact.

    content           1 to 4096 characters, plain text, never markup
    source            1 to 100 letters, digits, spaces and _ . / -: who or what noted it
    occurred_at       when the customer said it; created_at where a memory leaves it out
    conversation_ids  at most 10
    """

    content: Content
    source: Source
    occurred_at: SentTime
    conversation_ids: ConversationIds = []


class CreateObservations(StrictBody, frozen=True, kw_only=True):
    """All of them or none."""

    observations: Annotated[list[NewObservation], Meta(min_length=1, max_length=BATCH)]


class PatchObservation(Body, frozen=True, kw_only=True):
    """Changes what is given; the state before stays as a revision."""

    content: Content | None = None
    source: Source | None = None
    occurred_at: SentTime | None = None
    conversation_ids: ConversationIds | None = None
    # An extension of ours: why Recall is not to return it any more; "" restores it.
    retracted_for: Annotated[str, Meta(max_length=RETRACTED_FOR_MAX)] | None = None


_UNKNOWN = datetime.min.replace(tzinfo=UTC)


class Observation(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """One fact learned from a conversation, kept on one profile.

    occurred_at       when the customer said it
    created_at        when the memory learned it; updated_at: when it last changed
    retracted_at      since when Recall does not return it, and retracted_for why not
    """

    kind: ClassVar[str] = "observation"

    id: ObservationId
    content: Annotated[str, unchecked(Content)] = always(str)
    source: Annotated[str, unchecked(Source)] = always(str)
    occurred_at: Time = always(lambda: _UNKNOWN)
    created_at: Time
    updated_at: Time
    conversation_ids: Annotated[
        tuple[Annotated[str, unchecked(AnyConversationId)], ...],
        described(maxItems=CONVERSATIONS_PER_OBSERVATION),
    ] = ()
    retracted_at: Time | None = None
    retracted_for: str = ""

    def __post_init__(self) -> None:
        if self.occurred_at is _UNKNOWN:
            msgspec.structs.force_setattr(self, "occurred_at", self.created_at)

    @property
    def conversations(self) -> tuple[str, ...]:
        """Ids of the conversations that it comes from, as a summary has them too."""
        return self.conversation_ids

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it can be filtered by, as a summary has it too."""
        return (self.kind, RETRACTED) if self.retracted_for else (self.kind,)


ObservationsPage = define_page("ObservationsPage", Observation, ITEMS_PER_PAGE)


RevisionsPage = define_page(
    "RevisionsPage",
    Observation,
    ITEMS_PER_PAGE,
    help="Every state of one observation, the present one first.",
)
