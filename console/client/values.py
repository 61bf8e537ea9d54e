"""What a memory tells us: frozen values, all times UTC.

Field names are the contract's (contract/memory-v1.md), in snake_case; wire.py holds
answers against these very types. Identifiers and free text never show in a repr, so
that no log or error report can hold them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from re import Pattern
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta

from console.client.traces import Trace
from console.contract import ids


def _whole(pattern: Pattern[str]) -> Meta:
    return Meta(pattern=rf"^(?:{pattern.pattern})\Z")


T = TypeVar("T")
StoreId = Annotated[str, _whole(ids.STORE_ID)]
ProfileId = Annotated[str, _whole(ids.PROFILE_ID)]
ObservationId = Annotated[str, _whole(ids.OBSERVATION_ID)]
SummaryId = Annotated[str, _whole(ids.SUMMARY_ID)]
Moment = Annotated[datetime, Meta(tz=True)]
TraitValue = str | int | float | bool | list[str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. Tokens are opaque; None means there is no such page."""

    items: tuple[T, ...]
    next_token: str | None = None
    previous_token: str | None = None
    canonical_id: str | None = None  # set when the profile asked for was merged


@dataclass(frozen=True, slots=True)
class Store:
    """Contract 10.1. `status` is QUEUED, PROVISIONING, ACTIVE or FAILED."""

    id: StoreId
    display_name: str
    status: str
    version: int
    description: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """Contract 6.1. `error` holds the contract's words when status is FAILED."""

    operation_id: str
    status: str
    result_id: str | None = None
    error_code: int | None = None
    error: str = ""

    @property
    def is_done(self) -> bool:
        return self.status in {"COMPLETED", "FAILED", "CANCELLED"}


@dataclass(frozen=True, slots=True)
class IdentifierConfig:
    """Contract 10.2: how one identifier type is normalised and matched."""

    id_type: str
    normalization: str = "trim"
    limit: int = 100
    enforce_unique: bool = True


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    identifier_configs: tuple[IdentifierConfig, ...]
    matching_rules: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class TraitDefinition:
    """Contract 10.3. `data_type` is STRING, NUMBER, BOOLEAN or ARRAY.

    validation_rule  as the contract writes it; kept so that a change of something
                     else in the definition does not lose it
    """

    data_type: str
    description: str = ""
    id_type_promotion: str = ""
    validation_rule: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TraitGroup:
    display_name: str
    version: int
    description: str = ""
    traits: dict[str, TraitDefinition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """Contract 11.1.

    canonical_id  set when the id asked for was merged away
    merged_ids    ids that it had before merges; only the embedded memory names them,
                  and when asked
    """

    id: ProfileId
    created_at: Moment
    traits: dict[str, dict[str, TraitValue]] = field(repr=False)
    canonical_id: str | None = None
    merged_ids: tuple[ProfileId, ...] = ()


@dataclass(frozen=True, slots=True)
class Trait:
    name: str
    trait_group: str
    value: TraitValue = field(repr=False)
    timestamp: Moment


@dataclass(frozen=True, slots=True)
class Identifier:
    """Contract 11.3: all values of one type, normalised, oldest first."""

    id_type: str
    values: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Contract 11.1: who holds an identifier. `profiles` are profile ids."""

    normalized_value: str = field(repr=False)
    profiles: tuple[ProfileId, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """Contract 11.4 and 11.6; `score` (0 to 1) only in a ranked recall."""

    id: ObservationId
    content: str = field(repr=False)
    source: str
    occurred_at: Moment
    created_at: Moment
    updated_at: Moment
    conversation_ids: tuple[str, ...] = ()
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """Contract 11.5 and 11.6; `score` (0 to 1) only in a ranked recall."""

    id: SummaryId
    content: str = field(repr=False)
    conversation_id: str
    occurred_at: Moment
    created_at: Moment
    updated_at: Moment
    source: str = ""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call as it went over the wire, for people who debug. No credentials."""

    method: str
    path: str
    request: dict[str, Any] | None = field(repr=False)
    status: int
    response: Any = field(repr=False)
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class Recall:
    """Contract 11.6. `query_time_ms` is the memory's own figure."""

    observations: tuple[Observation, ...]
    summaries: tuple[Summary, ...]
    communications: tuple[dict[str, Any], ...] = field(repr=False)
    query_time_ms: int
    exchange: Exchange
    trace: Trace | None = None
    canonical_id: str | None = None

    @property
    def is_ranked(self) -> bool:
        """True when the memory ranked by relevance; False: newest first."""
        items: list[Observation | Summary] = [*self.observations, *self.summaries]
        return any(item.score is not None for item in items)
