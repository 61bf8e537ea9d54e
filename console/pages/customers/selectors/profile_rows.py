"""The rows of the list of profiles."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.store import StoreClient
from console.contract.memory.profile import Profile
from console.masking.masker import Masker
from console.web.budget import Budget, start_budget

# Each name takes one call; with a slow memory the reading stops after this time, and
# the rest of the list shows ids alone.
NAMES_S = 2.0


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A row of a list, masked: a list never shows a value in clear.

    profile  None when the memory did not answer in time
    contact  tells people of the same name apart
    """

    id: str
    profile: Profile | None
    name: str = ""
    contact: tuple[str, ...] = field(default=(), repr=False)


def fetch_profile_rows(
    store: StoreClient, ids: Iterable[str], masker: Masker
) -> list[ProfileRow]:
    """A row for each id. Profiles deleted in the meantime are left out."""
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
            _build_row(profile, masker) if profile else ProfileRow(profile_id, None)
        )
    return found


def _build_row(profile: Profile, masker: Masker) -> ProfileRow:
    return ProfileRow(
        profile.id,
        profile,
        masker.mask_name(profile.traits),
        masker.mask_contact(profile.traits),
    )
