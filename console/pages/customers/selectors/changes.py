"""What has changed on a profile since a person last looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.contract.memory.summary import Summary

# How many of the newest are looked at; beyond them a count says "25+".
READ = 25


@dataclass(frozen=True, slots=True)
class Changes:
    """Counts since `since`, of what stands on the card; `more` when it holds no more.

    since  when the visit before ended; None on the first one
    ids    of the observations and summaries that are new or changed
    """

    since: datetime | None
    observations: int = 0
    summaries: int = 0
    traits: int = 0
    ids: frozenset[str] = frozenset()
    more: bool = False

    @property
    def total(self) -> int:
        return self.observations + self.summaries + self.traits


def changes_since(
    store: StoreClient,
    profile_id: str,
    since: datetime | None,
    *,
    observations: Sequence[Observation],
    summaries: Sequence[Summary],
) -> Changes:
    """Of the READ newest of each. One call for the traits' times; none on a first
    visit."""
    if since is None:
        return Changes(None)
    told = [each.id for each in observations if each.updated_at > since]
    summed_up = [each.id for each in summaries if each.updated_at > since]
    traits = store.list_traits(profile_id).items
    return Changes(
        since,
        observations=len(told),
        summaries=len(summed_up),
        traits=sum(each.timestamp > since for each in traits),
        ids=frozenset((*told, *summed_up)),
        more=len(told) == READ,
    )
