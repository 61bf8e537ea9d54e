"""The embedder of this installation (MEMORY_EMBEDDER), and the vectors it makes.

The worker makes those of texts: what was written a moment ago is found by its words.
And of turns, for a Recall by their conversation, which makes those that are not there.
It also makes terms anew that an earlier version made; those answer meanwhile as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Q
from django.utils import timezone
from django_tasks import task

from console.contract.memory.recall import RECALL_QUERY_MAX, RECALL_TURNS
from console.core.caching import DigestCache
from console.databases.compaction import enqueue_once
from console.engine.embedding import Embedder, load_embedder
from console.engine.texts import Floats, Vectors, pack_vector
from console.engine.words import VERSION, terms
from console.service.conversations.models import Communication, Conversation
from console.service.memory.models import IndexedItem, IndexEntry, Store
from console.service.memory.queries import change_version
from console.service.models import find_models

BATCH = 64
# One run of the task; what is left then goes to the next one, so that other tasks
# get their turn.
RUN_S = 20.0
# A write asks for a run so much later; until then, further writes need not ask.
DELAY_S = 1.0

Key = tuple[str, str]  # profile, item
Updates = dict[str, dict[Key, tuple[Any, ...]]]  # by SQL and entry: what it sets

SET_VECTOR = """
    UPDATE service_indexentry SET model = %s, vector = %s
    WHERE store_id = %s AND profile_id = %s AND item_id = %s
"""

SET_TERMS = """
    UPDATE service_indexentry SET terms = %s, terms_version = %s
    WHERE store_id = %s AND profile_id = %s AND item_id = %s
"""

_asked_until = 0.0


def find_pending_entries(store_id: str, model: str) -> Any:
    """A store's entries that lack a vector of this model, "" for none, or have terms of
    an earlier version: a queryset."""
    pending = Q(terms_version__lt=VERSION)
    if model:
        # Two ranges and not a negation: those an index can answer.
        pending |= Q(model__lt=model) | Q(model__gt=model)
    return IndexEntry.objects.filter(pending, store_id=store_id)


def count_pending() -> int:
    """Entries of all stores that the worker has yet to make anew."""
    return sum(pending.count() for pending in _find_pending_by_store())


def _find_pending_by_store() -> Iterator[Any]:
    """A queryset for each store."""
    model = get_model_id()
    for store_id in Store.objects.values_list("pk", flat=True):
        yield find_pending_entries(store_id, model)


def request_vectors() -> None:
    """Once this transaction is committed, have the worker look for pending entries."""
    if get_model_id():
        # Robust: the write is done, and request_pending_vectors makes good for it.
        transaction.on_commit(_enqueue, using="memory", robust=True)


def request_pending_vectors() -> None:
    """For entries whose task was lost, or whose model or terms were changed."""
    said = bool(get_model_id()) and Communication.objects.filter(model="").exists()
    if said or any(pending.exists() for pending in _find_pending_by_store()):
        _enqueue()


def _enqueue() -> None:
    global _asked_until
    if monotonic() < _asked_until:
        return
    enqueue_once(make_vectors, timezone.now() + timedelta(seconds=DELAY_S))
    _asked_until = monotonic() + DELAY_S


@task()
def make_vectors() -> int:
    """Make pending entries for a while; answers how many. Safe to run twice."""
    made, until = 0, monotonic() + RUN_S
    for step in embed_pending(get_embedder()):
        made += step
        if monotonic() > until:
            make_vectors.enqueue()
            break
    return made


def embed_pending(model: Embedder | None) -> Iterator[int]:
    """Makes every entry that is pending, a batch a step; yields each batch's size."""
    for store_id in Store.objects.values_list("pk", flat=True):
        while step := _embed_batch(store_id, model):
            yield step
    while model and (step := _embed_turns(model)):
        yield step


def _embed_turns(model: Embedder) -> int:
    """Those said since: the last of each conversation, as many as a Recall looks at."""
    rows = list(Communication.objects.filter(model="")[:BATCH])
    ids = {row.conversation_id for row in rows}
    there = Conversation.objects.filter(id__in=ids)
    newest: dict[str, int] = dict(there.values_list("id", "last_sequence"))

    def is_past(turn: Communication) -> bool:
        last: int = newest.get(turn.conversation_id, 0)
        return turn.sequence <= last - RECALL_TURNS

    asked = [row for row in rows if row.text.strip() and not is_past(row)]
    texts = [row.text[:RECALL_QUERY_MAX] for row in asked]
    packed = map(pack_vector, model.embed(texts) if texts else ())
    vectors = dict(zip((row.id for row in asked), packed, strict=True))
    seen = {row.id: row.revision for row in rows}
    # Each new turn drives out the vector of the one ten before it.
    numbers = {row.sequence - ago for row in rows for ago in (0, RECALL_TURNS)}
    with transaction.atomic(using="memory"):
        # Whoever deletes or learns holds several turns too, in an order of its own.
        held = Communication.objects.select_for_update(skip_locked=True)
        turns = [
            turn
            for turn in held.filter(conversation_id__in=ids, sequence__in=numbers)
            if seen.get(turn.id) == turn.revision or (turn.vector and is_past(turn))
        ]
        for turn in turns:
            turn.model, turn.vector = model.id, vectors.get(turn.id, b"")
        Communication.objects.bulk_update(turns, ["model", "vector"])
    return len(turns)


def _embed_batch(store_id: str, model: Embedder | None) -> int:
    model_id = model.id if model else ""
    waiting = find_pending_entries(store_id, model_id)
    columns = ("profile_id", "item_id", "model", "terms_version")
    rows = list(waiting.values_list(*columns)[:BATCH])
    keys = [(profile_id, id_) for profile_id, id_, *_ in rows]
    texts = _read_contents(store_id, keys)
    there = [row for row, key in zip(rows, keys, strict=True) if key in texts]
    stale = [row[:2] for row in there if row[3] < VERSION]
    unlike = [row[:2] for row in there if row[2] != model_id]
    updates: Updates = {SET_TERMS: {key: (terms(texts[key]), VERSION) for key in stale}}
    if model and unlike:
        vectors = map(pack_vector, model.embed([texts[key] for key in unlike]))
        marked = ((model.id, vector) for vector in vectors)
        updates[SET_VECTOR] = dict(zip(unlike, marked, strict=True))
    with transaction.atomic(using="memory"):
        _write(store_id, keys, texts, updates)
    return len(keys)


def _write(
    store_id: str,
    keys: Sequence[Key],
    seen: Mapping[Key, str],
    updates: Updates,
) -> None:
    """Write what still follows from its text: embedding held no lock."""
    # Whoever changes a text changes its profile's version in the same transaction: with
    # the profiles held, a text that is still the same stays so until this is committed.
    for profile_id in sorted({profile_id for profile_id, _ in keys}):
        change_version(store_id, profile_id)
    present = _read_contents(store_id, keys)
    same = {key for key in seen if present.get(key) == seen[key]}
    with connections["memory"].cursor() as cursor:
        # Not one ORM update a row: compiling those took longer than embedding.
        for sql, columns in updates.items():
            rows = [(*columns[k], store_id, *k) for k in columns if k in same]
            cursor.executemany(sql, rows)
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
    return embed_queries([text])[0]


def embed_queries(
    texts: Sequence[str], packed: Sequence[bytes] = ()
) -> Sequence[Floats | None]:
    """Of each. What is new is embedded together: of ten, one costs less than half.

    packed  what the worker has made of each; b"" for nothing
    """
    model = get_embedder()
    if model is None:
        return [None] * len(texts)

    def build(missing: list[int]) -> Iterator[Floats]:
        made = Vectors.of(packed or [b""] * len(texts))
        unmade = [n for n in missing if not made.known[n]]
        anew = iter(model.embed([texts[n] for n in unmade]) if unmade else ())
        return (made.vector(n) if made.known[n] else next(anew) for n in missing)

    return _EMBEDDED.get_all([(model.id, text) for text in texts], build)


# A query costs a millisecond or more, a kept one nothing; 2 kB each.
_EMBEDDED = DigestCache[Floats | None](2048)
