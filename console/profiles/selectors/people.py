"""Who the rows of a list are."""

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.store import StoreClient
from console.client.values import Profile, TraitValue
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


def people_of(store: StoreClient, ids: Iterable[str]) -> list[Person]:
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
