"""Two profiles become one, and can be parted again for MERGE_DAYS. Contract 7 and 12.

Each brings a part: the ids of its items, and a copy of its facts, since of those that
both have only one stays. A later merge adds parts to the same canonical profile; any of
them can leave, in any order, with what was merged into it before.

What a profile has beyond its parts it has learned since, and keeps. With the next merge
that goes into its own part. All of this runs under the store's lock.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.contract.ids import new_id
from console.contract.memory.merge import (
    LEARNED_MAX,
    MERGE_DAYS,
    LearnedSince,
    Unmerged,
)
from console.databases.compaction import request_compaction
from console.service import errors
from console.service.memory.identity import Identity, enforce_value_limit
from console.service.memory.models import (
    Identifier,
    IndexedItem,
    MergedProfile,
    MergeSuggestion,
    Profile,
    ProfilePart,
    Store,
    dump_facts,
)
from console.service.memory.stores import lock_store
from console.service.models import ProfileFact, ProfileScoped, find_models

# Ids that one statement takes on every database.
BATCH = 500


def merge_profiles(store: Store, one: str, other: str, by: Identity) -> Profile:
    """The earlier of the two goes on; the id of the other leads to it from here on.

    Nothing is lost: what is below the later one moves with its ids, each table by its
    own rule (ProfileScoped.move_rows); identifiers are united, as many as their type's
    limit keeps.
    """
    # Each row is held: whoever is writing below one of them is waited for.
    rows = Profile.objects.of(store).filter(id__in=[one, other]).select_for_update()
    canonical: Profile
    canonical, merged = rows.order_by("created_at", "id")
    now = timezone.now()
    _keep_part(canonical, merged_at=now)
    _keep_part(
        merged, merged_at=now, into=canonical.id, id_type=by.id_type, value=by.value
    )
    for model in find_models(ProfileScoped):
        model.move_rows(merged, canonical)
    _enforce_limits(store, canonical)
    MergedProfile.objects.create(
        store_id=store.id, id=merged.id, profile_id=canonical.id, merged_at=now
    )
    merged.delete()
    rows.filter(id=canonical.id).update(updated_at=now)
    request_compaction()
    return canonical


def _keep_part(profile: Profile, *, into: str = "", **fields: Any) -> None:
    """What it has now that no other part of it brought. One that goes on keeps its
    items, only its facts could be outranked."""
    parts = list(ProfilePart.objects.of(profile))
    own = next((part for part in parts if part.id == profile.id), ProfilePart())
    facts = []
    for model in find_models(ProfileFact):
        learned = _list_learned(model, profile, parts)
        newer = {row.key for row in learned}
        known = [row for row in own.load_facts(model) if row.key not in newer]
        facts += dump_facts([*learned, *known])
    ids = {
        id_
        for model in (_list_item_models() if into else ())
        if model.get_item_column() == "id"
        for id_ in model.objects.of(profile).values_list("id", flat=True)
    }
    fields |= {"profile_id": profile.id, "created_at": profile.created_at}
    fields |= {"into": into, "facts": facts, "items": list(ids - _collect_ids(parts))}
    ProfilePart.objects.update_or_create(
        store_id=profile.store_id, id=profile.id, defaults=fields
    )


def _list_learned(model: Any, profile: Profile, parts: Iterable[ProfilePart]) -> Any:
    """Its facts that none of these parts brought."""
    brought = [row.dump() for part in parts for row in part.load_facts(model)]
    return [row for row in model.objects.of(profile) if row.dump() not in brought]


def _list_item_models() -> list[Any]:
    return [
        model
        for model in find_models(ProfileScoped)
        if not issubclass(model, ProfileFact)
    ]


def _collect_ids(parts: Iterable[ProfilePart]) -> set[str]:
    return {id_ for part in parts for id_ in part.items}


def _enforce_limits(store: Store, profile: Profile) -> None:
    id_types = Identifier.objects.of(profile).values_list("id_type", flat=True)
    for id_type in set(id_types):
        enforce_value_limit(store, profile, id_type)


@transaction.atomic(using="memory")
def unmerge_profile(store: Store, merged_id: str) -> Unmerged:
    """Gives a merged profile its own life again, with what it had and what was merged
    into it before. From here on no value joins the two by itself.

    Raises NotFound for a profile that was not merged, Conflict when that was too long
    ago.
    """
    lock_store(store)
    part = find_merges(store).filter(id=merged_id).first()
    if part is None:
        if MergedProfile.objects.filter(store_id=store.id, id=merged_id).exists():
            raise errors.Conflict(
                "This merge cannot be taken back any more: what each of the two had is "
                f"kept for {MERGE_DAYS} days, and not across a restore from a backup."
            )
        raise errors.NotFound("No merged profile has this id.")
    rows = Profile.objects.of(store).select_for_update()
    canonical = rows.get(id=part.profile_id)
    parts = list(ProfilePart.objects.of(canonical))
    leave = {merged_id}
    while more := {each.id for each in parts if each.into in leave} - leave:
        leave |= more
    leaving = [each for each in parts if each.id in leave]
    staying = [each for each in parts if each.id not in leave]
    profile = Profile(store_id=store.id, id=merged_id, created_at=part.created_at)
    profile.save(force_insert=True)
    learned = _return_facts(canonical, profile, leaving, staying, part.merged_at)
    # What was refused while they were one was refused of both.
    refused = MergeSuggestion.objects.of(canonical).filter(
        id__in=_collect_ids(leaving), refused_at__gte=part.merged_at
    )
    kept_apart = list(refused)
    _return_items(canonical, profile, leaving)
    for row in kept_apart:
        row.id = new_id("mem_suggestion")
        row.save(force_insert=True)
    learned += _list_learned_items(canonical, staying, part.merged_at)
    _forget_merge(part, leaving, staying)
    for each in (canonical, profile):
        _enforce_limits(store, each)
    now = timezone.now()
    MergeSuggestion.objects.create(
        store_id=store.id,
        id=new_id("mem_suggestion"),
        profile_id=canonical.id,
        other_id=profile.id,
        created_at=now,
        refused_at=now,
    )
    request_compaction()
    return Unmerged(
        id=profile.id, canonical_id=canonical.id, learned=tuple(learned[:LEARNED_MAX])
    )


def find_merges(store: Store) -> Any:
    """The merges that can be taken back: a queryset of the parts that came in."""
    return ProfilePart.objects.filter(store_id=store.id).exclude(into="")


def _return_facts(
    canonical: Profile,
    profile: Profile,
    leaving: Sequence[ProfilePart],
    staying: Sequence[ProfilePart],
    since: datetime,
) -> list[LearnedSince]:
    learned = []
    for model in find_models(ProfileFact):
        new = _list_learned(model, canonical, (*leaving, *staying))
        told = {row.label for row in new}
        kept = []
        for part in staying:
            rows = part.load_facts(model)
            kept += rows
            told |= {row.label for row in rows if not part.into and row.since >= since}
        learned += [
            LearnedSince(kind=model._meta.model_name, id=label)
            for label in sorted(told)
        ]
        model.put_rows(canonical, [*new, *kept])
        model.put_rows(
            profile, [row for part in leaving for row in part.load_facts(model)]
        )
    return learned


def _return_items(
    canonical: Profile, profile: Profile, leaving: Sequence[ProfilePart]
) -> None:
    ids = sorted(_collect_ids(leaving))
    for model in _list_item_models():
        # Once at least: what went by the profile itself comes back as well.
        for start in range(0, max(len(ids), 1), BATCH):
            model.return_rows(canonical, profile, ids[start : start + BATCH])


def _list_learned_items(
    canonical: Profile, staying: Sequence[ProfilePart], since: datetime
) -> list[LearnedSince]:
    """What it was told after the merge, but for what a later merge brought."""
    brought = _collect_ids(staying)
    return [
        LearnedSince(kind=model.kind, id=id_)
        for model in find_models(IndexedItem)
        for id_ in model.objects.of(canonical)
        .filter(created_at__gte=since)
        .order_by("created_at", "id")
        .values_list("id", flat=True)
        if id_ not in brought
    ]


def _forget_merge(
    part: ProfilePart, leaving: Sequence[ProfilePart], staying: Sequence[ProfilePart]
) -> None:
    """A part that is alone has nothing to be parted from."""
    MergedProfile.objects.filter(store_id=part.store_id, id=part.id).delete()
    for rest in staying:
        rest.items = [id_ for id_ in rest.items if id_ != part.id]
        rest.save()
    part.profile_id, part.into, part.items = part.id, "", []
    part.id_type = part.value = ""
    part.save()
    for parts in (leaving, staying):
        if len(parts) == 1:
            parts[0].delete()


def settle_old_merges() -> None:
    """Called by the worker once a minute: after MERGE_DAYS a part becomes one with that
    into which it was merged."""
    before = timezone.now() - timedelta(days=MERGE_DAYS)
    old = ProfilePart.objects.exclude(into="").filter(merged_at__lt=before)
    for store_id in set(old.values_list("store_id", flat=True)):
        with transaction.atomic(using="memory"):
            lock_store(Store(pk=store_id))
            for part in old.filter(store_id=store_id).order_by("merged_at", "id"):
                _settle(part)
            request_compaction()


def _settle(part: ProfilePart) -> None:
    parts = ProfilePart.objects.filter(
        store_id=part.store_id, profile_id=part.profile_id
    )
    whole = parts.get(id=part.into)
    whole.facts = dump_facts(
        row
        for model in find_models(ProfileFact)
        for row in model.pick([*whole.load_facts(model), *part.load_facts(model)])
    )
    if whole.into:
        whole.items += part.items
    parts.filter(into=part.id).update(into=whole.id)
    part.delete()
    whole.save()
    if not parts.exclude(id=whole.id).exists():
        whole.delete()
