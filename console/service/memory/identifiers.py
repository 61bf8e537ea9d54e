"""Identifiers: by what a customer is found. Contract 11.3."""

from django.db import transaction
from django.utils import timezone

from console.contract.memory.identifier import LOOKUP_RESULTS, LookupResult
from console.service import errors
from console.service.memory.identity import (
    find_holders,
    find_similar,
    get_value_limit,
    list_values,
    parse_identities,
    parse_identity,
    remove_values,
)
from console.service.memory.models import Identifier, Profile, Store
from console.service.memory.profiles import get_profile
from console.service.memory.resolution import assign_identifiers, join_holders
from console.service.memory.stores import lock_store
from console.service.memory.suppression import counting_refused


def look_up_profiles(store: Store, id_type: str, value: str) -> LookupResult:
    """Who holds a value. Raises Invalid."""
    identity, *phones = parse_identities(store, id_type, value, asked=True)
    holders = find_holders(store, identity)[:LOOKUP_RESULTS]
    if not holders and (similar := find_similar(store, identity)):
        holders = find_holders(store, similar)[:LOOKUP_RESULTS]
    for phone in phones:
        holders = holders or find_holders(store, phone)[:LOOKUP_RESULTS]
    return LookupResult(normalized_value=identity.value, profiles=tuple(holders))


def list_identifiers(profile: Profile) -> dict[str, list[str]]:
    """Values by type, oldest first."""
    rows = Identifier.objects.of(profile).order_by("id_type", "added_at", "value")
    values_by_type: dict[str, list[str]] = {}
    for id_type, value in rows.values_list("id_type", "value"):
        values_by_type.setdefault(id_type, []).append(value)
    return values_by_type


@counting_refused()
@transaction.atomic(using="memory")
def create_identifier(
    store: Store, profile_id: str, *, id_type: str, value: str
) -> list[str]:
    """Gives a profile one more value, and merges it with who held it; answers why it
    did not. Raises NotFound, Invalid, Erased."""
    lock_store(store)
    profile = get_profile(store, profile_id)
    identities = dict.fromkeys(parse_identities(store, id_type, value), "value")
    return assign_identifiers(store, profile, identities, now=timezone.now())[1]


@counting_refused()
@transaction.atomic(using="memory")
def patch_identifier(
    store: Store, profile_id: str, *, id_type: str, old: str, new: str
) -> list[str]:
    """Puts one value in the place of another, and merges as create_identifier does; the
    old one stays where the new one is refused. Raises NotFound, Invalid, Erased."""
    lock_store(store)
    profile = get_profile(store, profile_id)
    before = parse_identity(store, id_type, old, path="oldValue", asked=True)
    after = parse_identities(store, id_type, new, path="newValue")
    rows = Identifier.objects.of(profile).filter(id_type=id_type)
    held = rows.filter(value=before.value).first()
    if held is None:
        raise errors.NotFound("oldValue: not an identifier of this profile")
    if before == after[0]:
        return []
    profile, braked = join_holders(store, profile, after[0])
    if braked:
        return [f"newValue: {braked}"]
    remove_values(profile, id_type, [before.value])
    # In the old one's place: what a limit removes goes by the time a value came.
    identities = dict.fromkeys(after, "newValue")
    return assign_identifiers(store, profile, identities, now=held.added_at)[1]


@transaction.atomic(using="memory")
def delete_identifier(
    store: Store, profile_id: str, *, id_type: str, remove_all: bool
) -> None:
    """Removes one value by the type's limit policy, or all. Raises NotFound."""
    lock_store(store)
    profile = get_profile(store, profile_id)
    values = list_values(profile, id_type)
    if not values:
        raise errors.NotFound("idType: no identifier of this type on this profile")
    if not remove_all:
        _, newest_goes = get_value_limit(store, id_type)
        values = values[-1:] if newest_goes else values[:1]
    remove_values(profile, id_type, values)
