"""The side table that Recall reads, kept in step with the items that it is made of.

Every function writes in the caller's transaction, so an entry and its item appear,
change and go together. Vectors come later, from the worker (embedding_jobs.py).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count

from console.engine.texts import Row, pack_conversations
from console.engine.tokens import microseconds, terms
from console.service.errors import Moved, NotFound
from console.service.memory.embedding_jobs import get_model_id, request_vectors
from console.service.memory.models import IndexedItem, IndexEntry, Profile, Store
from console.service.memory.profiles import get_profile
from console.service.models import find_models

# The columns of items that an entry is made of.
INDEXED = {"content", "occurred_at", "conversation_ids", "conversation_id"}


def add_entries(items: Iterable[IndexedItem]) -> None:
    """For items that have no entry yet."""
    IndexEntry.objects.bulk_create(
        IndexEntry(
            store_id=item.store_id,
            profile_id=item.profile_id,
            item_id=item.id,
            **build_index_columns(item),
        )
        for item in items
    )
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


def delete_entry(item: IndexedItem) -> None:
    _filter_entry(item).delete()


def _filter_entry(item: IndexedItem) -> Any:
    return IndexEntry.objects.filter(pk=(item.store_id, item.profile_id, item.id))


def build_index_columns(item: IndexedItem) -> dict[str, Any]:
    """The columns of an entry that follow from its item alone."""
    return {
        "occurred_at": microseconds(item.occurred_at),
        "terms": terms(item.content),
        "conversations": pack_conversations(item.conversation_ids),
    }


def read_entries(
    profile: Profile, *, begin: datetime | None = None, end: datetime | None = None
) -> list[Row]:
    """A profile's entries in the order of their ids: begin <= time < end."""
    entries = IndexEntry.objects.of(profile).order_by("item_id")
    if begin:
        entries = entries.filter(occurred_at__gte=microseconds(begin))
    if end:
        entries = entries.filter(occurred_at__lt=microseconds(end))
    columns = ("item_id", "occurred_at", "terms", "conversations", "vector", "model")
    return list(entries.values_list(*columns))


def rebuild_index(store: Store) -> Iterator[int]:
    """All entries of a store made anew, while the memory serves; yields for each
    profile how many it has now.

    One profile a transaction: meanwhile it is recalled by words alone, all others as
    before, until their new vectors are made.
    """
    for profile_id in Profile.objects.of(store).values_list("id", flat=True):
        try:
            yield _rebuild_profile(store, profile_id)
        except (NotFound, Moved):  # deleted or merged a moment ago, its entries with it
            yield 0
    present = Profile.objects.of(store).values("id")
    orphans = IndexEntry.objects.filter(store_id=store.id)
    orphans.exclude(profile_id__in=present).delete()


@transaction.atomic(using="memory")
def _rebuild_profile(store: Store, profile_id: str) -> int:
    profile = get_profile(store, profile_id, lock=True)
    IndexEntry.objects.of(profile).delete()
    models = find_models(IndexedItem)
    items = [item for model in models for item in model.objects.of(profile)]
    add_entries(items)
    return len(items)


def count_entries_by_model() -> Counter[str]:
    """How many entries have a vector of which model; "" for none."""
    entries: Any = IndexEntry.objects
    return Counter(dict(entries.values_list("model").annotate(Count("model"))))


def count_pending_entries() -> int:
    """How many entries wait for a vector of the present model."""
    counts = count_entries_by_model()
    return counts.total() - counts[get_model_id()]
