"""What has changed on a profile since a person last looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.contract.memory.summary import Summary

# How many of the newest are looked at; beyond them a count says "25+".
READ_MAX = 25


@dataclass(frozen=True, slots=True)
class Changes:
    """Counts since `since`, of what the card shows; `has_more` when there may be more.

    since  when the visit before ended; None on the first one
    ids    of the observations and summaries that are new or changed
    """

    since: datetime | None
    observations: int = 0
    summaries: int = 0
    traits: int = 0
    ids: frozenset[str] = frozenset()
    has_more: bool = False

    @property
    def total(self) -> int:
        return self.observations + self.summaries + self.traits


def find_changes(
    store: StoreClient,
    profile_id: str,
    since: datetime | None,
    *,
    observations: Sequence[Observation],
    summaries: Sequence[Summary],
) -> Changes:
    """Of the READ_MAX newest of each. One call for the traits' times; none on a first
    visit."""
    if since is None:
        return Changes(None)
    new_observations = [item.id for item in observations if item.updated_at > since]
    new_summaries = [item.id for item in summaries if item.updated_at > since]
    traits = store.list_traits(profile_id).items
    return Changes(
        since,
        observations=len(new_observations),
        summaries=len(new_summaries),
        traits=sum(trait.timestamp > since for trait in traits),
        ids=frozenset((*new_observations, *new_summaries)),
        has_more=len(new_observations) == READ_MAX,
    )
