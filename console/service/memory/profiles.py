"""Profiles: who the customers of a store are. Contract 11.1 and section 12."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, product
from operator import itemgetter

from django.db import connections, transaction
from django.db.models import BinaryField, Exists, OuterRef, Q
from django.db.models.functions import Substr
from django.utils import timezone

from console.contract.ids import PROFILE_ID, new_id
from console.contract.memory.profile import SearchProfiles, SearchResult
from console.contract.naming import pick_names
from console.engine.words import split_value
from console.service import errors
from console.service.conversations.rules import WriteRules
from console.service.memory.identity import (
    KEPT,
    Identity,
    find_holders,
    get_promoted_identities,
)
from console.service.memory.merging import merge_profiles
from console.service.memory.models import (
    IndexedItem,
    Profile,
    Store,
    TraitTerm,
    build_trait_key,
)
from console.service.memory.prepared import PREPARED
from console.service.memory.queries import change_version, read_row
from console.service.memory.resolution import (
    assign_identifiers,
    get_canonical_id,
    resolve_profile,
)
from console.service.memory.stores import lock_store
from console.service.memory.suggestions import Claims, build_claims, read_claims
from console.service.memory.suppression import counting_refused, suppress
from console.service.memory.tombstones import bury
from console.service.memory.trait_groups import Definitions
from console.service.memory.traits import (
    CheckedTrait,
    Payload,
    UnknownTrait,
    check_traits,
    get_groups,
    write_traits,
)
from console.service.models import ProfileScoped, find_models

NO_IDENTIFIER = (
    "traits: at least one trait that is an identifier is required, such as Contact.email"
    " or Contact.phone"
)


# Of customers with one of several words: whether they are more does not matter.
SCANNED = 5000


def get_profile(store: Store, profile_id: str, *, lock: bool = False) -> Profile:
    """The one scoped lookup. With `lock`, for who changes what Recall reads: the row is
    held to the transaction's end.

    Raises Invalid for a malformed id, NotFound for a foreign or unknown one, ProfileMoved
    for one that was merged into another.
    """
    if not PROFILE_ID.fullmatch(profile_id):
        raise errors.Invalid("profileId: not a valid profile id")
    if lock:
        change_version(store.id, profile_id, updated_at=timezone.now())
    profile: Profile | None = read_row(Profile, store_id=store.id, id=profile_id)
    if profile is None:
        PREPARED.forget(store.id, profile_id)
        if canonical_id := get_canonical_id(store, profile_id):
            raise errors.ProfileMoved(profile_id, canonical_id)
        raise errors.NotFound("Profile not found.")
    return profile


def search_profiles(store: Store, asked: SearchProfiles) -> SearchResult:
    """Those with the whole value first, then those in which each word is found."""
    words, value = split_value(asked.query)
    if not words:
        raise errors.Invalid("query: must hold a letter or a digit")
    whole, exact, prefix = (
        [build_trait_key(group, name) for group in named for name in named[group]]
        for named in (asked.whole or {}, asked.words or {}, asked.prefix or {})
    )
    if asked.whole is asked.words is asked.prefix is None:
        groups = get_groups(store)
        prefix = [build_trait_key(group, x) for group in groups for x in groups[group]]
    rows = TraitTerm.objects.filter(store_id=store.id).values_list("profile_id")
    among = Q(trait__in=[*exact, *prefix])
    *first, last = (word.encode() for word in words)
    # No byte of UTF-8 comes after ff.
    begun = Q(trait__in=prefix, term__gte=last, term__lt=last + b"\xff")
    same = rows.filter(profile_id=OuterRef("profile_id"))
    begins = same.filter(begun)
    if connections["memory"].vendor == "sqlite":
        # Without statistics it would read all that begins so in a trait, each time, were
        # that not said by functions.
        start = Substr("term", 1, len(last), output_field=BinaryField())
        begins = same.alias(begin=start, at=Substr("trait", 1)).filter(
            at__in=prefix, begin=last
        )
    value_in = Q(trait__in=[*whole, *exact, *prefix], term=value.encode())
    found = [rows.filter(value_in, is_whole=True)]

    def measure(way: Q) -> int:
        return rows.filter(way)[:SCANNED].count() if first else 1

    # Of each word the ways to find it: how many have it, its rows, those of a profile.
    exactly = [among & Q(term=word) for word in (*first, last)]
    sides = [[(measure(way), way, same.filter(way))] for way in exactly]
    sides[-1].append((measure(begun), begun, begins))
    # A query each, for PostgreSQL makes no join of an OR. The rarest word leads, and of
    # each who has it the others are looked up.
    for ways in product(*sides):
        (size, lead, _), *more = sorted(ways, key=itemgetter(0))
        if size:
            found.append(rows.filter(lead, *(Exists(x) for *_, x in more)))
    # A profile can have a word in several traits.
    most, ids = asked.limit * 4 + 1, dict[str, None]()
    for each in found:
        if len(ids) <= asked.limit:
            ids |= dict.fromkeys(id_ for (id_,) in each[:most])
    return SearchResult(
        profiles=tuple(ids)[: asked.limit], has_more=len(ids) > asked.limit
    )


@dataclass(frozen=True, slots=True)
class CheckedProfile:
    """What fits the store.

    identities  what the traits feed, at least one, and where these stand
    unfit       of which traits the value names nobody, and why
    refused     which traits the store's rules do not let in
    """

    traits: Sequence[CheckedTrait]
    identities: Mapping[Identity, str]
    unfit: Sequence[str] = ()
    refused: Sequence[str] = ()

    @property
    def names(self) -> dict[str, str]:
        return pick_names((x.trait_group, x.name, x.value) for x in self.traits)


@counting_refused()
@transaction.atomic(using="memory")
def create_profile(store: Store, payload: Payload) -> tuple[Profile, list[str]]:
    """A new profile, or the one that these traits already identify; several of them
    become one. With it, by which values it is not found, and why.

    Raises Invalid (unknown traits, no identifier among them), Erased.
    """
    store = lock_store(store)
    checked = check_payload(store, payload)
    profile, braked = write_profile(store, checked, now=timezone.now())
    told = [why + KEPT for why in (*checked.unfit, *braked)]
    return profile, [*told, *checked.refused]


def write_profile(
    store: Store, checked: CheckedProfile, *, now: datetime
) -> tuple[Profile, list[str]]:
    """What create_profile does with what it has checked; many at once are written by
    profile_batches, which has to come to the same end."""
    identities = checked.identities
    claims = build_claims(store, identities, checked.names)
    profile, doubts = resolve_profile(store, identities, claims)
    if profile is None:
        profile = _create_row(store, now)
    elif _is_stranger(store, profile, claims):
        # Two who give nothing but one value are one; the name of either is kept, and
        # tells the third apart from them.
        newcomer = _create_row(store, now)
        write_traits(newcomer, checked.traits, now=now)
        by = next(x for x in identities if profile.id in find_holders(store, x))
        profile = merge_profiles(store, profile.id, newcomer.id, by)
    profile, braked = assign_identifiers(
        store, profile, identities, now=now, doubts=doubts
    )
    write_traits(profile, checked.traits, now=now)
    return profile, braked


def _create_row(store: Store, now: datetime) -> Profile:
    profile = Profile(store_id=store.id, id=new_id("mem_profile"), created_at=now)
    profile.save(force_insert=True)
    return profile


def _is_stranger(store: Store, profile: Profile, claims: Claims) -> bool:
    """Whether nobody of a profile has been called so."""
    if not claims.names or store.identitysettings.merge_brake != "on":
        return False
    return claims.are_strangers(read_claims(store, [profile.id])[profile.id])


def check_payload(
    store: Store, payload: Payload, groups: Mapping[str, Definitions] | None = None
) -> CheckedProfile:
    """Raises Invalid, naming a trait."""
    checked = check_traits(store, payload, groups)
    given = (trait for trait in checked if trait.value is not None)
    traits, refused = WriteRules.of(store).part_traits(given)
    identities, unfit = get_promoted_identities(store, traits)
    if not identities:
        raise errors.Invalid(unfit[0] if unfit else NO_IDENTIFIER)
    return CheckedProfile(traits, identities, unfit, refused)


@counting_refused()
@transaction.atomic(using="memory")
def patch_profile(
    store: Store, profile_id: str, payload: Payload, *, heard: bool = False
) -> list[str]:
    """Sets the given traits, null removes one; an identifier of another profile merges
    the two, or suggests it for a value that was only heard in a conversation. Answers by
    which values it is not found, and why. Raises Invalid, NotFound, Erased."""
    store, refused = lock_store(store), list[str]()
    profile = get_profile(store, profile_id)
    try:
        traits = check_traits(store, payload)
    except UnknownTrait as exc:
        raise errors.Invalid(
            f"Trait not registered for this service: {exc.trait}"
        ) from exc
    if not heard:
        traits, refused = WriteRules.of(store).part_traits(traits)
    now = timezone.now()
    identities, unfit = get_promoted_identities(store, traits)
    # Before its values, so that it is known by its new name when others hold these.
    write_traits(profile, traits, now=now)
    doubts = {
        id_: ["heard"]
        for each in (identities if heard else ())
        for id_ in find_holders(store, each)
    }
    profile, braked = assign_identifiers(
        store, profile, identities, now=now, doubts=doubts
    )
    # What is to go does not come back with another profile.
    write_traits(profile, [each for each in traits if each.value is None], now=now)
    return [*(why + KEPT for why in (*unfit, *braked)), *refused]


@transaction.atomic(using="memory")
def delete_profile(store: Store, profile_id: str, *, suppressed: bool = False) -> None:
    """Removes a profile and everything under it. Raises NotFound.

    suppressed  its identifiers are not learned again until a person lifts that
    """
    lock_store(store)
    profile = get_profile(store, profile_id, lock=True)
    if suppressed:
        suppress(profile)
    # By an id alone it is told that an item was deleted; and a backup may be of the time
    # when the profile was merged: there its items are another's.
    items = (model.objects.of(profile).only("id") for model in find_models(IndexedItem))
    bury(chain([profile], *(rows.iterator() for rows in items)))
    for model in find_models(ProfileScoped):
        model.delete_rows(profile)
    profile.delete()
