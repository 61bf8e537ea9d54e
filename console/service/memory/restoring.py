"""What a memory that was restored from a backup must do before it answers."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from datetime import datetime
from typing import Any

from django.db import transaction

from console.service.memory.items import delete_item
from console.service.memory.models import (
    ImportChunk,
    Observation,
    Profile,
    ProfileImport,
    ProfilePart,
    Store,
    Summary,
    Tombstone,
    Trait,
)
from console.service.memory.profiles import delete_profile
from console.service.memory.stores import delete_store
from console.service.memory.tombstones import (
    digest_key,
    get_key_columns,
    keep_tombstones,
)
from console.service.models import PendingWrite, ProfileScoped, StoreScoped, find_models

# Where more goes than the row; with a store or a profile first, all below it.
DELETE: dict[Any, Callable[[Any], object]] = {
    Store: lambda row: delete_store(row),
    Profile: lambda row: delete_profile(Store(pk=row.store_id), row.id),
    Observation: lambda row: _delete_item(row),
    Summary: lambda row: _delete_item(row),
    Trait: lambda row: Trait.objects.filter(pk=row.pk).delete(),
}


@transaction.atomic(using="memory")
def repeat_deletions(known: Mapping[str, datetime]) -> Counter[str]:
    """Delete again what was deleted since the backup; how many of each kind there were.

    known  tombstones of the memory that is replaced. Those that the backup has as well
           are older than it: what they name had come again by then, and stays
    """
    own = dict(Tombstone.objects.values_list("digest", "deleted_at"))
    since = {name for name, at in known.items() if name not in own or own[name] < at}
    keep_tombstones(known)
    # What was deleted since can stand in them, where no tombstone names it.
    ProfilePart.objects.all().delete()
    repeated: Counter[str] = Counter()
    others = [*find_models(StoreScoped), *find_models(ProfileScoped)]
    for model in dict.fromkeys([*DELETE, *others]):
        for row in list(_list_returned(model, since)):
            delete = DELETE.get(model, model.delete)
            delete(row)
            repeated[model._meta.verbose_name_plural] += 1
    return repeated


def _delete_item(row: Observation | Summary) -> None:
    delete_item(type(row), Store(pk=row.store_id), row.profile_id, row.id)


def _list_returned(model: Any, since: Set[str]) -> Iterator[Any]:
    columns, kind = get_key_columns(model), model._meta.model_name
    for row in model.objects.iterator():
        if digest_key(kind, (getattr(row, c) for c in columns)) in since:
            yield row


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
