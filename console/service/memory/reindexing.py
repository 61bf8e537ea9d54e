"""The side table made anew from observations and summaries, while the memory serves."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Count

from console.service.errors import Moved, NotFound
from console.service.memory.embedding import embedder, model_id
from console.service.memory.embedding_jobs import embed_pending
from console.service.memory.index import add_entries
from console.service.memory.models import (
    IndexEntry,
    Observation,
    Profile,
    Store,
    Summary,
)
from console.service.memory.profiles import get_profile


def rebuild(store: Store) -> Iterator[int]:
    """Every profile of a store; yields after each how many entries it has now.

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
    rows = [
        row for model in (Observation, Summary) for row in model.objects.of(profile)
    ]
    add_entries(rows)
    return len(rows)


def make_all_vectors() -> Iterator[int]:
    """Whatever is pending, in this process; yields the size of each batch."""
    model = embedder()
    return embed_pending(model) if model else iter(())


def entries_by_model() -> Counter[str]:
    """How many entries have a vector of which model; "" for none."""
    entries: Any = IndexEntry.objects
    return Counter(dict(entries.values_list("model").annotate(Count("model"))))


def entries_pending() -> int:
    """How many entries wait for a vector of the present model."""
    present = model_id()
    return sum(count for model, count in entries_by_model().items() if model != present)
