"""Observations and their revisions, described. Contract 11.4."""

from datetime import datetime
from typing import Annotated

import msgspec

from console.service import limits
from console.service.http.bodies import Content, ConversationId, Source
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import (
    ACCEPTED,
    ORDERED_PAGE_QUERY,
    PAGE_QUERY,
    Moment,
    ObservationId,
    Shown,
    page,
)
from console.service.memory.api import observations

# Older clients name conversations by ids of their own.
from console.service.memory.api.v1_services.conversations import (
    ConversationIds as AnyConversationIds,
)


class Observation(Shown, frozen=True):
    id: ObservationId
    content: Content
    source: Source
    occurred_at: Moment
    created_at: Moment
    updated_at: Moment
    conversation_ids: AnyConversationIds | msgspec.UnsetType = msgspec.UNSET


PAGE = page("observations", Observation, limits.MEMORY_PAGE)
QUERY = ORDERED_PAGE_QUERY | {
    "source": Source,
    "createdAfter": Annotated[
        datetime, msgspec.Meta(tz=True, description="Inclusive.")
    ],
    "createdBefore": Annotated[
        datetime, msgspec.Meta(tz=True, description="Exclusive.")
    ],
    "conversationId": ConversationId,
}

OPERATIONS: Operations = {
    observations.list_observations: Operation(
        {200: PAGE},
        query=QUERY,
        moved=301,
    ),
    observations.create_observations: Operation(
        ACCEPTED, body=observations.CreateObservations, moved=308
    ),
    observations.fetch_observation: Operation({200: Answer(Observation)}),
    observations.patch_observation: Operation(
        ACCEPTED, body=observations.PatchObservation, moved=308
    ),
    observations.delete_observation: Operation(ACCEPTED, moved=308),
    observations.list_revisions: Operation(
        {200: page("revisions", Observation, limits.MEMORY_PAGE)}, query=PAGE_QUERY
    ),
}
