"""The older dialect, /v1/Services, where it differs. Section 16."""

from typing import Annotated

import msgspec
from msgspec import Meta

from console.contract.base import (
    Body,
    Noun,
    SentTime,
    StrictBody,
    Version,
    always,
    described,
    unchecked,
)
from console.contract.memory import recall
from console.contract.memory.identifier import LOOKUP_RESULTS, IdentifierValue
from console.contract.memory.observation import (
    BATCH,
    CONVERSATIONS_PER_OBSERVATION,
    AnyConversationId,
    NewObservation,
    PatchObservation,
)
from console.contract.memory.page import define_page
from console.contract.memory.profile import ProfileId
from console.contract.memory.recall import RecallRequest
from console.contract.memory.store import (
    STORE_DESCRIPTION_MAX,
    STORES_PER_PAGE,
    StoreDescription,
    StoreId,
    StoreName,
    StoreStatus,
)
from console.contract.memory.summary import NewSummary, PatchSummary

V1_RECALL_ITEMS = 20  # 16.3 [Z]: more are not given, nor refused
V1_RECALL_OBSERVATIONS = 5  # 16.3 [Z]: default

AnyConversationIds = Annotated[
    list[AnyConversationId], Meta(max_length=CONVERSATIONS_PER_OBSERVATION)
]


class CreateService(Body, frozen=True, kw_only=True):
    """A store, made at once."""

    unique_name: StoreName
    friendly_name: Annotated[str, Meta(max_length=STORE_DESCRIPTION_MAX)] = ""


class Service(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """A store under its old name; `sid` and `id` are the same."""

    sid: StoreId
    id: StoreId
    unique_name: Annotated[str, unchecked(StoreName)]
    friendly_name: Annotated[str, unchecked(StoreDescription)] = ""
    status: StoreStatus
    version: Version


ServicesPage = define_page(
    "ServicesPage",
    Service,
    STORES_PER_PAGE,
    help="Stores themselves, not their ids alone.",
)


class Deleted(Noun, frozen=True, kw_only=True):
    message: Annotated[str, described(minLength=1, maxLength=255)]


class ProfileReference(Noun, frozen=True, kw_only=True):
    id: ProfileId


class V1LookupResult(Noun, frozen=True, kw_only=True):
    """As today, with an object for each profile instead of its id alone."""

    normalized_value: Annotated[str, unchecked(IdentifierValue)]
    profiles: Annotated[
        tuple[ProfileReference, ...], described(maxItems=LOOKUP_RESULTS)
    ] = always()


class V1NewObservation(NewObservation, frozen=True, kw_only=True):
    """What names no time occurred when it is received."""

    occurred_at: SentTime | None = None  # type: ignore[assignment]
    conversation_ids: AnyConversationIds = []


class V1CreateObservations(StrictBody, frozen=True, kw_only=True):
    observations: Annotated[
        list[V1NewObservation], Meta(min_length=1, max_length=BATCH)
    ]


class V1PatchObservation(PatchObservation, frozen=True, kw_only=True):
    conversation_ids: AnyConversationIds | None = None


class V1NewSummary(NewSummary, frozen=True, kw_only=True):
    conversation_id: AnyConversationId
    occurred_at: SentTime | None = None  # type: ignore[assignment]


class V1PatchSummary(PatchSummary, frozen=True, kw_only=True):
    conversation_id: AnyConversationId | None = None


_REQUIRED = {"content", "conversation_id"}


class V1CreateSummaries(V1PatchSummary, frozen=True, kw_only=True):
    """One summary by its own fields, or several as `summaries`; never both."""

    summaries: (
        Annotated[list[V1NewSummary], Meta(min_length=1, max_length=BATCH)] | None
    ) = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in msgspec.structs.fields(V1PatchSummary):
            given = getattr(self, field.name) is not None
            if self.summaries is not None and given:
                raise ValueError(f"{field.encode_name}: unknown field beside summaries")
            if self.summaries is None and not given and field.name in _REQUIRED:
                raise ValueError(f"{field.encode_name}: required")


class OneSummary(V1NewSummary, frozen=True, kw_only=True):
    """The first form of V1CreateSummaries, for the description."""

    summaries: None = None


class SeveralSummaries(Body, frozen=True, kw_only=True):
    """The second: beside them no field of a single one."""

    summaries: Annotated[list[V1NewSummary], Meta(min_length=1, max_length=BATCH)]
    content: None = None
    conversation_id: None = None
    occurred_at: None = None
    source: None = None


V1Count = Annotated[int, Meta(ge=0)]


class V1RecallRequest(RecallRequest, frozen=True, kw_only=True):
    """As today, but for the ids of conversations and the limits."""

    conversation_id: AnyConversationId | None = None
    observations_limit: V1Count = V1_RECALL_OBSERVATIONS
    summaries_limit: V1Count = recall.RECALL_SUMMARIES
    communications_limit: V1Count = 0
