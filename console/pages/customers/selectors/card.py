"""All that the desk needs of one customer at first sight."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.client.store import StoreClient
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.observation import Observation
from console.contract.memory.profile import Profile
from console.masking.masker import MaskedValue, Masker
from console.pages.customers.selectors.changes import READ, Changes, changes_since
from console.pages.customers.selectors.recall_lag import not_recallable
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
class Newest:
    """One of the newest observations. `waits`: Recall does not return it yet."""

    observation: Observation
    shown: MaskedValue
    waits: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Identifiers of one type: the newest in sight, how many there were before it."""

    id_type: str
    shown: MaskedValue
    earlier: int


@dataclass(frozen=True, slots=True)
class Card:
    """`newest` and `summaries` are newest first; `changes` are this person's."""

    profile: Profile
    name: str
    identifiers: list[Known]
    groups: list[ProfileTraitGroup]
    newest: list[Newest]
    summaries: list[SummaryRow]
    changes: Changes

    @property
    def identifier_count(self) -> int:
        return sum(1 + each.earlier for each in self.identifiers)


def card_of(
    store: StoreClient,
    profile: Profile,
    *,
    masker: Masker,
    pins: Sequence[str],
    since: datetime | None,
    now: datetime,
) -> Card:
    """Four calls; one more on a return, and one more while something is fresh."""
    observations = store.list_observations(profile.id, page_size=READ).items
    summaries = store.list_summaries(profile.id, page_size=READ).items
    groups = build_trait_groups(store, profile, masker)
    return Card(
        profile=profile,
        name=masker.mask_name(profile.traits),
        identifiers=_known(store.list_identifiers(profile.id), masker),
        groups=select_pinned(groups, pins),
        newest=newest_of(store, profile.id, observations, masker=masker, now=now),
        summaries=build_summary_rows(sort_newest_first(summaries)[:SUMMARIES], masker),
        changes=changes_since(
            store, profile.id, since, observations=observations, summaries=summaries
        ),
    )


def newest_of(
    store: StoreClient,
    profile_id: str,
    observations: Sequence[Observation],
    *,
    masker: Masker,
    now: datetime,
) -> list[Newest]:
    """The NEWEST that happened last; one call of Recall while one of them is fresh."""
    newest = sort_newest_first(observations)[:NEWEST]
    waiting = not_recallable(store, profile_id, newest, now=now)
    return [
        Newest(
            each,
            masker.mask_text("observation", each.id, each.content),
            each.id in waiting,
        )
        for each in newest
    ]


def _known(identifiers: Sequence[IdentifierSet], masker: Masker) -> list[Known]:
    """Of each type the value that came last."""
    return [
        Known(
            each.id_type,
            masker.mask_identifier(each.id_type, each.values)[-1],
            len(each.values) - 1,
        )
        for each in identifiers
        if each.values
    ]
