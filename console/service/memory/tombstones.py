"""What was deleted, kept so that the restore of an older memory cannot bring it back.

A tombstone names nothing: it is a keyed digest. What has an id of its own is known by
that for good, since no id is given twice. A trait or an identifier may come again: a
backup that has it and its tombstone was taken after that.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from console.databases.compaction import request_compaction
from console.service.memory.models import (
    Identifier,
    MergedProfile,
    MergeSuggestion,
    Profile,
    ProfilePart,
    Tombstone,
)
from console.service.models import ProfileFact, digest

BATCH = 500


def bury(rows: Iterable[Any], *, for_good: bool = True) -> None:
    """In the transaction that deletes these rows, before they are gone.

    for_good  also from what a merge that is taken back would bring again
    """
    now, waiting = timezone.now(), iter(rows)
    while batch := list(islice(waiting, BATCH)):
        keep_tombstones(dict.fromkeys(_digest_rows(batch), now))
        if for_good:
            _forget_facts([row for row in batch if isinstance(row, ProfileFact)])
    request_compaction()


def delete_buried(rows: QuerySet[Any], *, for_good: bool = True) -> None:
    bury(rows.iterator(), for_good=for_good)
    rows.delete()


def _forget_facts(rows: Sequence[ProfileFact]) -> None:
    gone = {
        (row.store_id, row.profile_id, row._meta.model_name, row.key) for row in rows
    }
    models = {row._meta.model_name: type(row) for row in rows}
    for part in ProfilePart.objects.filter(
        store_id__in={row.store_id for row in rows},
        profile_id__in={row.profile_id for row in rows},
    ):
        owner = part.store_id, part.profile_id
        part.facts = [
            [table, columns]
            for table, columns in part.facts
            if table not in models
            or (*owner, table, models[table].load(columns).key) not in gone
        ]
        if (*owner, "identifier", (part.id_type, part.value)) in gone:
            part.id_type = part.value = ""
        part.save()
    for row in rows:
        if isinstance(row, Identifier):
            same = {"id_type": row.id_type, "value": row.value}
            about = MergeSuggestion.objects.of(Profile(row.store_id, row.profile_id))
            about.filter(**same, refused_at=None).delete()
            about.filter(**same).update(id_type="", value="")


def keep_tombstones(deleted_at: Mapping[str, datetime]) -> None:
    """Tombstones by their digests; the later of two with one digest stays."""
    key_id, waiting = get_key_id(), iter(deleted_at.items())
    while batch := dict(islice(waiting, BATCH)):
        known = Tombstone.objects.filter(digest__in=batch)
        for name, at in known.values_list("digest", "deleted_at"):
            batch[name] = max(batch[name], at)
        Tombstone.objects.bulk_create(
            [
                Tombstone(digest=n, key_id=key_id, deleted_at=at)
                for n, at in batch.items()
            ],
            update_conflicts=True,
            unique_fields=["digest"],
            update_fields=["key_id", "deleted_at"],
        )


def get_key_id() -> str:
    """Tells one MEMORY_DIGEST_KEY from another, and nothing of it."""
    return digest("tombstones")[:8]


def get_key_columns(model: Any) -> tuple[str, ...]:
    """What names a row. An item's profile is no part of it: a merge changes it."""
    columns = tuple(field.attname for field in model._meta.pk_fields)
    return ("store_id", "id") if {"store_id", "id"} <= {*columns} else columns


def digest_key(kind: str, key: Iterable[str | date]) -> str:
    """`kind` is the name of the model: profile, observation, trait …"""
    return digest(json.dumps(["tombstone", kind, *key], default=str))


def _digest_rows(rows: Sequence[Any]) -> Iterator[str]:
    """Also under the ids that their profiles had before merges: an older memory has
    them under those."""
    former = _find_former_ids(rows)
    for row in rows:
        columns, kind = get_key_columns(type(row)), row._meta.model_name
        key = {name: getattr(row, name) for name in columns}
        yield digest_key(kind, key.values())
        name = "id" if kind == "profile" else "profile_id"
        for id_ in former[key.get(name, "")]:
            yield digest_key(kind, (key | {name: id_}).values())


def _find_former_ids(rows: Sequence[Any]) -> dict[str, list[str]]:
    profiles = {getattr(row, "profile_id", row.pk[-1]) for row in rows}
    stores = {getattr(row, "store_id", "") for row in rows}
    merged = MergedProfile.objects.filter(store_id__in=stores, profile_id__in=profiles)
    former = defaultdict(list)
    for canonical_id, id_ in merged.values_list("profile_id", "id"):
        former[canonical_id].append(id_)
    return former
