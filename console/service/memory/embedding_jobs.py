"""The embedder of this installation (MEMORY_EMBEDDER), and the vectors it makes.

The worker makes those of texts: what was written a moment ago is found by its words.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import lru_cache
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Q
from django.utils import timezone
from django_tasks import task

from console.databases.compaction import enqueue_once
from console.engine.embedding import Embedder, load_embedder
from console.engine.texts import Floats, pack_vector
from console.service.memory.models import IndexedItem, IndexEntry, Store
from console.service.models import find_models

BATCH = 64
# One run of the task; what is left then goes to the next one, so that other tasks
# get their turn.
RUN_S = 20.0
# A write asks for a run so much later; until then, further writes need not ask.
DELAY_S = 1.0

Key = tuple[str, str]  # profile, item

SET_VECTOR = """
    UPDATE service_indexentry SET model = %s, vector = %s
    WHERE store_id = %s AND profile_id = %s AND item_id = %s
"""

_asked_until = 0.0


def find_pending_entries(store_id: str, model: str) -> Any:
    """A store's entries that lack a vector of this model: a queryset."""
    # Two ranges and not a negation: those an index can answer.
    other = Q(model__lt=model) | Q(model__gt=model)
    return IndexEntry.objects.filter(other, store_id=store_id)


def count_pending() -> int:
    """Entries of all stores that lack a vector; 0 where no vectors are made."""
    return sum(pending.count() for pending in _find_pending_by_store())


def _find_pending_by_store() -> Iterator[Any]:
    """A queryset for each store; none where no vectors are made."""
    model = get_model_id()
    for store_id in Store.objects.values_list("pk", flat=True) if model else ():
        yield find_pending_entries(store_id, model)


def request_vectors() -> None:
    """Once this transaction is committed, have the worker look for pending entries."""
    if get_model_id():
        # Robust: the write is done, and request_pending_vectors makes good for it.
        transaction.on_commit(_enqueue, using="memory", robust=True)


def request_pending_vectors() -> None:
    """For entries whose task was lost, or whose model was changed."""
    if any(pending.exists() for pending in _find_pending_by_store()):
        _enqueue()


def _enqueue() -> None:
    global _asked_until
    if monotonic() < _asked_until:
        return
    enqueue_once(make_vectors, timezone.now() + timedelta(seconds=DELAY_S))
    _asked_until = monotonic() + DELAY_S


@task()
def make_vectors() -> int:
    """Make pending vectors for a while; answers how many. Safe to run twice."""
    model = get_embedder()
    made, until = 0, monotonic() + RUN_S
    for step in embed_pending(model) if model else ():
        made += step
        if monotonic() > until:
            make_vectors.enqueue()
            break
    return made


def embed_pending(model: Embedder) -> Iterator[int]:
    """Makes every vector that is pending, a batch a step; yields each batch's size."""
    for store_id in Store.objects.values_list("pk", flat=True):
        while step := _embed_batch(store_id, model):
            yield step


def _embed_batch(store_id: str, model: Embedder) -> int:
    waiting = find_pending_entries(store_id, model.id)
    keys = list(waiting.values_list("profile_id", "item_id")[:BATCH])
    contents = _read_contents(store_id, keys)
    packed: dict[Key, bytes] = {}
    if contents:
        vectors = model.embed(list(contents.values()))
        packed = dict(zip(contents, map(pack_vector, vectors), strict=True))
    with transaction.atomic(using="memory"):
        _write_vectors(store_id, model.id, keys, contents, packed)
    return len(keys)


def _write_vectors(
    store_id: str,
    model: str,
    keys: Sequence[Key],
    seen: dict[Key, str],
    packed: dict[Key, bytes],
) -> None:
    """Write what still is the vector of its text: embedding held no lock."""
    # Whoever changes a text changes its entry in the same transaction: with the
    # entries held, a text that is still the same stays so until this is committed.
    list(_filter_entries(store_id, keys).select_for_update().values_list("item_id"))
    present = _read_contents(store_id, keys)
    same = [key for key in packed if present.get(key) == seen[key]]
    with connections["memory"].cursor() as cursor:
        # Not one ORM update a row: compiling those took longer than embedding.
        cursor.executemany(
            SET_VECTOR, [(model, packed[key], store_id, *key) for key in same]
        )
    # An entry without its text stands for nothing; kept, it would be met again and
    # again.
    if gone := [key for key in keys if key not in present]:
        _filter_entries(store_id, gone).delete()


def _filter_entries(store_id: str, keys: Sequence[Key]) -> Any:
    """Entries by the primary key's columns, which is what an index can answer."""
    profiles, ids = zip(*keys, strict=True) if keys else ((), ())
    entries: Any = IndexEntry.objects
    return entries.filter(
        store_id=store_id, profile_id__in=set(profiles), item_id__in=ids
    )


def _read_contents(store_id: str, keys: Sequence[Key]) -> dict[Key, str]:
    """The texts behind entries, by the entries' keys."""
    profiles, ids = zip(*keys, strict=True) if keys else ((), ())
    return {
        (profile_id, id_): content
        for model in find_models(IndexedItem)
        for profile_id, id_, content in model.objects.filter(
            store_id=store_id, profile_id__in=set(profiles), id__in=ids
        ).values_list("profile_id", "id", "content")
    }


def get_embedder() -> Embedder | None:
    """None where the memory recalls by words alone."""
    return load_embedder(settings.MEMORY_EMBEDDER)


def get_model_id() -> str:
    """What the vectors of the present embedder are marked with; "" without one."""
    model = get_embedder()
    return model.id if model else ""


def embed_query(text: str) -> Floats | None:
    """The meaning of a query, of length 1; the last ones asked for are kept."""
    return _embed(get_model_id(), text)


# A query costs a millisecond or more, a kept one nothing; 2 kB each.
@lru_cache(maxsize=2048)
def _embed(model_id: str, text: str) -> Floats | None:
    model = get_embedder()
    return model.embed([text])[0] if model else None
