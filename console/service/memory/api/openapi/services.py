"""The older dialect, described where it differs. Contract section 16."""

from typing import Annotated, Literal

import msgspec

from console.service import limits
from console.service.http.bodies import Body
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import (
    ACCEPTED,
    ETAG,
    ORDERED_PAGE_QUERY,
    PAGE_QUERY,
    Accepted,
    ProfileId,
    Shown,
    StoreId,
    Version,
    page,
)
from console.service.memory.api.openapi import observations as current_observations
from console.service.memory.api.openapi import summaries as current_summaries
from console.service.memory.api.openapi.profiles import CreatedProfile
from console.service.memory.api.openapi.recall import Recalled
from console.service.memory.api.profiles import IdentifierValue, Lookup, ProfileTraits
from console.service.memory.api.stores import Description, DisplayName
from console.service.memory.api.v1_services import (
    observations,
    profiles,
    recall,
    stores,
    summaries,
)
from console.service.memory.api.v1_services.conversations import ConversationId


class Service(Shown, frozen=True):
    sid: StoreId
    id: StoreId
    unique_name: DisplayName
    status: Literal["QUEUED", "PROVISIONING", "ACTIVE", "FAILED"]
    version: Version
    friendly_name: Description | msgspec.UnsetType = msgspec.UNSET


class FoundProfile(Shown, frozen=True):
    id: ProfileId


class Found(Shown, frozen=True):
    normalized_value: IdentifierValue
    profiles: Annotated[
        list[FoundProfile], msgspec.Meta(max_length=int(limits.LOOKUP_RESULTS))
    ]


class SeveralSummaries(Body, frozen=True):
    """Beside them no field of a single one."""

    summaries: Annotated[
        list[summaries.NewSummary],
        msgspec.Meta(min_length=1, max_length=int(limits.BATCH)),
    ]
    content: None = None
    conversation_id: None = None
    occurred_at: None = None
    source: None = None


class OneSummary(summaries.NewSummary, frozen=True):
    summaries: None = None


CONVERSATION_QUERY = {"conversationId": ConversationId}

OPERATIONS: Operations = {
    stores.list_stores: Operation(
        {200: page("services", Service, limits.STORE_PAGE)}, query=ORDERED_PAGE_QUERY
    ),
    stores.create_store: Operation(
        {201: Answer(Service, ETAG)}, body=stores.CreateStore, refusals=(409,)
    ),
    stores.fetch_store: Operation({200: Answer(Service, ETAG)}),
    stores.delete_store: Operation({200: Answer(Accepted)}),
    profiles.create_profile: Operation(
        {202: Answer(CreatedProfile)}, body=ProfileTraits
    ),
    profiles.patch_profile: Operation(ACCEPTED, body=ProfileTraits, moved=308),
    profiles.lookup_profiles: Operation({200: Answer(Found)}, body=Lookup),
    observations.list_observations: Operation(
        {200: current_observations.PAGE},
        query=current_observations.QUERY | CONVERSATION_QUERY,
        moved=301,
    ),
    observations.create_observations: Operation(
        ACCEPTED, body=observations.CreateObservations, moved=308
    ),
    observations.patch_observation: Operation(
        ACCEPTED, body=observations.PatchObservation, moved=308
    ),
    summaries.list_summaries: Operation(
        {200: current_summaries.PAGE},
        query=PAGE_QUERY | CONVERSATION_QUERY,
        moved=301,
    ),
    summaries.create_summaries: Operation(
        ACCEPTED,
        body=summaries.CreateSummaries,
        forms=(OneSummary, SeveralSummaries),
        moved=308,
    ),
    summaries.patch_summary: Operation(
        ACCEPTED, body=summaries.PatchSummary, moved=308
    ),
    recall.create_recall: Operation(
        {200: Answer(Recalled)}, body=recall.RecallBody, moved=308
    ),
}
