"""What programs recalled, for as many days as their store keeps it, without a word of it.

A Recall waits for no write: its entry is put down in memory, and all of a second are
written together. A worker that is killed takes that second's along; so does a profile
that is deleted or merged within it.
"""

import logging
from collections import deque
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from threading import Lock, Timer
from typing import Any

import msgspec
import numpy as np
from django.db import Error, connections, transaction
from django.utils import timezone
from msgspec.structs import replace

from console.contract.ids import new_id
from console.contract.memory.ledger import GROUPS_MAX, LedgerLatency
from console.contract.memory.recall import RECALL_LIKELY, RecallRequest
from console.databases import disk
from console.engine.texts import Vectors, pack_vector
from console.service.memory.embedding_jobs import get_model_id
from console.service.memory.models import LedgerEntry, Profile, Store
from console.service.memory.queries import insert_rows
from console.service.memory.recall import RecallResult
from console.service.models import ALIAS

logger = logging.getLogger(__name__)
WRITE_AFTER_S = 1.0
# Of a database that does not answer; the oldest go.
WAITING_MAX = 10_000
BATCH = 1000
# The newest are looked at: for how long Recalls took, and for what was not answered.
MEASURED, GROUPED = 10_000, 1000
# Cosine of two questions that mean the same. By use-3 "How long is the warranty?" and
# "When does my guarantee run out?" have 0.63, and questions of other things 0.46 at most.
ALIKE = 0.6

# Store and columns of each entry that is not written yet.
_waiting = deque[tuple[str, dict[str, Any]]](maxlen=WAITING_MAX)
_lock = Lock()


def keep_recall(
    profile: Profile, request: RecallRequest, found: RecallResult, ms: float
) -> None:
    rows = (*found.observations, *found.summaries)
    items = [(row.id, found.get_score(row.id)) for row in rows]
    meaning = None
    if found.ranking and found.mode == "query":
        best = max((score or 0 for _, score in items), default=0)
        meaning = None if best >= RECALL_LIKELY else found.ranking.queries[0].vector
    entry = {
        "profile_id": profile.id,
        "asked_id": profile.id,
        "asked_at": timezone.now(),
        "mode": found.mode,
        "parameters": request,
        "items": items,
        "ms": round(ms, 1),
        "version": profile.index_version,
        "meaning": meaning,
    }
    with _lock:
        _waiting.append((profile.store_id, entry))
        is_first = len(_waiting) == 1
    if is_first:
        Timer(WRITE_AFTER_S, _write_aside).start()


def _write_aside() -> None:
    """In a thread of its own, which has connections of its own."""
    try:
        write_waiting()
    finally:
        connections.close_all()


def write_waiting() -> None:
    """What this process has put down so far."""
    with _lock:
        kept = sorted(_waiting, key=itemgetter(0))
        _waiting.clear()
    if not kept or disk.is_full():
        return
    try:
        with transaction.atomic(using=ALIAS):
            for store_id, some in groupby(kept, itemgetter(0)):
                _write(store_id, [entry for _, entry in some])
    except Error:
        logger.warning("%s ledger entries were lost.", len(kept), exc_info=True)


def _write(store_id: str, entries: list[dict[str, Any]]) -> None:
    """Of profiles that are there: one that is being deleted is waited for."""
    ids = {entry["profile_id"] for entry in entries}
    profiles = Profile.objects.filter(store_id=store_id, id__in=ids).order_by("id")
    there = set(profiles.select_for_update().values_list("id", flat=True))
    rows = [_finish(each) for each in entries if each["profile_id"] in there]
    if rows:
        values = ([*row.values()] for row in rows)
        insert_rows(store_id, LedgerEntry, list(rows[0]), values)


def _finish(entry: dict[str, Any]) -> dict[str, Any]:
    """What can wait until the Recall was answered: between two Recalls the same takes
    five times as long as here, one after the other."""
    asked = replace(entry["parameters"], query="", trace=False, trace_items=[])
    meaning = entry["meaning"]
    return entry | {
        "id": new_id("mem_ledger"),
        "parameters": msgspec.to_builtins(asked),
        "model": "" if meaning is None else get_model_id(),
        "meaning": b"" if meaning is None else pack_vector(meaning),
    }


def prune() -> None:
    """Called by the worker once a minute: what is older than its store keeps."""
    now = timezone.now()
    for store_id, days in Store.objects.values_list("pk", "ledger_days"):
        rows = LedgerEntry.objects.filter(store_id=store_id)
        old = rows.filter(asked_at__lt=now - timedelta(days)).values_list("id")
        while ids := [id_ for (id_,) in old[:BATCH]]:
            rows.filter(id__in=ids).delete()


def measure_latencies(store: Store) -> list[LedgerLatency]:
    rows = LedgerEntry.objects.filter(store_id=store.id).order_by("-asked_at")
    by_mode = dict[Any, list[float]]()
    for mode, ms in rows.values_list("mode", "ms")[:MEASURED]:
        by_mode.setdefault(mode, []).append(ms)
    return [
        LedgerLatency(mode=mode, count=len(ms), p50_ms=p50, p95_ms=p95)
        for mode, ms in sorted(by_mode.items())
        for p50, p95 in [np.percentile(ms, [50, 95]).round(1).tolist()]
    ]


def group_unanswered(store: Store) -> list[list[LedgerEntry]]:
    """Queries that found nothing likely, by meaning: the largest group first, the newest
    of each first. Each is put with the newest one that it is like."""
    entries = LedgerEntry.objects.filter(store_id=store.id).exclude(model="")
    rows = list(
        entries.filter(model=get_model_id()).order_by("-asked_at", "-id")[:GROUPED]
    )
    if not rows:
        return []
    vectors = Vectors.of([bytes(row.meaning) for row in rows])
    meanings = vectors.vector(np.arange(len(rows)))
    left, groups = np.ones(len(rows), bool), list[list[LedgerEntry]]()
    for number, meaning in enumerate(meanings):
        if left[number]:
            alike = left & (meanings @ meaning >= ALIKE)
            alike[number] = True
            left &= ~alike
            groups.append([rows[each] for each in np.flatnonzero(alike)])
    return sorted(groups, key=len, reverse=True)[:GROUPS_MAX]
