"""Profiles in a list, masked, and what tells those with the same identifier apart."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.network import IN_FLIGHT
from console.client.store import StoreClient
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.profile import Profile
from console.core.outgoing import within
from console.masking.masker import Masker
from console.tenants.models import Tenant
from console.web.budget import Budget, start_budget

# Three calls each: further profiles are shown by their ids alone.
CANDIDATES = 10
CANDIDATES_S = 3.0
# Each name takes one call; with a slow memory the reading stops after this time, and
# the rest of the list shows ids alone.
NAMES_S = 2.0
# Of one type: a phone keeps up to 100, and the oldest say least.
VALUES = 3
# Reserved for examples (RFC 2606): no customer has an address there, and each that the
# console itself makes to try a memory has one (console/monitoring/synthetic.py).
SYNTHETIC = "synthetic.example"
# The names of a profile that is there no more, and of one that was not read in time.
GONE, UNREAD = "gone", "name not read"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One matching profile, masked; all but its id may be unknown.

    contact      tells people of the same name apart
    known_since  None where the memory did not answer in time
    identifiers  by what it is found beside the contact: the newest of each type
    newest_at    when the memory last learned something of this customer
    is_synthetic  a customer that the console has made to try the memory
    """

    id: str
    tenant: Tenant | None = None
    name: str = field(default="", repr=False)
    contact: tuple[str, ...] = field(default=(), repr=False)
    known_since: datetime | None = None
    identifiers: tuple[str, ...] = field(default=(), repr=False)
    newest_at: datetime | None = None
    is_synthetic: bool = False

    @property
    def called(self) -> str:
        """By name, else by the first contact."""
        return next(filter(None, (self.name, *self.contact)), "")

    @property
    def reached(self) -> tuple[str, ...]:
        """The contact beside that."""
        return self.contact if self.name else self.contact[1:]


COLUMNS = ("tenant", "known_since", "identifiers", "newest_at")


def fetch_candidates(
    store: StoreClient, tenant: Tenant, ids: Iterable[str]
) -> list[Candidate]:
    """A candidate for each id; ids alone once the memory does not answer in time."""
    found = []
    with within(CANDIDATES_S):
        for number, profile_id in enumerate(ids):
            is_fetched = number < CANDIDATES
            found.append(
                _fetch_candidate(store, tenant, profile_id)
                if is_fetched
                else Candidate(profile_id, tenant)
            )
    return found


def _fetch_candidate(store: StoreClient, tenant: Tenant, profile_id: str) -> Candidate:
    try:
        profile, identifiers, newest = store.gather(
            partial(store.fetch_profile, profile_id),
            partial(store.list_identifiers, profile_id),
            partial(store.list_observations, profile_id, page_size=1),
        )
    except MemoryProblem:  # gone meanwhile, or too slow: the id still leads there
        return Candidate(profile_id, tenant)
    masker = Masker(tenant)
    contact = [
        each.casefold() for each in masker.mask_contact(profile.traits, identifiers)
    ]
    return mask_candidate(
        profile,
        identifiers,
        masker,
        tenant=tenant,
        identifiers=tuple(
            f"{held.id_type} {value.text}"
            for held in identifiers
            for value in masker.mask_identifier(held.id_type, held.values[-VALUES:])
            if value.text.casefold() not in contact
        ),
        newest_at=newest.items[0].created_at if newest.items else None,
    )


def attempt(call: Callable[..., Any], *args: Any) -> Any:
    """What it answers, or the MemoryProblem that costs one part of the card alone."""
    try:
        return call(*args)
    except MemoryProblem as problem:
        return problem


def fetch_profile_rows(
    store: StoreClient, ids: Sequence[str], masker: Masker
) -> list[Candidate]:
    """A row for each id. Profiles deleted in the meantime are left out. The masker knows
    then the names and numbers of those that were read."""
    reads = [partial(attempt, x) for x in (store.fetch_profile, store.list_identifiers)]
    rows, budget = [], start_budget(NAMES_S)
    for start in range(0, len(ids), IN_FLIGHT):
        some = ids[start : start + IN_FLIGHT]
        if budget.is_spent():
            rows += [Candidate(profile_id) for profile_id in some]
            continue
        answers = store.gather(*(partial(read, x) for read in reads for x in some))
        profiles, held = answers[: len(some)], answers[len(some) :]
        for profile_id, found, values in zip(some, profiles, held, strict=True):
            budget.spend_step()
            if isinstance(found, MemoryNotFound):
                continue
            if isinstance(found, MemoryProblem) or isinstance(values, MemoryProblem):
                budget = Budget(steps=0)
                rows.append(Candidate(profile_id))
                continue
            masker.know_also(found.traits, values)
            rows.append(mask_candidate(found, values, masker))
    return rows


def name_people(
    store: StoreClient, ids: Iterable[str], masker: Masker
) -> dict[str, str]:
    """Masked names, or contacts; as far as the memory answers in time."""
    ids = [*dict.fromkeys(ids)]
    people = fetch_profile_rows(store, ids, masker)
    named = {x.id: x.called or ("no name" if x.known_since else UNREAD) for x in people}
    return dict.fromkeys(ids, GONE) | named


def mask_candidate(
    profile: Profile, held: Iterable[IdentifierSet], masker: Masker, **further: Any
) -> Candidate:
    return Candidate(
        profile.id,
        name=masker.mask_name(profile.traits),
        contact=masker.mask_contact(profile.traits, held),
        known_since=profile.created_at,
        is_synthetic=is_synthetic(profile),
        **further,
    )


def is_synthetic(profile: Profile) -> bool:
    values = (x for group in profile.traits.values() for x in group.values())
    return any(str(x).lower().endswith(f"@{SYNTHETIC}") for x in values)


def list_differing_columns(found: list[Candidate]) -> list[str]:
    """Those that help to choose, beside the name and the contact, by which people know
    each other."""
    return [
        name
        for name in COLUMNS
        if len({str(getattr(each, name)) for each in found}) > 1
    ]
