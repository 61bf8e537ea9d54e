"""The card: what support needs of one customer at first sight."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.client.store import StoreClient
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.observation import Observation
from console.contract.memory.profile import Profile
from console.masking.masker import MaskedValue, Masker
from console.pages.customers.selectors.changes import READ_MAX, Changes, find_changes
from console.pages.customers.selectors.recall_lag import find_not_recallable
from console.profiles.rows import (
    SummaryRow,
    build_summary_rows,
    sort_newest_first,
)
from console.profiles.traits import (
    ProfileTraitGroup,
    build_trait_groups,
    select_pinned,
)

NEWEST, SUMMARIES = 5, 3


@dataclass(frozen=True, slots=True)
class RecentObservation:
    """One of the newest observations. `is_pending`: Recall does not return it yet."""

    observation: Observation
    shown: MaskedValue
    is_pending: bool


@dataclass(frozen=True, slots=True)
class IdentifierRow:
    """Identifiers of one type: the newest value, and how many earlier ones there are."""

    id_type: str
    shown: MaskedValue
    earlier: int


@dataclass(frozen=True, slots=True)
class Card:
    """`newest` and `summaries` are newest first; `changes` are this person's."""

    profile: Profile
    name: str
    identifiers: list[IdentifierRow]
    groups: list[ProfileTraitGroup]
    newest: list[RecentObservation]
    summaries: list[SummaryRow]
    changes: Changes

    @property
    def identifier_count(self) -> int:
        return sum(1 + row.earlier for row in self.identifiers)


def build_card(
    store: StoreClient,
    profile: Profile,
    *,
    masker: Masker,
    pins: Sequence[str],
    since: datetime | None,
    now: datetime,
) -> Card:
    """Four calls; one more on a return, and one more while something is fresh."""
    observations = store.list_observations(profile.id, page_size=READ_MAX).items
    summaries = store.list_summaries(profile.id, page_size=READ_MAX).items
    groups = build_trait_groups(store, profile, masker)
    return Card(
        profile=profile,
        name=masker.mask_name(profile.traits),
        identifiers=_build_identifier_rows(store.list_identifiers(profile.id), masker),
        groups=select_pinned(groups, pins),
        newest=build_recent_observations(
            store, profile.id, observations, masker=masker, now=now
        ),
        summaries=build_summary_rows(sort_newest_first(summaries)[:SUMMARIES], masker),
        changes=find_changes(
            store, profile.id, since, observations=observations, summaries=summaries
        ),
    )


def build_recent_observations(
    store: StoreClient,
    profile_id: str,
    observations: Sequence[Observation],
    *,
    masker: Masker,
    now: datetime,
) -> list[RecentObservation]:
    """The NEWEST that happened last; one call of Recall while one of them is fresh."""
    newest = sort_newest_first(observations)[:NEWEST]
    waiting = find_not_recallable(store, profile_id, newest, now=now)
    return [
        RecentObservation(
            item,
            masker.mask_text(item.kind, item.id, item.content),
            is_pending=item.id in waiting,
        )
        for item in newest
    ]


def _build_identifier_rows(
    identifiers: Sequence[IdentifierSet], masker: Masker
) -> list[IdentifierRow]:
    """The newest value of each type."""
    return [
        IdentifierRow(
            held.id_type,
            masker.mask_identifier(held.id_type, held.values)[-1],
            len(held.values) - 1,
        )
        for held in identifiers
        if held.values
    ]
