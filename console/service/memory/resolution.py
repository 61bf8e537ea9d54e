"""Identity resolution: which profile some identities mean, and what merges.

Contract 7 and 12. Everything that writes runs under the store's lock.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from console.contract.memory.profile import MERGED_IDS_MAX
from console.service.memory.identity import (
    Identity,
    enforce_value_limit,
    find_holders,
    find_similar,
)
from console.service.memory.models import Identifier, MergedProfile, Profile, Store
from console.service.memory.suggestions import is_shared, join_profiles


def resolve_profile(store: Store, identities: Sequence[Identity]) -> Profile | None:
    """The profile that these mean, merged of several if need be; None: nobody yet.

    Rules are tried in order, and the first that matches decides (contract 12.1). A
    value that several may hold means somebody only when a second one does as well
    (12.2), and one that too many profiles stand behind only beside no other value.
    """
    held = {identity: set(find_holders(store, identity)) for identity in identities}
    shared = Counter(id_ for ids in held.values() for id_ in ids)
    weak = {each for each, ids in held.items() if ids and is_shared(store, each, ids)}
    followed = set(held) - weak or weak
    for rule in store.identitysettings.matching_rules:
        meant: set[str] = set()
        for identity, ids in held.items():
            if identity.id_type == rule and identity in followed:
                meant |= {id_ for id_ in ids if identity.exclusive or shared[id_] > 1}
                if not ids and (similar := find_similar(store, identity)):
                    # Never several: a likeness alone must not make two people one.
                    meant.add(min(find_holders(store, similar)))
        if meant:
            by = [each for each in followed if each.id_type == rule]
            return _join_all(store, meant, by, held)
    return None


def _join_all(
    store: Store,
    meant: Collection[str],
    by: Sequence[Identity],
    held: Mapping[Identity, Collection[str]],
) -> Profile:
    """The earliest of them, after the others have joined it."""
    profile: Profile
    rows = Profile.objects.of(store).filter(id__in=meant)
    profile, *others = rows.order_by("created_at", "id")
    for other in others:
        values = (each for each in by if other.id in held[each])
        profile = join_profiles(store, profile, other, next(values, by[0])) or profile
    return profile


def assign_identifier(
    store: Store, profile: Profile, identity: Identity, *, now: datetime
) -> Profile:
    """Gives a profile a value; answers as which one the profile goes on.

    Another holder of a value that only one may hold is the same person: the two are
    merged, and the earlier of them goes on (contract 12.2). Where the brake holds, the
    value stays with its holder.
    """
    held_by = set(find_holders(store, identity))
    if identity.exclusive and (others := held_by - {profile.id}):
        rows = Profile.objects.of(store).filter(id__in=others)
        for other in rows.order_by("created_at", "id"):
            profile = join_profiles(store, profile, other, identity) or profile
        held_by = set(find_holders(store, identity))
        if held_by - {profile.id}:
            return profile
    if profile.id not in held_by:
        Identifier.objects.get_or_create(
            store_id=store.id,
            profile_id=profile.id,
            id_type=identity.id_type,
            value=identity.value,
            defaults={"exclusive": identity.exclusive, "added_at": now},
        )
        enforce_value_limit(store, profile, identity.id_type)
    return profile


def get_canonical_id(store: Store, profile_id: str) -> str | None:
    """Which profile an id means that was merged away; None when it never was."""
    merged = MergedProfile.objects.filter(store_id=store.id, id=profile_id).first()
    return merged.profile_id if merged else None


def list_merged_ids(profile: Profile) -> list[str]:
    """The ids that a profile had before merges, the newest merge first."""
    merged = MergedProfile.objects.of(profile).order_by("-merged_at", "id")
    return list(merged.values_list("id", flat=True)[:MERGED_IDS_MAX])
