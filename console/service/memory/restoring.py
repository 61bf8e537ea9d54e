"""What a memory that was restored from a backup must do before it answers."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db import transaction

from console.service.memory.items import delete_observation, delete_summary
from console.service.memory.models import (
    ImportChunk,
    Observation,
    Profile,
    ProfileImport,
    Store,
    Summary,
    Tombstone,
)
from console.service.memory.profiles import delete_profile
from console.service.memory.stores import delete_store
from console.service.memory.tombstones import digest_key, get_key_columns
from console.service.models import PendingWrite, ProfileScoped, StoreScoped, find_models

# Where more goes than the row; with a store or a profile first, all below it.
DELETE = {
    Store: lambda row: delete_store(row),
    Profile: lambda row: delete_profile(Store(pk=row.store_id), row.id),
    Observation: lambda row: delete_observation(
        Store(pk=row.store_id), row.profile_id, row.id
    ),
    Summary: lambda row: delete_summary(Store(pk=row.store_id), row.profile_id, row.id),
}


@transaction.atomic(using="memory")
def repeat_deletions() -> Counter[str]:
    """Delete again what has a tombstone; answers how many of each kind had come back."""
    deleted_at = dict(Tombstone.objects.values_list("digest", "deleted_at"))
    repeated: Counter[str] = Counter()
    others = [*find_models(StoreScoped), *find_models(ProfileScoped)]
    for model in dict.fromkeys([*DELETE, *others]):
        for row in list(_list_returned(model, deleted_at)):
            delete = DELETE.get(model, model.delete)
            delete(row)
            repeated[model._meta.verbose_name_plural] += 1
    return repeated


def _list_returned(model: Any, deleted_at: dict[str, Any]) -> Iterator[Any]:
    columns, kind = get_key_columns(model), model._meta.model_name
    for row in model.objects.iterator():
        at = deleted_at.get(digest_key(kind, (getattr(row, c) for c in columns)))
        if at and ("id" in columns or _get_since(row) <= at):
            yield row


def _get_since(row: Any) -> Any:
    """Since when it is there: a trait since its value was set."""
    return row.updated_at if hasattr(row, "updated_at") else row.added_at


@transaction.atomic(using="memory")
def drop_unfinished() -> int:
    """Writes and imports that were under way at the backup; answers how many.

    Done now, they would make anew what was deleted since, under ids that no tombstone
    knows.
    """
    ImportChunk.objects.all().delete()
    imports = ProfileImport.objects.exclude(status=ProfileImport.Status.COMPLETED)
    imports = imports.exclude(status=ProfileImport.Status.FAILED)
    waiting = PendingWrite.objects.all()
    count = imports.update(status=ProfileImport.Status.FAILED) + waiting.count()
    waiting.delete()
    return count
