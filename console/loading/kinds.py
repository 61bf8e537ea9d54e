"""What a profile keeps: observations and summaries, as far as loading goes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from console.client.paging import all_pages
from console.client.store import StoreClient
from console.contract.memory.observation import NewObservation, Observation
from console.contract.memory.summary import NewSummary, Summary
from console.contract.times import from_wire

Item = Mapping[str, Any]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """How the two differ. Items of equal `key` are the same thing said once."""

    name: str
    noun: type[msgspec.Struct]
    key: Callable[[Item], Key]
    kept: Callable[[StoreClient, str], set[Key]]
    send: Callable[[StoreClient, str, Sequence[Item]], None]


def moment_of(item: Item) -> datetime:
    return from_wire(item["occurredAt"])


def second_of(moment: datetime) -> str:
    """The moment in the memory's own precision when it answers: whole seconds."""
    return moment.replace(microsecond=0).isoformat()


def observation_key(item: Item) -> Key:
    return item["content"], second_of(moment_of(item)), item["source"]


def summary_key(item: Item) -> Key:
    return item["content"], item["conversationId"]


def kept_observations(store: StoreClient, profile_id: str) -> set[Key]:
    kept: Iterable[Observation] = all_pages(
        lambda token: store.list_observations(profile_id, page_token=token)
    )
    return {(each.content, second_of(each.occurred_at), each.source) for each in kept}


def kept_summaries(store: StoreClient, profile_id: str) -> set[Key]:
    kept: Iterable[Summary] = all_pages(
        lambda token: store.list_summaries(profile_id, page_token=token)
    )
    return {(each.content, each.conversation_id) for each in kept}


OBSERVATIONS = Kind(
    "observations",
    NewObservation,
    observation_key,
    kept_observations,
    StoreClient.create_observations,
)
SUMMARIES = Kind(
    "summaries",
    NewSummary,
    summary_key,
    kept_summaries,
    StoreClient.create_summaries,
)
