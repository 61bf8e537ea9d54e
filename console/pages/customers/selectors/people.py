"""Who the rows of a list are."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.store import StoreClient
from console.contract.memory.profile import Profile
from console.masking.masker import Masker
from console.web.budget import Budget, start_budget

# A list names its people one call each; a slow memory gets no longer than this, and
# the rest of the list shows ids alone.
NAMES_S = 2.0


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


def people_of(store: StoreClient, ids: Iterable[str], masker: Masker) -> list[Person]:
    """Who the ids are. Profiles that are gone meanwhile are left out."""
    found, budget = [], start_budget(NAMES_S)
    for profile_id in ids:
        try:
            profile = None if budget.is_spent() else store.fetch_profile(profile_id)
        except MemoryNotFound:
            continue
        except MemoryProblem:
            profile, budget = None, Budget(steps=0)
        budget.spend_step()
        found.append(
            person_of(profile, masker) if profile else Person(profile_id, None)
        )
    return found


def person_of(profile: Profile, masker: Masker) -> Person:
    return Person(
        profile.id,
        profile,
        masker.mask_name(profile.traits),
        masker.mask_contact(profile.traits),
    )
