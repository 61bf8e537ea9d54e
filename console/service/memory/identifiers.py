"""Identifiers: by what a customer is found. Contract 11.3."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from console.service import errors, limits
from console.service.memory.identity import (
    drop,
    holders,
    limit_of,
    read_identity,
    similar,
    values_of,
)
from console.service.memory.models import Identifier, Profile, Store
from console.service.memory.profiles import get_profile
from console.service.memory.resolution import attach
from console.service.memory.stores import lock_store


@dataclass(frozen=True, slots=True)
class Found:
    """What a lookup answers: the value as compared, and who holds it."""

    normalized_value: str
    profiles: tuple[str, ...]


def lookup(store: Store, id_type: str, value: str) -> Found:
    """Who holds a value. Raises Invalid."""
    identity = read_identity(store, id_type, value)
    found = holders(store, identity)[: limits.LOOKUP_RESULTS]
    if not found and (like := similar(store, identity)):
        found = holders(store, like)[: limits.LOOKUP_RESULTS]
    return Found(identity.value, tuple(found))


def identifiers_of(profile: Profile) -> dict[str, list[str]]:
    """Values by type, oldest first."""
    rows = Identifier.objects.of(profile).order_by("id_type", "added_at", "value")
    sets: dict[str, list[str]] = {}
    for id_type, value in rows.values_list("id_type", "value"):
        sets.setdefault(id_type, []).append(value)
    return sets


@transaction.atomic(using="memory")
def add_identifier(store: Store, profile_id: str, *, id_type: str, value: str) -> None:
    """Gives a profile one more value, and merges it with who held it. Raises
    NotFound, Invalid."""
    lock_store(store)
    profile = get_profile(store, profile_id)
    identity = read_identity(store, id_type, value)
    attach(store, profile, identity, now=timezone.now())


@transaction.atomic(using="memory")
def change_identifier(
    store: Store, profile_id: str, *, id_type: str, old: str, new: str
) -> None:
    """Puts one value in the place of another, and merges as add_identifier does.
    Raises NotFound, Invalid."""
    lock_store(store)
    profile = get_profile(store, profile_id)
    before, after = (read_identity(store, id_type, value) for value in (old, new))
    rows = Identifier.objects.of(profile).filter(id_type=id_type)
    held = rows.filter(value=before.value).first()
    if held is None:
        raise errors.NotFound("oldValue: this profile does not hold it.")
    if before == after:
        return
    drop(profile, id_type, [before.value])
    # In the old one's place: what a limit drops goes by the time a value came.
    attach(store, profile, after, now=held.added_at)


@transaction.atomic(using="memory")
def remove_identifier(
    store: Store, profile_id: str, *, id_type: str, remove_all: bool
) -> None:
    """Takes one value by the type's limit policy, or all. Raises NotFound."""
    lock_store(store)
    profile = get_profile(store, profile_id)
    values = values_of(profile, id_type)
    if not values:
        raise errors.NotFound("This profile has no identifier of that type.")
    if not remove_all:
        _, newest_goes = limit_of(store, id_type)
        values = values[-1:] if newest_goes else values[:1]
    drop(profile, id_type, values)
