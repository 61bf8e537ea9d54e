"""Reading profiles for pages: a few calls of the memory each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from time import monotonic

from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.store import StoreClient
from console.client.values import (
    Identifier,
    Observation,
    Page,
    Profile,
    Summary,
    TraitGroup,
    TraitValue,
)
from console.web.identity import name_of

# A list names its people one call each; a slow memory gets no longer than this, and
# the rest of the list shows ids alone.
NAMES_S = 2.0


@dataclass(frozen=True, slots=True)
class Person:
    """A row of a list. `profile` is None when the memory was too slow to say who."""

    id: str
    profile: Profile | None

    @property
    def name(self) -> str:
        return name_of(self.profile.traits) if self.profile else ""

    @property
    def contact(self) -> list[TraitValue]:
        """What tells people of one name apart: their contact traits."""
        if self.profile is None:
            return []
        groups = self.profile.traits.values()
        return [g[name] for g in groups for name in ("email", "phone") if g.get(name)]


def people(store: StoreClient, ids: Iterable[str]) -> list[Person]:
    """Who the ids are. Profiles that are gone meanwhile are left out."""
    found, until = [], monotonic() + NAMES_S
    for profile_id in ids:
        try:
            profile = store.fetch_profile(profile_id) if monotonic() < until else None
        except MemoryNotFound:
            continue
        except MemoryProblem:
            profile, until = None, 0.0
        found.append(Person(profile_id, profile))
    return found


@dataclass(frozen=True, slots=True)
class TraitRow:
    """One trait of a group's schema, or one that the schema does not know (any more)."""

    name: str
    data_type: str
    description: str
    id_type: str
    value: TraitValue | None = field(repr=False)

    @property
    def text(self) -> str:
        """The value as people read it; an array's items in one line."""
        values = self.value if isinstance(self.value, list) else [self.value]
        return ", ".join(
            str(v).lower() if isinstance(v, bool) else str(v) for v in values
        )


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    description: str
    rows: tuple[TraitRow, ...]

    @property
    def known(self) -> list[TraitRow]:
        return [row for row in self.rows if row.value is not None]

    @property
    def unset(self) -> list[TraitRow]:
        return [row for row in self.rows if row.value is None]

    @property
    def unset_names(self) -> str:
        return ", ".join(row.name for row in self.unset)


def trait_groups(store: StoreClient, profile: Profile) -> list[Group]:
    """Every trait group of the store with this profile's values, filled groups first."""
    schemas = {group.display_name: group for group in _all_groups(store)}
    names = [*schemas, *(name for name in profile.traits if name not in schemas)]
    groups = [
        _group(name, schemas.get(name), profile.traits.get(name, {})) for name in names
    ]
    return sorted(groups, key=lambda group: not group.known)


def _all_groups(store: StoreClient) -> list[TraitGroup]:
    groups: list[TraitGroup] = []
    token: str | None = ""
    while token is not None:
        page = store.list_trait_groups(page_token=token)
        groups += page.items
        token = page.next_token
    # Oldest first: the built-in group, then the others as they were declared.
    return groups[::-1]


def _group(
    name: str, schema: TraitGroup | None, values: dict[str, TraitValue]
) -> Group:
    definitions = schema.traits if schema else {}
    rows = [
        TraitRow(
            trait,
            each.data_type,
            each.description,
            each.id_type_promotion,
            values.get(trait),
        )
        for trait, each in definitions.items()
    ]
    rows += [
        TraitRow(trait, "", "", "", value)
        for trait, value in values.items()
        if trait not in definitions
    ]
    return Group(name, schema.description if schema else "", tuple(rows))


@dataclass(frozen=True, slots=True)
class Day:
    """Observations of one day, UTC, newest first."""

    on: date
    observations: tuple[Observation, ...]


def by_day(observations: Sequence[Observation]) -> list[Day]:
    """A page of observations in the order in which they happened, newest first.

    The memory lists by when it learned a thing; a person asks when it happened.
    """
    newest = sorted(observations, key=lambda o: (o.occurred_at, o.id), reverse=True)
    return [
        Day(on, tuple(items))
        for on, items in groupby(newest, key=lambda o: o.occurred_at.date())
    ]


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
