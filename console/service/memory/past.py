"""What a profile remembered at a moment, from what is still known of it.

Slower than what there is now: each text that was another then has its words and its
vector made anew. What was erased since does not come back: it is counted. Not known is
when a retraction was taken back, and what a summary said before it was rewritten.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from console.engine.texts import Row, pack_vector
from console.service.memory.embedding_jobs import embed_queries, get_model_id
from console.service.memory.items import build_index_columns
from console.service.memory.models import (
    ErasedItem,
    IndexedItem,
    Observation,
    ObservationRevision,
    ObservationState,
    Profile,
    ProfilePart,
    Summary,
)
from console.service.memory.queries import read_entries

_STATE = [field.attname for field in ObservationState._meta.fields]


@dataclass(frozen=True, slots=True)
class Past:
    """items      by their ids, in the order of these
    erased     how many items there were then and are not there any more
    rewritten  how many summaries say something else since; they are given as they are
    changed    ids of observations that say something else since
    """

    at: datetime
    items: dict[str, Any]
    erased: int
    rewritten: int
    changed: Set[str]

    def list_newest(self, model: type[IndexedItem], limit: int) -> list[Any]:
        rows = [row for row in self.items.values() if isinstance(row, model)]
        rows.sort(key=lambda row: (row.occurred_at, row.created_at, row.id))
        return rows[::-1][:limit]


def read_past(
    profile: Profile,
    at: datetime,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> Past:
    """With begin <= time < end. Of a profile that was merged since, without what the others brought, for as long as
    that is known."""
    others: Any = ProfilePart.objects.of(profile).filter(merged_at__gt=at)
    others = others.exclude(id=profile.id).values_list("items", flat=True)
    brought = set(chain.from_iterable(others))
    there = {
        model: model.objects.of(profile).filter(created_at__lte=at)
        for model in (Observation, Summary)
    }
    revisions = ObservationRevision.objects.of(profile).filter(updated_at__lte=at)
    states = {row.observation_id: row for row in revisions.order_by("number")}
    observations = list(there[Observation].exclude(retracted_at__lte=at))
    changed = set()
    for row in observations:
        if row.updated_at > at and (state := states.get(row.id)):
            changed.add(row.id)
            for name in _STATE:
                setattr(row, name, getattr(state, name))
    summaries = list(there[Summary])
    found = [
        row
        for row in (*observations, *summaries)
        if row.id not in brought
        and (begin is None or row.occurred_at >= begin)
        and (end is None or row.occurred_at < end)
    ]
    erased = ErasedItem.objects.of(profile).filter(created_at__lte=at)
    return Past(
        at,
        {row.id: row for row in sorted(found, key=lambda row: row.id)},
        erased.filter(erased_at__gt=at).count(),
        sum(row.updated_at > at for row in summaries),
        changed,
    )


def build_entries(profile: Profile, past: Past) -> list[Row]:
    """As read_entries answers them; those that are there of what is as it was."""
    now = {row[0]: row for row in read_entries(profile) if row[0] not in past.changed}
    others = [row for row in past.items.values() if row.id not in now]
    vectors = embed_queries([row.content for row in others])
    made = {
        row.id: _build_entry(row, b"" if vector is None else pack_vector(vector))
        for row, vector in zip(others, vectors, strict=True)
    }
    return [now.get(id_) or made[id_] for id_ in past.items]


def _build_entry(row: IndexedItem, packed: bytes) -> Row:
    columns = build_index_columns(row)
    told = (columns[name] for name in ("occurred_at", "terms", "conversations"))
    return row.id, *told, packed, get_model_id() if packed else ""
