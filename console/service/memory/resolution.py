"""Who is meant by some identities, and what they belong to now. Contract 12."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from console.service.memory.identity import (
    Identity,
    holders,
    keep_within_limit,
    similar,
)
from console.service.memory.merging import merge
from console.service.memory.models import Identifier, Profile, Store


def resolve(store: Store, identities: Sequence[Identity]) -> Profile | None:
    """The profile that these mean, merged of several if need be; None: nobody yet.

    Under the store's lock. Rules are tried in order, and the first that matches
    decides (contract 12.1). A value that several may hold means somebody only when a
    second one does as well (12.2).
    """
    held = {identity: set(holders(store, identity)) for identity in identities}
    shared = Counter(id_ for ids in held.values() for id_ in ids)
    for rule in store.identitysettings.matching_rules:
        meant: set[str] = set()
        for identity, ids in held.items():
            if identity.id_type == rule:
                meant |= {id_ for id_ in ids if identity.exclusive or shared[id_] > 1}
                meant |= _alike(store, identity) if not ids else set()
        if meant:
            return merge(store, meant)
    return None


def _alike(store: Store, identity: Identity) -> set[str]:
    """For fuzzy types, the holder of the most similar value: never several, for a
    likeness alone must not make two people one."""
    found = similar(store, identity)
    return {min(holders(store, found))} if found else set()


def attach(
    store: Store, profile: Profile, identity: Identity, *, now: datetime
) -> Profile:
    """Gives a profile a value, under the store's lock; answers whose it is then.

    Another holder of a value that only one may hold is the same person: the two are
    merged, and the earlier of them goes on (contract 12.2).
    """
    held_by = set(holders(store, identity))
    if identity.exclusive and held_by - {profile.id}:
        profile = merge(store, held_by | {profile.id})
    if profile.id not in held_by:
        Identifier.objects.get_or_create(
            store_id=store.id,
            profile_id=profile.id,
            id_type=identity.id_type,
            value=identity.value,
            defaults={"exclusive": identity.exclusive, "added_at": now},
        )
        keep_within_limit(store, profile, identity.id_type)
    return profile
