"""All that the profile page shows at first sight."""

from dataclasses import dataclass
from datetime import datetime

from console.client.store import StoreClient
from console.client.values import Identifier, Observation, Page, Profile, Summary
from console.profiles.selectors.days import Day, by_day
from console.profiles.selectors.traits import Group, trait_groups
from console.web.identity import name_of


@dataclass(frozen=True, slots=True)
class Card:
    """All that the profile page shows at first sight."""

    profile: Profile
    identifiers: tuple[Identifier, ...]
    groups: list[Group]
    observations: Page[Observation]
    summaries: Page[Summary]
    read_at: datetime

    @property
    def name(self) -> str:
        return name_of(self.profile.traits)

    @property
    def days(self) -> list[Day]:
        return by_day(self.observations.items)


def card_of(store: StoreClient, profile_id: str, *, now: datetime) -> Card:
    """Five calls: profile, identifiers, trait groups, newest observations, summaries.

    Raises MemoryNotFound for a profile that this store does not have.
    """
    profile = store.fetch_profile(profile_id)
    canonical = profile.canonical_id or profile.id
    return Card(
        profile=profile,
        identifiers=store.list_identifiers(canonical),
        groups=trait_groups(store, profile),
        observations=store.list_observations(canonical, page_size=25),
        summaries=store.list_summaries(canonical, page_size=3),
        read_at=now,
    )
