"""Uploaded files, read by the worker. Contract 11.7.

A run works for a while and hands over to the next one, so that other tasks get their
turn; where to go on travels with the task. After a crash that run begins again, which
does no harm: writing a row twice is writing it once. The worker starts an import again
whose task was lost.
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

from console.databases.compaction import request_compaction
from console.service import errors
from console.service.memory.import_rows import (
    Column,
    InvalidFile,
    RowReader,
    build_payload,
    find_columns,
    get_data_types,
    read_chunks,
)
from console.service.memory.models import ImportChunk, ProfileImport, Store
from console.service.memory.profiles import create_profiles
from console.service.memory.stores import lock_store
from console.service.memory.traits import Payload
from console.service.models import Operation

# Rows in one transaction, under one lock of the store.
BATCH = 100
RUN_S = 20.0
# A run touches its import after each batch; one that has not for so long is dead.
STALE_S = 60.0

_INVALID_FILE = "The file is not valid; nothing of it was written."


class Superseded(Exception):
    """Another run has taken over this import, or it was deleted."""


def request_run(row: ProfileImport) -> None:
    """Once this transaction is committed, have the worker read the file."""

    def enqueue() -> None:
        process_import.enqueue(row.store_id, row.id)

    # Robust: the file is kept, and restart_stalled_imports makes good for a lost task.
    transaction.on_commit(enqueue, using="memory", robust=True)


def restart_stalled_imports() -> None:
    """From the first row, unless a task is there, be it one that was given up."""
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
def process_import(
    store_id: str, import_id: str, position: int = 0, refused: int = 0
) -> None:
    """Continues at a byte of the file; `refused` rows so far. Safe to run twice."""
    store = Store.objects.filter(pk=store_id).first()
    row = ProfileImport.objects.filter(store_id=store_id, id=import_id).first()
    if store and row:
        with suppress(Superseded, errors.NotFound):
            _touch(row)
            _process(store, row, position, refused)


def _process(store: Store, row: ProfileImport, position: int, refused: int) -> None:
    until = monotonic() + RUN_S
    try:
        header, rows = _open_rows(row, position)
        columns = find_columns(header, row.column_mappings, get_data_types(store))
    except InvalidFile as exc:
        _fail(store, row, exc)
        return
    while batch := list(islice(rows, BATCH)):
        payloads = _build_payloads(batch, columns, width=len(header))
        refused += len(batch) - len(payloads) + _write_profiles(store, row, payloads)
        if monotonic() > until:
            process_import.enqueue(store.id, row.id, rows.position, refused)
            return
    _complete(store, row, refused)


def _open_rows(row: ProfileImport, position: int) -> tuple[list[str], RowReader]:
    """The header, and the rows from a byte on. Raises InvalidFile."""
    rows = RowReader(read_chunks(row))
    header = next(rows, None)
    if header is None:
        raise InvalidFile("Header: missing")
    if position:
        return header, RowReader(read_chunks(row, position), position)
    # Read to its end before a row of it is written: what cannot be read changes
    # nothing.
    for _ in RowReader(read_chunks(row)):
        pass
    return header, rows


def _build_payloads(
    batch: Sequence[Sequence[str]], columns: Sequence[Column], *, width: int
) -> list[Payload]:
    """Rows as payloads, without those that are not valid."""
    payloads: list[Payload] = []
    for cells in batch:
        with suppress(errors.Invalid):
            payloads.append(build_payload(cells, columns, width=width))
    return payloads


@transaction.atomic(using="memory")
def _write_profiles(
    store: Store, row: ProfileImport, payloads: Sequence[Payload]
) -> int:
    """All that are accepted, unless another run has written them; answers how many
    were refused. Raises Superseded, NotFound."""
    refused = create_profiles(store, payloads)
    _touch(row)
    return len(refused)


def _complete(store: Store, row: ProfileImport, refused: int) -> None:
    _finish(
        store,
        row,
        {"status": ProfileImport.Status.COMPLETED, "errors": refused},
        {
            "status": Operation.Status.COMPLETED,
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
    """Shows that this run is alive. Raises Superseded if another one has since."""
    now = timezone.now()
    mine = ProfileImport.objects.filter(
        store_id=row.store_id,
        id=row.id,
        status=ProfileImport.Status.PROCESSING,
        updated_at=row.updated_at,
    )
    if not mine.update(updated_at=now, **fields):
        raise Superseded
    row.updated_at = now
