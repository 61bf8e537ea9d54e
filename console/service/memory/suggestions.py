"""The brake on merges: what may be two people waits until a person says they are one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from console.contract.ids import new_id
from console.contract.memory.merge import SHARED_PROFILES_MAX
from console.contract.naming import are_strangers, is_namesake, pick_names
from console.service import errors
from console.service.memory.identity import Identity, find_holders
from console.service.memory.merging import merge_profiles
from console.service.memory.models import (
    Identifier,
    MergeSuggestion,
    Profile,
    ProfilePart,
    Store,
    Trait,
)
from console.service.memory.stores import lock_store
from console.service.models import ProfileScoped, find_models

KINDS = ("phone", "email")
WAITING_MAX = 2000  # suggestions that are looked through for a name
# Where values are found that have joined profiles, or would, and the profiles.
JUDGED = (
    (ProfilePart, "id", "profile_id"),
    (MergeSuggestion, "profile_id", "other_id"),
)


@dataclass(frozen=True, slots=True)
class Claims:
    """What tells people apart, as a profile has it or as a request says it.

    names   that somebody is called by, each as the traits that name them
    values  (phone or email, identifier type, value)
    """

    names: Sequence[Mapping[str, str]]
    values: Collection[tuple[str, str, str]] = ()

    def is_namesake(self, other: "Claims") -> bool | None:
        """By any of the names that both have; None where that cannot be told."""
        told = {is_namesake(*pair) for pair in product(self.names, other.names)}
        return True in told or (False if False in told else None)

    def list_contradictions(self, other: "Claims") -> list[str]:
        """What speaks against their being one: a name alone does not."""
        kinds = [each for each in KINDS if self.has_other_values(each, other)]
        is_other = kinds and self.is_namesake(other) is False
        return ["names", f"{kinds[0]}s"] if is_other else []

    def is_of_many(self, other: "Claims") -> bool:
        """Nobody says who these are, and the other has been given more phone numbers or
        addresses than one person has: one more is a stranger's."""
        return self.is_namesake(other) is None and any(
            self.has_other_values(kind, other)
            and len(other._pick(kind, "")) > SHARED_PROFILES_MAX
            for kind in KINDS
        )

    def are_strangers(self, other: "Claims") -> bool:
        """By each of the names that they have."""
        pairs = list(product(self.names, filter(None, other.names)))
        return bool(pairs) and all(are_strangers(*pair) for pair in pairs)

    def is_third(self, other: "Claims") -> bool:
        """Whether two others who have nothing in common have given the other's values:
        a household or a company shares them."""
        return self.are_strangers(other) and any(
            are_strangers(*pair) for pair in combinations(other.names, 2)
        )

    def has_other_values(self, kind: str, other: "Claims") -> bool:
        """Both have some of a kind, phone or email, and none in common: of all types, or
        of one. Two who share a WhatsApp number may each have a phone of their own."""
        types = {id_type for each, id_type, _ in self.values if each == kind}
        return any(
            mine and others and mine.isdisjoint(others)
            for wanted in ("", *types)
            for mine, others in [(self._pick(kind, wanted), other._pick(kind, wanted))]
        )

    def _pick(self, kind: str, wanted: str) -> set[str]:
        return {
            value
            for each, id_type, value in self.values
            if each == kind and wanted in {id_type, ""}
        }


def build_claims(
    store: Store, identities: Iterable[Identity], names: Mapping[str, str]
) -> Claims:
    values = {_get_claim(store, each.id_type, each.value) for each in identities}
    return Claims([names] if names else [], values)


def _get_claim(store: Store, id_type: str, value: str) -> tuple[str, str, str]:
    """With how it is normalised: phone, email, trim or none."""
    if id_type == "whatsapp":
        return "phone", id_type, value.removeprefix("whatsapp:")
    config = store.identitysettings.get_config(id_type) or {}
    return str(config.get("normalization", "")), id_type, value


def read_claims(store: Store, profile_ids: Collection[str]) -> dict[str, Claims]:
    """Where a profile has no name of its own, it is called as in its conversations. One
    that was merged answers to what each part of it was called as well."""
    named: dict[str, dict[str, str]] = {}
    for model in sorted(find_models(ProfileScoped), key=lambda x: x is Trait):
        named |= model.read_names(store.id, profile_ids)
    names = {id_: [named[id_]] if id_ in named else [] for id_ in profile_ids}
    parts = ProfilePart.objects.filter(store_id=store.id, profile_id__in=profile_ids)
    for part in parts:
        traits = part.load_facts(Trait)
        names[part.profile_id].append(
            pick_names((x.trait_group, x.name, x.value) for x in traits)
        )
    values: dict[str, set[tuple[str, str, str]]] = {id_: set() for id_ in profile_ids}
    rows = Identifier.objects.filter(store_id=store.id, profile_id__in=profile_ids)
    for id_, *value in rows.values_list("profile_id", "id_type", "value"):
        values[id_].add(_get_claim(store, *value))
    return {id_: Claims(names[id_], values[id_]) for id_ in profile_ids}


def find_waiting(store: Store, by: Identity) -> set[str]:
    """Who waits to be joined by a value, or was kept apart, and its holder with them."""
    waiting: set[str] = set()
    rows = MergeSuggestion.objects.filter(
        store_id=store.id, id_type=by.id_type, value=by.value
    )
    for pair in rows.values_list("profile_id", "other_id")[:WAITING_MAX]:
        waiting.update(pair)
    return waiting


def find_namesake(store: Store, waiting: Collection[str], claims: Claims) -> str | None:
    """The only one of this name among those who wait, if there is one."""
    # Of most it is enough to read what they are called, which is a fifth of the work.
    called = Trait.read_names(store.id, waiting)
    parts = ProfilePart.objects.filter(store_id=store.id, profile_id__in=waiting)
    several = set(parts.values_list("profile_id", flat=True))
    likely = [
        id_
        for id_ in waiting
        if id_ not in called
        or id_ in several
        or claims.is_namesake(Claims([called[id_]])) is not False
    ]
    found = [
        id_
        for id_, held in read_claims(store, likely).items()
        if claims.is_namesake(held) and not claims.has_other_values("phone", held)
    ]
    return found[0] if len(found) == 1 else None


def join_profiles(
    store: Store, one: Profile, other: Profile, by: Identity
) -> tuple[Profile, str]:
    """The two as one, because of a value. Where that waits for a person it is the first
    of them, with why."""
    contradictions = _find_contradictions(store, one, other, by)
    parted = MergeSuggestion.objects.between(one, other).exclude(refused_at=None)
    if contradictions or parted.exists():
        return one, suggest_merge(store, one, other, by, contradictions)
    return merge_profiles(store, one.id, other.id, by), ""


def suggest_merge(
    store: Store, one: Profile, other: Profile, by: Identity, why: Sequence[str]
) -> str:
    """Once for two profiles and a value; answers for whoever gave the value."""
    between = MergeSuggestion.objects.between(one, other)
    refused = between.exclude(refused_at=None).first()
    if not between.filter(id_type=by.id_type, value=by.value).exists():
        earlier, later = sorted((one, other), key=lambda x: (x.created_at, x.id))
        MergeSuggestion.objects.create(
            store_id=store.id,
            id=new_id("mem_suggestion"),
            profile_id=earlier.id,
            other_id=later.id,
            id_type=by.id_type,
            value=by.value,
            contradictions=why,
            created_at=timezone.now(),
            refused_at=refused and refused.refused_at,
        )
    if refused:
        return "held by a profile that a person keeps apart from this one"
    return f"{_explain(why)}, a merge is suggested"


def _explain(contradictions: Collection[str]) -> str:
    if "shared" in contradictions:
        return f"behind more than {SHARED_PROFILES_MAX} profiles or other values"
    if "heard" in contradictions:
        return "held by another profile"
    words = {"names": "name", "phones": "phone number", "emails": "email address"}
    others = " and ".join(words[each] for each in contradictions)
    return f"held by a profile with another {others}"


def _find_contradictions(
    store: Store, one: Profile, other: Profile, by: Identity
) -> list[str]:
    """Why the two may not be one person; empty: nothing says so."""
    brake = store.identitysettings.merge_brake
    if brake == "off":
        return []
    found = []
    claims, others = read_claims(store, [one.id, other.id]).values()
    if brake == "on":
        given = _get_claim(store, by.id_type, by.value)
        if given[0] == "email":
            # Whoever gives a second address has it as well: it contradicts nothing.
            claims = replace(claims, values=[*claims.values, given])
        found += claims.list_contradictions(others)
    if is_shared(store, by, [one.id, other.id, *find_holders(store, by)]):
        found.append("shared")
    if found or claims.is_namesake(others):
        return found
    # What was braked waits on, even if one has lost the number that told them apart.
    waiting = MergeSuggestion.objects.between(one, other).filter(refused_at=None)
    reasons = waiting.values_list("contradictions", flat=True)
    return next((why for why in reasons if "heard" not in why), [])


def is_shared(store: Store, by: Identity, known: Iterable[str]) -> bool:
    """Whether too many profiles stand behind a value to follow it by itself: these, who
    hold it, those that it has joined, and those that it would join."""
    if store.identitysettings.merge_brake == "off":
        return False
    enough = SHARED_PROFILES_MAX + 1
    found = set(known)
    same = {"store_id": store.id, "id_type": by.id_type, "value": by.value}
    for model, *sides in JUDGED:
        for ids in model.objects.filter(**same).values_list(*sides)[:enough]:
            found.update(ids)
    return len(found) >= enough


@transaction.atomic(using="memory")
def decide_suggestion(store: Store, suggestion_id: str, *, accept: bool) -> None:
    """Merges the two, or keeps them apart for good. Raises NotFound once it is decided
    or one of the two is gone."""
    lock_store(store)
    found = find_suggestions(store).filter(id=suggestion_id).first()
    if found is None:
        raise errors.NotFound("No merge is suggested under this id.")
    if accept:
        by = Identity(found.id_type, found.value, exclusive=True)
        merge_profiles(store, found.profile_id, found.other_id, by)
    else:
        list_values(found).update(refused_at=timezone.now())


def find_suggestions(store: Store) -> Any:
    """Those that wait for a person, of each pair the first: a queryset."""
    rows = MergeSuggestion.objects.filter(store_id=store.id, refused_at=None)
    sides = ("store_id", "profile_id", "other_id")
    same = {side: OuterRef(side) for side in sides}
    return rows.exclude(Exists(rows.filter(**same, id__lt=OuterRef("id"))))


def list_values(suggestion: MergeSuggestion) -> Any:
    """All that would join the two of a suggestion, the first first: a queryset."""
    one = Profile(suggestion.store_id, suggestion.profile_id)
    other = Profile(suggestion.store_id, suggestion.other_id)
    rows = MergeSuggestion.objects.between(one, other).filter(refused_at=None)
    return rows.order_by("created_at", "id")
