"""The kinds of what a memory holds of a customer, and the memory's calls for each.

The one place that tells an observation, a summary and a profile apart: a page that has
a kind's name (stored, in an address, on a noun) gets the rest here.
"""

import re
from collections.abc import Callable, Container, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, TypeVar

from console.client.errors import MemoryNotFound
from console.client.http import Page
from console.client.store import StoreClient
from console.contract.conversations.learning import Learned
from console.contract.ids import OBSERVATION_ID, PROFILE_ID, SUMMARY_ID
from console.contract.memory.observation import (
    NewObservation,
    Observation,
    PatchObservation,
)
from console.contract.memory.profile import Profile
from console.contract.memory.recall import RecalledObservation, RecalledSummary
from console.contract.memory.summary import NewSummary, PatchSummary, Summary
from console.masking.masker import MaskedValue, Masker, Source
from console.web.times import get_day

Item = TypeVar("Item", Observation, Summary)
# What a person decides on, and how many of each a card shows.
WAITING, WAITING_SHOWN = ("proposed", "quarantined"), 20


@dataclass(frozen=True, slots=True)
class ItemKind:
    """A kind of what can be read and deleted.

    name    as the noun, the database, the audit log and a reveal's subject have it
    page    the name of the address of an item's page
    fetch   takes a store and an item's ids, as `delete` does: profile, then item
    """

    name: str
    page: str
    id_pattern: re.Pattern[str]
    fetch: Callable[..., Any]
    delete: Callable[..., None]

    def find(self, *of: Any) -> Any:
        """What `fetch` answers; None when it was deleted meanwhile."""
        with suppress(MemoryNotFound):
            return self.fetch(*of)


@dataclass(frozen=True, slots=True)
class TextKind(ItemKind):
    """A kind of what a profile remembers as text.

    plural          as the memory's lists and the audit log's figures name it
    new, change     what is sent to create one, and to patch it
    identifying     fields of `new`: items equal in them are the same thing said once
    list_revisions  None where the memory keeps no earlier texts
    history_note    what becomes of the previous text of a correction
    """

    plural: str
    new: type[NewObservation | NewSummary]
    change: type[PatchObservation | PatchSummary]
    identifying: tuple[str, ...]
    list_page: Callable[..., Any]
    create: Callable[..., object]
    patch: Callable[..., None]
    list_revisions: Callable[..., Any] | None
    history_note: str


OBSERVATION = TextKind(
    name=Observation.kind,
    page="timeline:observation",
    id_pattern=OBSERVATION_ID,
    fetch=StoreClient.fetch_observation,
    delete=StoreClient.delete_observation,
    plural="observations",
    new=NewObservation,
    change=PatchObservation,
    identifying=("content", "occurred_at", "source"),
    list_page=StoreClient.list_observations,
    create=StoreClient.create_observations,
    patch=StoreClient.patch_observation,
    list_revisions=StoreClient.list_revisions,
    history_note="The previous text stays as a revision.",
)
SUMMARY = TextKind(
    name=Summary.kind,
    page="timeline:summary",
    id_pattern=SUMMARY_ID,
    fetch=StoreClient.fetch_summary,
    delete=StoreClient.delete_summary,
    plural="summaries",
    new=NewSummary,
    change=PatchSummary,
    identifying=("content", "conversation_id"),
    list_page=StoreClient.list_summaries,
    create=StoreClient.create_summaries,
    patch=StoreClient.patch_summary,
    list_revisions=None,
    history_note="A summary keeps no history: the previous text is gone.",
)
PROFILE = ItemKind(
    name=Profile.kind,
    page="customers:profile",
    id_pattern=PROFILE_ID,
    fetch=StoreClient.fetch_profile,
    delete=StoreClient.delete_profile,
)
TEXT_KINDS = {kind.name: kind for kind in (OBSERVATION, SUMMARY)}
ITEM_KINDS: dict[str, ItemKind] = {**TEXT_KINDS, PROFILE.name: PROFILE}


def find_kind(item_id: str) -> TextKind | None:
    """Of what can be recalled; None: no id of that."""
    kinds = TEXT_KINDS.values()
    return next((kind for kind in kinds if kind.id_pattern.fullmatch(item_id)), None)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An observation or a summary, with its text and source as this person may see them.

    is_pending  Recall does not return it yet, as far as that was asked
    """

    item: Observation | Summary
    shown: MaskedValue
    source: Source
    is_pending: bool = False

    @property
    def is_learned(self) -> bool:
        """By the service itself, whose source then begins so."""
        return is_learned(self.item)


def is_learned(
    item: Observation | Summary | RecalledObservation | RecalledSummary,
) -> bool:
    """From a conversation, which says where it is from better than its source."""
    return bool(item.conversations) and item.source.startswith("conversation/")


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day of the viewer."""

    on: date
    rows: tuple[ItemRow, ...]


def build_item_rows(
    items: Iterable[Observation | Summary],
    masker: Masker,
    pending: Container[str] = frozenset(),
) -> list[ItemRow]:
    """pending  the ids of those that Recall does not return yet"""
    return [
        ItemRow(
            item,
            masker.mask_text(item.kind, item.id, item.content),
            masker.mask_source(item.source),
            item.id in pending,
        )
        for item in items
    ]


def group_by_day(rows: Iterable[ItemRow]) -> list[Day]:
    """Rows that are in order already."""
    days = groupby(rows, key=lambda row: get_day(row.item.occurred_at))
    return [Day(on, tuple(rows)) for on, rows in days]


def sort_newest_first(items: Iterable[Item]) -> list[Item]:
    """By when it happened; what happened in one second stays as it was listed."""
    return sorted(items, key=lambda item: item.occurred_at, reverse=True)


def fetch_waiting(store: StoreClient, profile_id: str, outcome: str) -> Page[Learned]:
    """What conversations have taught and a person decides on; nothing from a memory that
    does not tell. Raises MemoryProblem."""
    with suppress(MemoryNotFound):
        return store.conversations.list_provenance(
            profile_id, outcome=outcome, page_size=WAITING_SHOWN
        )
    return Page(())


def build_waiting(masker: Masker, *pages: Page[Learned]) -> dict[str, Any]:
    return {
        "rows": [
            (each, mask_waiting(each, masker)) for page in pages for each in page.items
        ],
        "more": any(page.next_token for page in pages),
    }


def mask_waiting(learned: Learned, masker: Masker) -> MaskedValue:
    """What was held back or proposed, masked as its item would be."""
    if learned.kind != "trait":
        return masker.mask_text("fact", learned.id, learned.content)
    group, name = learned.item["group"], learned.item["name"]
    return masker.mask_trait(group, name, learned.content)
