"""The side table that Recall reads, kept in step with observations and summaries.

Every function writes in the caller's transaction, so an entry and what it stands for
appear, change and go together. Vectors come later, from the worker (jobs.py).
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from console.engine.dates import microseconds
from console.engine.packing import pack_conversations
from console.engine.texts import Row
from console.engine.tokens import terms
from console.service.memory.embedding_jobs import ask_for_vectors
from console.service.memory.models import IndexEntry, Observation, Profile, Summary

# What of an observation or a summary an entry is made of.
INDEXED = {"content", "occurred_at", "conversation_ids", "conversation_id"}


def add_entries(rows: Iterable[Observation | Summary]) -> None:
    """For observations or summaries that have none yet."""
    IndexEntry.objects.bulk_create(
        IndexEntry(
            store_id=row.store_id,
            profile_id=row.profile_id,
            item_id=row.id,
            **traces_of(row),
        )
        for row in rows
    )
    ask_for_vectors()


def change_entry(row: Observation | Summary, changed: Collection[str]) -> None:
    """After the named columns of a row have changed."""
    if not INDEXED & set(changed):
        return
    traces = traces_of(row)
    if "content" in changed:
        traces |= {"model": "", "vector": b""}
    entries_of(row).update(**traces)
    ask_for_vectors()


def drop_entry(row: Observation | Summary) -> None:
    entries_of(row).delete()


def entries_of(row: Observation | Summary) -> Any:
    return IndexEntry.objects.filter(pk=(row.store_id, row.profile_id, row.id))


def traces_of(row: Observation | Summary) -> dict[str, Any]:
    """The columns of an entry that follow from the row alone."""
    conversations = (
        [row.conversation_id] if isinstance(row, Summary) else row.conversation_ids
    )
    return {
        "occurred_at": microseconds(row.occurred_at),
        "terms": terms(row.content),
        "conversations": pack_conversations(conversations),
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
