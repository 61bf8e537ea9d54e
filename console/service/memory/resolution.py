"""Identity resolution: which profile some identities mean, and what merges.

Contract 7 and 12. Everything that writes runs under the store's lock.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from django.utils import timezone

from console.contract.memory.profile import MERGED_IDS_MAX
from console.databases.compaction import request_compaction
from console.service.memory.identity import (
    Identity,
    enforce_value_limit,
    find_holders,
    find_similar,
)
from console.service.memory.models import Identifier, MergedProfile, Profile, Store
from console.service.models import ProfileScoped, find_models


def resolve_profile(store: Store, identities: Sequence[Identity]) -> Profile | None:
    """The profile that these mean, merged of several if need be; None: nobody yet.

    Rules are tried in order, and the first that matches decides (contract 12.1). A
    value that several may hold means somebody only when a second one does as well
    (12.2).
    """
    held = {identity: set(find_holders(store, identity)) for identity in identities}
    shared = Counter(id_ for ids in held.values() for id_ in ids)
    for rule in store.identitysettings.matching_rules:
        meant: set[str] = set()
        for identity, ids in held.items():
            if identity.id_type == rule:
                meant |= {id_ for id_ in ids if identity.exclusive or shared[id_] > 1}
                if not ids and (similar := find_similar(store, identity)):
                    # Never several: a likeness alone must not make two people one.
                    meant.add(min(find_holders(store, similar)))
        if meant:
            return merge_profiles(store, meant)
    return None


def assign_identifier(
    store: Store, profile: Profile, identity: Identity, *, now: datetime
) -> Profile:
    """Gives a profile a value; answers whose it is then.

    Another holder of a value that only one may hold is the same person: the two are
    merged, and the earlier of them goes on (contract 12.2).
    """
    held_by = set(find_holders(store, identity))
    if identity.exclusive and held_by - {profile.id}:
        profile = merge_profiles(store, held_by | {profile.id})
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


def merge_profiles(store: Store, profile_ids: Collection[str]) -> Profile:
    """One profile of several: the earliest one goes on.

    Nothing is lost: what is below the others moves with its ids, each table by its
    own rule (ProfileScoped.move_rows); identifiers are united, as many as their
    type's limit keeps. The other ids lead to the canonical one from here on.
    """
    # Each row is held: whoever is writing below one of them is waited for.
    rows = Profile.objects.of(store).filter(id__in=profile_ids).select_for_update()
    canonical: Profile
    canonical, *others = rows.order_by("created_at", "id")
    for other in others:
        _merge_into(store, canonical, other)
    return canonical


def _merge_into(store: Store, canonical: Profile, merged: Profile) -> None:
    for model in find_models(ProfileScoped):
        model.move_rows(merged, canonical)
    id_types = Identifier.objects.of(canonical).values_list("id_type", flat=True)
    for id_type in set(id_types):
        enforce_value_limit(store, canonical, id_type)
    MergedProfile.objects.create(
        store_id=store.id,
        id=merged.id,
        profile_id=canonical.id,
        merged_at=timezone.now(),
    )
    merged.delete()
    request_compaction()


def get_canonical_id(store: Store, profile_id: str) -> str | None:
    """Which profile an id means that was merged away; None when it never was."""
    merged = MergedProfile.objects.filter(store_id=store.id, id=profile_id).first()
    return merged.profile_id if merged else None


def list_merged_ids(profile: Profile) -> list[str]:
    """The ids that a profile had before merges, the newest merge first."""
    merged = MergedProfile.objects.of(profile).order_by("-merged_at", "id")
    return list(merged.values_list("id", flat=True)[:MERGED_IDS_MAX])
