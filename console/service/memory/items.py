"""Observations, each with its past, and summaries of conversations. Contract 11.4, 11.5.

Both come in batches below one profile and have an entry each in the table that Recall
reads. Entries are written in the caller's transaction, so an entry and its item appear,
change and go together; vectors come later, from the worker (embedding_jobs.py).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from console.contract.conversations.learning import WAITING_PER_PROFILE
from console.contract.ids import new_id
from console.contract.memory.observation import CONVERSATIONS_PER_OBSERVATION
from console.databases.compaction import request_compaction
from console.engine.dates import microseconds
from console.engine.texts import pack_conversations
from console.engine.words import VERSION, terms
from console.service import errors
from console.service.conversations.models import Learned, count_free
from console.service.conversations.rules import Verdict, WriteRules
from console.service.memory import queries
from console.service.memory.embedding_jobs import request_vectors
from console.service.memory.models import (
    ErasedItem,
    IndexedItem,
    IndexEntry,
    Observation,
    ObservationRevision,
    ObservationState,
    Profile,
    Store,
    Summary,
    Tombstone,
)
from console.service.memory.profiles import get_profile
from console.service.memory.tombstones import bury, digest_key
from console.service.models import digest, find_models, find_row


def create_items(
    model: Any,
    store: Store,
    profile_id: str,
    items: Sequence[Mapping[str, Any]],
) -> list[Any]:
    """As rows, in the caller's transaction; `items` hold the columns that a client gives.

    Raises NotFound, Invalid when the profile would hold too many.
    """
    profile = get_profile(store, profile_id, lock=True)
    if queries.count_items(model, profile) + len(items) > model.most:
        raise errors.Invalid(
            f"{model._meta.verbose_name_plural}: at most {model.most} per profile"
        )
    now = timezone.now()
    rows = [
        model(
            store_id=store.id,
            profile_id=profile.id,
            id=new_id(f"mem_{model.kind}"),
            created_at=now,
            updated_at=now,
            **item,
        )
        for item in items
    ]
    names = [f.attname for f in model._meta.concrete_fields if f.attname != "store_id"]
    values = ([getattr(row, name) for name in names] for row in rows)
    queries.insert_rows(store.id, model, names, values)
    add_entries(store.id, rows)
    return rows


def update_item(item: IndexedItem, changes: Mapping[str, Any]) -> bool:
    """Sets and saves what differs; False when nothing does."""
    if all(getattr(item, name) == value for name, value in changes.items()):
        return False
    for name, value in changes.items():
        setattr(item, name, value)
    # A clock that was set back must not put a change before what it changed.
    item.updated_at = max(timezone.now(), item.updated_at)
    item.save()
    update_entry(item, changes)
    request_compaction()
    return True


@transaction.atomic(using="memory")
def patch_item(
    model: Any, store: Store, profile_id: str, id_: str, changes: Mapping[str, Any]
) -> None:
    """Changes what is given; of an observation every state there was is kept. Raises
    NotFound."""
    profile = get_profile(store, profile_id, lock=True)
    item = get_item(model, profile, id_)
    before, changes = copy(item), dict(changes)
    reason = changes.pop("retracted_for", item.retracted_for)
    if update_item(item, changes) and model is Observation:
        if not list_revisions(before).exists():
            _keep_revision(before)
        _keep_revision(item)
    if reason != item.retracted_for:
        _retract(item, reason)


def _retract(item: Observation, reason: str) -> None:
    """Out of Recall, or back again with ""; what it says is what it was."""
    item.retracted_for, item.retracted_at = reason, timezone.now() if reason else None
    item.save()
    _filter_entry(item).delete()
    add_entries(item.store_id, [item])


@transaction.atomic(using="memory")
def delete_item(model: Any, store: Store, profile_id: str, id_: str) -> None:
    """Removes an item, and the revisions of an observation. Raises NotFound."""
    item = get_item(model, get_profile(store, profile_id, lock=True), id_)
    bury([item])
    if model is Observation:
        list_revisions(item).delete()
    _filter_entry(item).delete()
    ErasedItem.objects.create(
        store_id=item.store_id,
        profile_id=item.profile_id,
        id=item.id,
        created_at=item.created_at,
        erased_at=timezone.now(),
    )
    item.delete()


def get_item(model: Any, profile: Profile, id_: str) -> Any:
    """Raises Invalid, NotFound."""
    return find_row(model.objects.of(profile), id_, model.id_pattern, model.kind)


def find_whereabouts(
    store_id: str, ids: Collection[str]
) -> Iterator[tuple[str, str, datetime | None]]:
    """Of each that the store has or had: its id, whose it is, or when it was deleted.

    Profile by profile, as the keys begin: an index by id alone would cost every write.
    """
    everybody = Profile.objects.filter(store_id=store_id).values("id")
    for model in find_models(IndexedItem):
        named = {id_ for id_ in ids if model.id_pattern.fullmatch(id_)}
        here = model.objects.filter(store_id=store_id, profile_id__in=everybody)
        held = dict(here.filter(id__in=named).values_list("id", "profile_id"))
        yield from ((id_, profile_id, None) for id_, profile_id in held.items())
        digests = {digest_key(model.kind, (store_id, id_)): id_ for id_ in named}
        gone = Tombstone.objects.filter(digest__in=digests)
        for digested, at in gone.values_list("digest", "deleted_at"):
            if digests[digested] not in held:
                yield digests[digested], "", at


def filter_by_conversation(observations: Any, conversation_id: str) -> Any:
    """Those of a queryset that name a conversation; a scan of one profile's rows."""
    # Place by place, as JSON values: SQLite has no containment operator, and as text
    # each database writes quotes and letters beyond ASCII in its own way.
    places = (
        Q(**{f"conversation_ids__{place}": conversation_id})
        for place in range(CONVERSATIONS_PER_OBSERVATION)
    )
    return observations.filter(reduce(or_, places))


@transaction.atomic(using="memory", savepoint=False)
def create_observations(
    store: Store, profile_id: str, items: Sequence[Mapping[str, Any]]
) -> list[str]:
    """All of a batch or none, but for what the store's rules do not let in: answers what
    these changed. Items hold content, source, occurred_at and conversation_ids. Raises
    NotFound, Invalid (the profile is full, or as much waits as may)."""
    rules, kept, held = WriteRules(store), [], []
    for number, item in enumerate(items):
        verdict = rules.judge(item, f"observations[{number}].content")
        if not verdict.outcome:
            kept.append({**item, "content": verdict.text})
        elif verdict.outcome == "quarantined":
            held.append(_hold(store, profile_id, item, verdict))
    create_items(Observation, store, profile_id, kept)
    profile = Profile(store_id=store.id, id=profile_id)
    if held and len(held) > count_free(profile):
        raise errors.Invalid(
            f"observations: at most {WAITING_PER_PROFILE} of a profile may wait for a "
            "decision"
        )
    Learned.objects.bulk_create(held)
    return rules.told


def _hold(
    store: Store, profile_id: str, item: Mapping[str, Any], verdict: Verdict
) -> Learned:
    """What waits for a person, of no conversation."""
    rest = {name: value for name, value in item.items() if name != "content"}
    return Learned(
        store_id=store.id,
        profile_id=profile_id,
        id=new_id("conv_learned"),
        transition=0,
        outcome=verdict.outcome,
        kind=Observation.kind,
        content=verdict.text,
        item=rest | {"occurred_at": item["occurred_at"].isoformat()},
        reason=verdict.reason,
        digest=digest(verdict.text),
        created_at=timezone.now(),
    )


def _keep_revision(observation: Observation) -> None:
    kept = list_revisions(observation)
    number = (kept.aggregate(last=Max("number"))["last"] or 0) + 1
    state = [field.attname for field in ObservationState._meta.fields]
    ObservationRevision.objects.create(
        observation_id=observation.id,
        number=number,
        **{name: getattr(observation, name) for name in state},
    )


def list_revisions(observation: Observation) -> Any:
    """Every state of an observation that was ever changed, else none: a queryset."""
    return ObservationRevision.objects.filter(
        store_id=observation.store_id,
        profile_id=observation.profile_id,
        observation_id=observation.id,
    )


@transaction.atomic(using="memory", savepoint=False)
def create_summaries(
    store: Store, profile_id: str, items: Sequence[Mapping[str, Any]]
) -> list[str]:
    """As create_observations, but redacted where those are held back. Items hold
    content, conversation_id, occurred_at and source."""
    rules, kept = WriteRules(store), []
    for number, item in enumerate(items):
        path = f"summaries[{number}].content"
        if text := rules.redact(item["content"], item["source"], path):
            kept.append({**item, "content": text})
    create_items(Summary, store, profile_id, kept)
    return rules.told


def redact_patch(
    store: Store, item: Observation | Summary, changes: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """A patch without what the store's rules do not keep, and what that was. What does
    not say where it comes from comes from where its item does."""
    rules, changed = WriteRules(store), dict(changes)
    if content := changed.pop("content", ""):
        source = changed.get("source") or item.source
        if text := rules.redact(content, source, "content"):
            changed["content"] = text
    return changed, rules.told


# The columns of items that an entry is made of.
INDEXED = {"content", "occurred_at", "conversation_ids", "conversation_id"}


def add_entries(store_id: str, items: Iterable[IndexedItem]) -> None:
    """For items of a profile that is held, which have no entry yet; none for what is
    retracted."""
    blank = {"model": "", "vector": b""}
    rows = [
        {"profile_id": item.profile_id, "item_id": item.id}
        | build_index_columns(item)
        | blank
        for item in items
        if not item.retracted_for
    ]
    if rows:
        values = (list(row.values()) for row in rows)
        queries.insert_rows(store_id, IndexEntry, list(rows[0]), values)
    request_vectors()


def update_entry(item: IndexedItem, changed: Collection[str]) -> None:
    """After the named columns of an item have changed."""
    if not INDEXED & set(changed):
        return
    columns = build_index_columns(item)
    if "content" in changed:
        columns |= {"model": "", "vector": b""}
    _filter_entry(item).update(**columns)
    request_vectors()


def _filter_entry(item: IndexedItem) -> Any:
    return IndexEntry.objects.filter(pk=(item.store_id, item.profile_id, item.id))


def build_index_columns(item: IndexedItem) -> dict[str, Any]:
    """The columns of an entry that follow from its item alone."""
    return {
        "occurred_at": microseconds(item.occurred_at),
        "terms": terms(item.content),
        "terms_version": VERSION,
        "conversations": pack_conversations(item.conversation_ids),
    }


def rebuild_index(store: Store) -> Iterator[int]:
    """All entries of a store made anew, while the memory serves; yields for each
    profile how many it has now.

    One profile a transaction: meanwhile it is recalled by words alone, all others as
    before, until their new vectors are made.
    """
    for profile_id in Profile.objects.of(store).values_list("id", flat=True):
        try:
            yield _rebuild_profile(store, profile_id)
        except (
            errors.NotFound,
            errors.ProfileMoved,
        ):  # deleted or merged a moment ago, its entries with it
            yield 0
    present = Profile.objects.of(store).values("id")
    orphans = IndexEntry.objects.filter(store_id=store.id)
    orphans.exclude(profile_id__in=present).delete()


@transaction.atomic(using="memory")
def _rebuild_profile(store: Store, profile_id: str) -> int:
    queries.change_version(store.id, profile_id)
    profile = get_profile(store, profile_id)
    IndexEntry.objects.of(profile).delete()
    models = find_models(IndexedItem)
    items = [item for model in models for item in model.objects.of(profile)]
    add_entries(store.id, items)
    return len(items)


def count_entries_by_model() -> Counter[str]:
    """How many entries have a vector of which model; "" for none."""
    entries: Any = IndexEntry.objects
    return Counter(dict(entries.values_list("model").annotate(Count("model"))))
