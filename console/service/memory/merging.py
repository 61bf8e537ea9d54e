"""Merging: two profiles turn out to be one person. Contract 7 and 12.2."""

from collections.abc import Collection
from typing import Any

from django.utils import timezone

from console.service import limits
from console.service.memory.identity import keep_within_limit
from console.service.memory.models import (
    Identifier,
    IndexEntry,
    MergedProfile,
    Observation,
    ObservationRevision,
    Profile,
    Store,
    Summary,
    Trait,
)

# What moves as it is; more than a profile may hold is kept all the same.
_MEMORIES = (Observation, ObservationRevision, Summary, IndexEntry)


def merge(store: Store, profile_ids: Collection[str]) -> Profile:
    """One profile of several, under the store's lock: the earliest one goes on.

    Nothing is lost: observations with their revisions and summaries keep their ids;
    of two values of a trait the newer one stays; identifiers are united, as many as
    their type's limit keeps. The other ids lead to the canonical one from here on.
    """
    # Each row is held: whoever is writing below one of them is waited for.
    rows = Profile.objects.of(store).filter(id__in=profile_ids).select_for_update()
    canonical: Profile
    canonical, *others = rows.order_by("created_at", "id")
    for other in others:
        _move(store, other, canonical)
    return canonical


def _move(store: Store, gone: Profile, canonical: Profile) -> None:
    for model in _MEMORIES:
        _rows(model, gone).update(profile_id=canonical.id)
    _move_traits(gone, canonical)
    _move_identifiers(store, gone, canonical)
    _profiles_merged_into(store, gone).update(canonical_id=canonical.id)
    MergedProfile.objects.create(
        store_id=store.id,
        id=gone.id,
        canonical_id=canonical.id,
        merged_at=timezone.now(),
    )
    gone.delete()


def _move_traits(gone: Profile, canonical: Profile) -> None:
    kept = {
        (trait.trait_group, trait.name): trait.updated_at
        for trait in Trait.objects.of(canonical)
    }
    for trait in Trait.objects.of(gone):
        key = (trait.trait_group, trait.name)
        named = {"trait_group": trait.trait_group, "name": trait.name}
        moving = _rows(Trait, gone).filter(**named)
        if key in kept and kept[key] >= trait.updated_at:
            moving.delete()
            continue
        if key in kept:
            _rows(Trait, canonical).filter(**named).delete()
        moving.update(profile_id=canonical.id)


def _move_identifiers(store: Store, gone: Profile, canonical: Profile) -> None:
    for identifier in Identifier.objects.of(gone):
        named = {"id_type": identifier.id_type, "value": identifier.value}
        same = _rows(Identifier, canonical).filter(**named)
        moving = _rows(Identifier, gone).filter(**named)
        earliest = same.values_list("added_at", flat=True).first()
        if earliest is None:
            moving.update(profile_id=canonical.id)
        else:
            moving.delete()
            same.update(added_at=min(earliest, identifier.added_at))
    for id_type in set(
        Identifier.objects.of(canonical).values_list("id_type", flat=True)
    ):
        keep_within_limit(store, canonical, id_type)


def _rows(model: Any, profile: Profile) -> Any:
    return model.objects.of(profile)


def _profiles_merged_into(store: Store, profile: Profile) -> Any:
    merged: Any = MergedProfile.objects.of(store)
    return merged.filter(canonical_id=profile.id)


def canonical_id_of(store: Store, profile_id: str) -> str | None:
    """Which profile an id means that was merged away; None when it never was."""
    merged: Any = MergedProfile.objects.of(store)
    found = merged.filter(id=profile_id).values_list("canonical_id", flat=True).first()
    return str(found) if found else None


def merged_ids(profile: Profile) -> list[str]:
    """The ids that a profile had before merges, the newest merge first."""
    merged: Any = MergedProfile.objects.filter(store_id=profile.store_id)
    merged = merged.filter(canonical_id=profile.id)
    rows = merged.order_by("-merged_at", "id").values_list("id", flat=True)
    return list(rows[: int(limits.MERGED_IDS)])


def forget_merged(store: Store, profile: Profile) -> None:
    """With a profile go the ids that led to it."""
    _profiles_merged_into(store, profile).delete()
