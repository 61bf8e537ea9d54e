"""The brake on merges: what may be two people waits until a person says they are one."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.contract.ids import new_id
from console.contract.memory.merge import SHARED_PROFILES_MAX
from console.core.unicode import drop_marks
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

# Where values are found that have joined profiles, or would, and the profiles.
JUDGED = (
    (ProfilePart, "id", "profile_id"),
    (MergeSuggestion, "profile_id", "other_id"),
)


def join_profiles(
    store: Store, one: Profile, other: Profile, by: Identity
) -> Profile | None:
    """The two as one, because of a value; None where that waits for a person."""
    between = MergeSuggestion.objects.between(one, other)
    if between.exclude(refused_at=None).exists():
        return None
    contradictions = _find_contradictions(store, one, other, by)
    if not contradictions:
        return merge_profiles(store, one.id, other.id, by)
    if not between.exists():
        earlier, later = sorted((one, other), key=lambda x: (x.created_at, x.id))
        MergeSuggestion.objects.create(
            store_id=store.id,
            id=new_id("mem_suggestion"),
            profile_id=earlier.id,
            other_id=later.id,
            id_type=by.id_type,
            value=by.value,
            contradictions=contradictions,
            created_at=timezone.now(),
        )
    return None


def _find_contradictions(
    store: Store, one: Profile, other: Profile, by: Identity
) -> list[str]:
    """Why the two may not be one person; empty: nothing says so."""
    # One who is found by nothing was made a moment ago, and is whoever holds the value.
    if not Identifier.objects.of(one).exists():
        return []
    found = []
    if (
        store.identitysettings.merge_brake == "on"
        and _have_other_names(one, other)
        and _have_other_phones(store, one, other)
    ):
        found += ["names", "phones"]
    if is_shared(store, by, [one.id, other.id, *find_holders(store, by)]):
        found.append("shared")
    return found


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


def _have_other_names(one: Profile, other: Profile) -> bool:
    """Both have a first or a last name, and not the same."""
    names, others = (
        {
            name: drop_marks(str(value)).casefold()
            for name, value in Trait.objects.of(each)
            .filter(trait_group="Contact", name__in=("firstName", "lastName"))
            .values_list("name", "value")
        }
        for each in (one, other)
    )
    return any(names[key] != others[key] for key in names.keys() & others.keys())


def _have_other_phones(store: Store, one: Profile, other: Profile) -> bool:
    configs = store.identitysettings.identifier_configs
    types = [each["idType"] for each in configs if each["normalization"] == "phone"]
    phones, others = (
        set(
            Identifier.objects.of(each)
            .filter(id_type__in=types)
            .values_list("value", flat=True)
        )
        for each in (one, other)
    )
    return bool(phones and others) and not phones & others


@transaction.atomic(using="memory")
def decide_suggestion(store: Store, suggestion_id: str, *, accept: bool) -> None:
    """Merges the two, or keeps them apart for good. Raises NotFound once it is decided
    or one of the two is gone."""
    lock_store(store)
    found = find_suggestions(store).filter(id=suggestion_id).first()
    if found is None:
        raise errors.NotFound("No merge is suggested under this id.")
    by = Identity(found.id_type, found.value, exclusive=True)
    if accept:
        merge_profiles(store, found.profile_id, found.other_id, by)
    else:
        found.refused_at = timezone.now()
        found.save()


def find_suggestions(store: Store) -> Any:
    """Those that wait for a person: a queryset."""
    return MergeSuggestion.objects.filter(store_id=store.id, refused_at=None)
