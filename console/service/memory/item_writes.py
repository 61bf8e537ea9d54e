"""What observations and summaries have in common: batches below one profile."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.contract.ids import new_id
from console.databases.compaction import request_compaction
from console.service import errors
from console.service.memory.index import add_entries, delete_entry, update_entry
from console.service.memory.models import IndexedItem, Store
from console.service.memory.profiles import get_profile
from console.service.memory.tombstones import bury


@transaction.atomic(using="memory")
def create_items(
    model: Any,
    store: Store,
    profile_id: str,
    items: Sequence[Mapping[str, Any]],
    *,
    limit: int,
) -> None:
    """All of a batch or none; `items` hold the columns that a client gives.

    Raises NotFound, Invalid when the profile would hold more than `limit`.
    """
    profile = get_profile(store, profile_id, lock=True)
    if model.objects.of(profile).count() + len(items) > limit:
        raise errors.Invalid(
            f"{model._meta.verbose_name_plural}: at most {limit} per profile"
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
    model.objects.bulk_create(rows)
    add_entries(rows)


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


def delete_item(item: IndexedItem) -> None:
    bury([item])
    delete_entry(item)
    item.delete()
