"""Profiles: who the customers of a store are. Contract 11.1 and section 12."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from console.contract.ids import PROFILE_ID, new_id
from console.service import errors
from console.service.memory.identity import Identity, get_promoted_identities
from console.service.memory.models import Profile, Store
from console.service.memory.resolution import (
    assign_identifier,
    get_canonical_id,
    resolve_profile,
)
from console.service.memory.stores import lock_store
from console.service.memory.tombstones import bury
from console.service.memory.traits import (
    CheckedTrait,
    Payload,
    check_traits,
    write_traits,
)
from console.service.models.scope import ProfileScoped, find_models

# Many profiles are written so many at a time under one lock of the store: others who
# write there wait so long, not for all.
CHUNK = 100


def get_profile(store: Store, profile_id: str, *, lock: bool = False) -> Profile:
    """The one scoped lookup. With `lock`, the row is held to the transaction's end.

    Raises Invalid for a malformed id, NotFound for a foreign or unknown one, Moved
    for one that was merged into another.
    """
    if not PROFILE_ID.fullmatch(profile_id):
        raise errors.Invalid("profileId: not a valid profile id")
    rows = Profile.objects.of(store)
    if lock:
        rows = rows.select_for_update()
    profile: Profile | None = rows.filter(id=profile_id).first()
    if profile is None:
        if canonical_id := get_canonical_id(store, profile_id):
            raise errors.Moved(profile_id, canonical_id)
        raise errors.NotFound("Profile not found.")
    return profile


@transaction.atomic(using="memory")
def create_profile(store: Store, payload: Payload) -> Profile:
    """A new profile, or the one that these traits already identify; several of them
    become one.

    Raises Invalid (unknown traits, no identifier among them).
    """
    store = lock_store(store)
    traits, identities = _check_payload(store, payload)
    now = timezone.now()
    profile = resolve_profile(store, identities)
    if profile is None:
        profile = Profile(store_id=store.id, id=new_id("mem_profile"), created_at=now)
        profile.save(force_insert=True)
    for identity in identities:
        profile = assign_identifier(store, profile, identity, now=now)
    write_traits(profile, traits, now=now)
    return profile


def _check_payload(
    store: Store, payload: Payload
) -> tuple[list[CheckedTrait], list[Identity]]:
    """A new profile's traits, and by what it is found. Raises Invalid."""
    traits = [t for t in check_traits(store, payload) if t.value is not None]
    identities = get_promoted_identities(store, traits)
    if not identities:
        raise errors.Invalid(
            "traits: at least one trait that is an identifier is required, such as"
            " Contact.email or Contact.phone"
        )
    return traits, identities


def put_profiles(store: Store, payloads: Sequence[Payload]) -> dict[int, str]:
    """Each as create_profile, in order; answers which were refused, and why."""
    refused: dict[int, str] = {}
    for start in range(0, len(payloads), CHUNK):
        chunk = create_profiles(store, payloads[start : start + CHUNK])
        refused |= {start + index: message for index, message in chunk.items()}
    return refused


@transaction.atomic(using="memory")
def create_profiles(store: Store, payloads: Sequence[Payload]) -> dict[int, str]:
    """One transaction, in which each item stands for itself: a refused one leaves
    nothing behind and the others stay. Raises NotFound for a store that is gone."""
    lock_store(store)
    refused = {}
    for index, payload in enumerate(payloads):
        try:
            create_profile(store, payload)
        except errors.Invalid as exc:
            refused[index] = exc.message
    return refused


@transaction.atomic(using="memory")
def patch_profile(store: Store, profile_id: str, payload: Payload) -> None:
    """Sets the given traits, null removes one; an identifier of another profile merges
    the two. Raises Invalid, NotFound."""
    lock_store(store)
    profile = get_profile(store, profile_id)
    traits = check_traits(store, payload)
    now = timezone.now()
    for identity in get_promoted_identities(store, traits):
        profile = assign_identifier(store, profile, identity, now=now)
    write_traits(profile, traits, now=now)


@transaction.atomic(using="memory")
def delete_profile(store: Store, profile_id: str) -> None:
    """Removes a profile and everything under it. Raises NotFound."""
    lock_store(store)
    profile = get_profile(store, profile_id, lock=True)
    bury([profile])
    for model in find_models(ProfileScoped):
        model.objects.of(profile).delete()
    profile.delete()
