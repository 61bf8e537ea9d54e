"""Identity resolution: which profile some identities mean, and what merges.

Contract 7 and 12. Everything that writes runs under the store's lock.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import product
from types import MappingProxyType

from console.contract.memory.profile import MERGED_IDS_MAX
from console.service.memory.identity import (
    Identity,
    enforce_value_limit,
    find_holders,
    find_similar,
)
from console.service.memory.models import Identifier, MergedProfile, Profile, Store
from console.service.memory.suggestions import (
    Claims,
    find_namesake,
    find_waiting,
    is_shared,
    join_profiles,
    read_claims,
    suggest_merge,
)
from console.service.memory.suppression import refuse_erased

# Profiles, and what speaks against their being whom a request means.
Doubts = Mapping[str, Sequence[str]]
_NO_DOUBTS: Doubts = MappingProxyType({})
# Who holds each value, which of the values are followed, and to whom not.
WeighedValues = tuple[dict[Identity, set[str]], Collection[Identity], Doubts]


def resolve_profile(
    store: Store, identities: Collection[Identity], claims: Claims
) -> tuple[Profile | None, Doubts]:
    """The profile that these mean, merged of several if need be; None: nobody yet. With
    it, who holds one of the values and was not meant, and what speaks against it.

    Rules are tried in order, and the first that matches decides (contract 12.1). A
    value that several may hold means somebody only when a second one does as well
    (12.2), and one that too many profiles stand behind only beside no other value.
    """
    held, followed, doubts = weigh_values(store, identities, claims)
    shared = Counter(id_ for ids in held.values() for id_ in ids)
    others = [set(doubts)]
    if doubts and all(held.values()):
        # Somebody who brings nothing new is one of those who are known, but not by a
        # value that several leave.
        common = {
            id_
            for each, ids in held.items()
            if find_waiting(store, each)
            for id_ in ids
        }
        others.append(common | {x for x, why in doubts.items() if "emails" not in why})
    for doubted, rule in product(others, store.identitysettings.matching_rules):
        meant: set[str] = set()
        for identity, ids in held.items():
            if identity.id_type == rule and identity in followed:
                meant |= {id_ for id_ in ids if identity.exclusive or shared[id_] > 1}
                if not ids and (similar := find_similar(store, identity)):
                    # Never several: a likeness alone must not make two people one.
                    meant.add(min(find_holders(store, similar)))
        if meant := meant - doubted:
            by = [each for each in followed if each.id_type == rule]
            profile = _join_all(store, meant, by, held)
            return profile, {key: doubts[key] for key in doubts.keys() - {profile.id}}
    return None, doubts


def weigh_values(
    store: Store, identities: Collection[Identity], claims: Claims
) -> WeighedValues:
    held = {identity: set(find_holders(store, identity)) for identity in identities}
    weak = {each for each, ids in held.items() if ids and is_shared(store, each, ids)}
    followed = set(held) - weak or weak
    return held, followed, _doubt_holders(store, held, claims, alone=followed & weak)


def _doubt_holders(
    store: Store,
    held: dict[Identity, set[str]],
    claims: Claims,
    *,
    alone: Collection[Identity],
) -> Doubts:
    """Those of another name than the request's, or of no name and too many values, who do
    not seem to be meant. In `held` a namesake who waits to be joined by the value takes
    their place.

    alone  the values that many profiles stand behind, where there are no others
    """
    brake = store.identitysettings.merge_brake
    holders = {id_ for ids in held.values() for id_ in ids}
    if brake == "off" or not holders:
        return {}
    known = read_claims(store, holders)
    doubts = {id_: ["shared"] for id_ in known if claims.is_of_many(known[id_])}
    if not claims.names or brake != "on":
        return doubts
    others = {id_ for id_ in known if claims.is_namesake(known[id_]) is False}
    for id_ in others:
        if why := claims.list_contradictions(known[id_]):
            doubts[id_] = why
        elif claims.is_third(known[id_]):
            doubts[id_] = ["names", "shared"]
    # Where nothing is held by one of this name, one who waits may be meant; and behind a
    # value that several leave, a further name is a further person's.
    lost = all(ids <= others for ids in held.values())
    for identity in [x for x, ids in held.items() if x.exclusive and ids and lost]:
        why = ["names", "shared"] if identity in alone else ["names"]
        waiting = find_waiting(store, identity)
        namesake = find_namesake(store, waiting, claims)
        if waiting or identity in alone:
            doubts = dict.fromkeys(held[identity], why) | doubts
        if namesake:
            held[identity] = {namesake}
    return doubts


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
        profile, _ = join_profiles(store, profile, other, next(values, by[0]))
    return profile


def join_holders(
    store: Store, profile: Profile, identity: Identity, doubts: Doubts = _NO_DOUBTS
) -> tuple[Profile, str]:
    """Merges a profile with who holds a value; answers as which one it goes on, and why
    it cannot have the value.

    Another holder of a value that only one may hold is the same person: the two are
    merged, and the earlier of them goes on (contract 12.2). Where the brake holds, the
    value stays with its holder.
    """
    others = set(find_holders(store, identity)) - {profile.id}
    if not (identity.exclusive and others):
        return profile, ""
    why = ""
    rows = Profile.objects.of(store).filter(id__in=others)
    for other in rows.order_by("created_at", "id"):
        if other.id in doubts:
            why = suggest_merge(store, profile, other, identity, doubts[other.id])
        else:
            profile, why = join_profiles(store, profile, other, identity)
    is_held = set(find_holders(store, identity)) - {profile.id}
    return profile, why if is_held else ""


def _assign(
    store: Store, profile: Profile, identity: Identity, doubts: Doubts, now: datetime
) -> tuple[Profile, str]:
    profile, why = join_holders(store, profile, identity, doubts)
    if not why and profile.id not in find_holders(store, identity):
        Identifier.objects.get_or_create(
            store_id=store.id,
            profile_id=profile.id,
            id_type=identity.id_type,
            value=identity.value,
            defaults={"exclusive": identity.exclusive, "added_at": now},
        )
        enforce_value_limit(store, profile, identity.id_type)
    return profile, why


def assign_identifiers(
    store: Store,
    profile: Profile,
    identities: Mapping[Identity, str],
    *,
    now: datetime,
    doubts: Doubts = _NO_DOUBTS,
) -> tuple[Profile, list[str]]:
    """Each with where it stands in the request. What nobody holds comes first: it makes
    a somebody of whom others are told apart. Raises Erased."""
    paths = {(each.id_type, each.value): path for each, path in identities.items()}
    refuse_erased(store, paths)
    refused = []
    for identity in sorted(identities, key=lambda x: find_holders(store, x).exists()):
        profile, why = _assign(store, profile, identity, doubts, now)
        if why:
            refused.append(f"{identities[identity]}: {why}")
    return profile, refused


def get_canonical_id(store: Store, profile_id: str) -> str | None:
    """Which profile an id means that was merged away; None when it never was."""
    merged = MergedProfile.objects.filter(store_id=store.id, id=profile_id).first()
    return merged.profile_id if merged else None


def list_merged_ids(profile: Profile) -> list[str]:
    """The ids that a profile had before merges, the newest merge first."""
    merged = MergedProfile.objects.of(profile).order_by("-merged_at", "id")
    return list(merged.values_list("id", flat=True)[:MERGED_IDS_MAX])
