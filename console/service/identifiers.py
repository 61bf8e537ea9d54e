"""Identifiers: by what a customer is found. Contract 11.3."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from console.service import errors, limits
from console.service.identity import (
    attach,
    drop,
    holders,
    limit_of,
    read_identity,
    values_of,
)
from console.service.models import Identifier, Profile, Store
from console.service.profiles import get_profile
from console.service.stores import lock_store


@dataclass(frozen=True, slots=True)
class Found:
    """What a lookup answers: the value as compared, and who holds it."""

    normalized_value: str
    profiles: tuple[str, ...]


def lookup(store: Store, id_type: str, value: str) -> Found:
    """Who holds a value. Raises Invalid."""
    identity = read_identity(store, id_type, value)
    return Found(
        identity.value, tuple(holders(store, identity)[: limits.LOOKUP_RESULTS])
    )


def identifiers_of(profile: Profile) -> dict[str, list[str]]:
    """Values by type, oldest first."""
    rows = Identifier.objects.of(profile).order_by("id_type", "added_at", "value")
    sets: dict[str, list[str]] = {}
    for id_type, value in rows.values_list("id_type", "value"):
        sets.setdefault(id_type, []).append(value)
    return sets


@transaction.atomic(using="memory")
def add_identifier(store: Store, profile_id: str, *, id_type: str, value: str) -> None:
    """Gives a profile one more value. Raises NotFound, Invalid, Conflict."""
    lock_store(store)
    profile = get_profile(store, profile_id)
    identity = read_identity(store, id_type, value)
    attach(store, profile, identity, now=timezone.now())


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
