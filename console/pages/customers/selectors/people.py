"""Who the rows of a list are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.store import StoreClient
from console.client.values import Profile
from console.masking.masker import Veil

# A list names its people one call each; a slow memory gets no longer than this, and
# the rest of the list shows ids alone.
NAMES_S = 2.0
CONTACT_TRAITS = ("email", "phone")


@dataclass(frozen=True, slots=True)
class Person:
    """A row of a list, masked: a list never shows a value in clear.

    profile  None when the memory was too slow to say who
    contact  what tells people of one name apart
    """

    id: str
    profile: Profile | None
    name: str = ""
    contact: tuple[str, ...] = field(default=(), repr=False)


def people_of(store: StoreClient, ids: Iterable[str], veil: Veil) -> list[Person]:
    """Who the ids are. Profiles that are gone meanwhile are left out."""
    found, until = [], monotonic() + NAMES_S
    for profile_id in ids:
        try:
            profile = store.fetch_profile(profile_id) if monotonic() < until else None
        except MemoryNotFound:
            continue
        except MemoryProblem:
            profile, until = None, 0.0
        found.append(person_of(profile, veil) if profile else Person(profile_id, None))
    return found


def person_of(profile: Profile, veil: Veil) -> Person:
    return Person(
        profile.id,
        profile,
        veil.name(profile.traits),
        contact_of(profile.traits, veil),
    )


def contact_of(
    traits: Mapping[str, Mapping[str, object]], veil: Veil
) -> tuple[str, ...]:
    return tuple(
        veil.trait(group, name, str(members[name])).text
        for group, members in traits.items()
        for name in CONTACT_TRAITS
        if members.get(name)
    )
