"""Uploaded files, read by the worker. Contract 11.7.

A run works for a while and hands over to the next one, so that other tasks get their
turn. How far the file is read is written with the rows themselves: after a crash the
next run goes on behind the last row that was stored, and counts no row twice. The worker
starts an import again whose task was lost.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from time import monotonic
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_tasks import task
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from console.contract.memory.operation import REASON_MAX, REFUSALS_MAX
from console.contract.memory.profile_import import IMPORT_REFUSALS_MAX
from console.databases.compaction import request_compaction
from console.service import errors
from console.service.memory.import_rows import (
    Column,
    InvalidFile,
    RowReader,
    get_definitions,
    open_columns,
    read_chunks,
    read_row,
    redefine,
)
from console.service.memory.models import (
    ImportChunk,
    ImportRefusal,
    ProfileImport,
    Store,
)
from console.service.memory.profile_batches import CHUNK, write_profiles
from console.service.memory.stores import lock_store
from console.service.models import Operation

# Rows in one transaction, under one lock of the store.
BATCH = CHUNK
RUN_S = 20.0
# A run touches its import after each batch; one that has not for so long is dead.
STALE_S = 60.0

_INVALID_FILE = "The file is not valid; nothing of it was written."


class TakenOver(Exception):
    """Another run has taken over this import, or it was deleted."""


def request_run(row: ProfileImport) -> None:
    """Once this transaction is committed, have the worker read the file."""

    def enqueue() -> None:
        process_import.enqueue(row.store_id, row.id)

    # Robust: the file is kept, and restart_stalled_imports makes good for a lost task.
    transaction.on_commit(enqueue, using="memory", robust=True)


def restart_stalled_imports() -> None:
    """From where they stopped, unless a task is there, be it one that was given up."""
    stalled = ProfileImport.objects.filter(
        status=ProfileImport.Status.PROCESSING,
        updated_at__lt=timezone.now() - timedelta(seconds=STALE_S),
    )
    runs = DBTaskResult.objects.filter(task_path=process_import.module_path)
    for row in stalled:
        mine = runs.filter(args_kwargs__args__1=row.id)
        if not mine.exclude(status=TaskResultStatus.SUCCESSFUL).exists():
            process_import.enqueue(row.store_id, row.id)


@task()
def process_import(store_id: str, import_id: str, *_: int) -> None:
    """Reads on where the last run stopped. Safe to run twice."""
    store = Store.objects.filter(pk=store_id).first()
    row = ProfileImport.objects.filter(store_id=store_id, id=import_id).first()
    if store and row:
        with suppress(TakenOver, errors.NotFound):
            _touch(row)
            _process(store, row)


def _process(store: Store, row: ProfileImport) -> None:
    until = monotonic() + RUN_S
    try:
        columns, width, delimiter = open_columns(store, row)
        rows = _open_rows(row, delimiter)
    except InvalidFile as exc:
        _fail(store, row, exc)
        return
    records = ((rows.line, rows.position, cells) for cells in rows)
    batch: list[tuple[int, int, list[str]]] = []
    while batch := batch or list(islice(records, BATCH)):
        batch = batch[_write_rows(store, row, batch, columns, width=width) :]
        if monotonic() > until:
            process_import.enqueue(store.id, row.id)
            return
    _complete(store, row)


def _open_rows(row: ProfileImport, delimiter: str) -> RowReader:
    """The rows that nobody has read yet. Raises InvalidFile."""
    if row.position:
        pieces = read_chunks(row, row.position)
        return RowReader(pieces, row.position, row.line, delimiter=delimiter)
    # Read to its end before a row of it is written: what cannot be read changes
    # nothing.
    for _ in RowReader(read_chunks(row), delimiter=delimiter):
        pass
    rows = RowReader(read_chunks(row), delimiter=delimiter)
    next(rows)
    return rows


@transaction.atomic(using="memory")
def _write_rows(
    store: Store,
    row: ProfileImport,
    batch: Sequence[tuple[int, int, list[str]]],
    columns: Sequence[Column],
    *,
    width: int,
) -> int:
    """What fits, and what is said of the rest, with how far the file is read; answers
    how many of these rows, each with its number and where it ends, are done. Raises
    TakenOver if another run has done it, NotFound."""
    store = lock_store(store)
    # As the traits are defined now: while this store is held nobody changes them.
    columns = redefine(columns, get_definitions(store))
    items = [
        read_row(store, cells, columns, number=number, width=width)
        for number, _, cells in batch
    ]
    profiles = {item.number: item.profile for item in items if item.profile}
    braked, erased, left = write_profiles(store, profiles)
    items = [item for item in items if left is None or item.number < left]
    for item in items:
        if why := erased.get(item.number):
            item.profile = None
            item.add_refusals([why], columns)
        item.add_refusals(braked.get(item.number, ()), columns)
    refusals = [
        ImportRefusal(
            store_id=store.id,
            import_id=row.id,
            item=item.number,
            place=column.place + 1 if column else 0,
            field=column.name if column else "",
            reason=reason[:REASON_MAX],
            stored=bool(item.profile),
        )
        for item in items
        for column, reason in item.refused
    ]
    if row.errors < IMPORT_REFUSALS_MAX:
        ImportRefusal.objects.bulk_create(refusals)
    _touch(
        row,
        position=batch[len(items) - 1][1],
        line=items[-1].number,
        rows=row.rows + len(items),
        stored=row.stored + sum(bool(item.profile) for item in items),
        errors=row.errors + sum(bool(item.refused) for item in items),
        warnings=row.warnings + sum(refusal.stored for refusal in refusals),
    )
    return len(items)


def _complete(store: Store, row: ProfileImport) -> None:
    named = ImportRefusal.objects.filter(store_id=store.id, import_id=row.id)
    columns = ("item", "field", "reason", "stored")
    refusals = named.order_by("item", "place").values(*columns)[:REFUSALS_MAX]
    _finish(
        store,
        row,
        {"status": ProfileImport.Status.COMPLETED},
        {
            "status": Operation.Status.COMPLETED,
            "refusals": list(refusals),
            "refused_count": row.errors,
            "result_id": row.id,
            "result_path": f"/v1/Stores/{store.id}/Profiles/Imports/{row.id}",
        },
    )


def _fail(store: Store, row: ProfileImport, reason: InvalidFile) -> None:
    error = {"code": reason.code, "title": _INVALID_FILE, "detail": reason.message}
    _finish(
        store,
        row,
        {"status": ProfileImport.Status.FAILED},
        {"status": Operation.Status.FAILED, "error": error},
    )


@transaction.atomic(using="memory")
def _finish(
    store: Store, row: ProfileImport, fields: dict[str, Any], outcome: dict[str, Any]
) -> None:
    lock_store(store)
    _touch(row, **fields)
    ImportChunk.objects.filter(store_id=store.id, import_id=row.id).delete()
    request_compaction()
    receipt = Operation.objects.filter(pk=row.operation_id)
    receipt.update(completed_at=row.updated_at, **outcome)


def _touch(row: ProfileImport, **fields: Any) -> None:
    """Shows that this run is alive. Raises TakenOver if another one has since."""
    now = timezone.now()
    mine = ProfileImport.objects.filter(
        store_id=row.store_id,
        id=row.id,
        status=ProfileImport.Status.PROCESSING,
        updated_at=row.updated_at,
    )
    if not mine.update(updated_at=now, **fields):
        raise TakenOver
    for name, value in {**fields, "updated_at": now}.items():
        setattr(row, name, value)
