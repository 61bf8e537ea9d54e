"""Taking what was deleted out of the files, too.

SQLite overwrites what it deletes, but its write-ahead log keeps the pages as they were
until it is emptied, and a page that was balanced may keep a copy of a row that went to
its neighbour (measured: 7 of 18,750) until the file is rewritten. PostgreSQL keeps
deleted rows until their table is rewritten. `compact` empties logs and rewrites small
files at once; `purge` rewrites everything, which keeps others waiting, at night.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, connections
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import task
from django_tasks.base import Task, TaskResultStatus
from django_tasks_db.models import DBTaskResult

# A request's deletion is committed by then; one that is not is waited for below.
DELAY = timedelta(seconds=1)
# After the first try that somebody was in the way of; twice as long after each further
# one, 10 min in the end.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
# Rewritten in about a second, which nobody minds.
SMALL_BYTES = 64_000_000
# Others wait while these wait for their turn.
SQLITE_WAIT_S = 0.5
LOCK_WAIT = "5s"
LOCK_NOT_AVAILABLE = "55P03"


class NotOwner(Exception):
    """The database's role may not rewrite a table."""


def request_compaction() -> None:
    """Call it in the transaction that removes or overwrites a customer's data.

    Enqueued before that transaction is committed, and not after: no crash can come in
    between. A run that is too early finds the database locked and tries again.
    """
    now = timezone.now()
    enqueue_once(compact, now + DELAY)
    if settings.PURGE_HOUR >= 0:
        enqueue_once(purge, get_purge_time(now))


def enqueue_once(job: Any, run_after: datetime | None = None, *args: str) -> None:
    """Unless one waits already, where it has arguments with the same."""
    waiting = DBTaskResult.objects.filter(
        task_path=job.module_path, status=TaskResultStatus.READY
    )
    if args:
        waiting = waiting.filter(args_kwargs__args=list(args))
    if not waiting.exists():
        job.using(run_after=run_after).enqueue(*args)


def get_purge_time(now: datetime) -> datetime:
    """The next PURGE_HOUR, UTC."""
    tonight = now.replace(hour=settings.PURGE_HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight > now else tonight + timedelta(days=1)


@task()
def compact(tries: int = 0, *in_use: str) -> list[str]:
    """Forget what was derived from customers' data, then empty SQLite's logs and
    rewrite small files. Answers the databases that were in use; it tries again then.
    Safe to run twice.

    in_use  by which of them the last try was stopped, for the operators' page
    """
    for path in settings.DERIVED_DATA:
        import_string(path)()
    files = [alias for alias in connections if connections[alias].vendor == "sqlite"]
    busy = [
        alias
        for alias in files
        if not (rewrite if _is_small(alias) else checkpoint)(alias)
    ]
    if busy:
        _try_again(compact, tries, busy)
    return busy


@task()
def purge(tries: int = 0, *in_use: str) -> list[str]:
    """Rewrite both databases; as compact."""
    busy = [alias for alias in connections if not rewrite(alias)]
    if busy:
        _try_again(purge, tries, busy)
    return busy


def _try_again(job: Task[..., list[str]], tries: int, busy: list[str]) -> None:
    wait = min(FIRST_WAIT * 2 ** min(tries, 10), LONGEST_WAIT)
    job.using(run_after=timezone.now() + wait).enqueue(tries + 1, *busy)


def _is_small(alias: str) -> bool:
    return Path(connections[alias].settings_dict["NAME"]).stat().st_size <= SMALL_BYTES


def rewrite(alias: str) -> bool:
    """False when somebody was in the way. Raises DatabaseError, NotOwner."""
    is_file = connections[alias].vendor == "sqlite"
    return (_rewrite_file if is_file else _rewrite_tables)(alias)


def _rewrite_file(alias: str) -> bool:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("VACUUM")
    except OperationalError:  # locked, or no room for a second copy
        checkpoint(alias)
        return False
    return checkpoint(alias)


def checkpoint(alias: str) -> bool:
    """Empties a write-ahead log; False when somebody writes, or reads an older state."""
    file = connections[alias].settings_dict["NAME"]
    # A connection of its own: the one at hand waits 20 s, and writers with it.
    with closing(sqlite3.connect(file, timeout=SQLITE_WAIT_S)) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _rewrite_tables(alias: str) -> bool:
    """False when one is in use, or when somebody's transaction still sees rows that
    were deleted.

    VACUUM without FULL keeps the bytes of dead rows until something else is written
    there: measured, 210 of 406 copies stayed.
    """
    connection = connections[alias]
    with connection.cursor() as cursor, _catch_notices(cursor.connection) as notices:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_WAIT])
        try:
            tables = connection.introspection.table_names(cursor)
            done = True
            for table in tables:
                done &= _rewrite_table(cursor, table)
            if _is_superuser(cursor):
                done &= _rewrite_table(cursor, "pg_statistic")
        finally:
            cursor.execute("RESET lock_timeout")
    refused = [said for severity, said, _ in notices if severity == "WARNING"]
    if refused:
        raise NotOwner(refused[0])
    return done and not any(_count_kept(detail) for _, _, detail in notices)


Notice = tuple[str, str, str]  # severity, message, detail


@contextmanager
def _catch_notices(raw: Any) -> Iterator[list[Notice]]:
    notices: list[Notice] = []

    def keep(notice: Any) -> None:
        # Its parts at once: when the handler returns, they are gone.
        severity, said = notice.severity_nonlocalized, notice.message_primary
        notices.append((severity, said, notice.message_detail or ""))

    raw.add_notice_handler(keep)
    try:
        yield notices
    finally:
        raw.remove_notice_handler(keep)


def _rewrite_table(cursor: Any, table: str) -> bool:
    try:
        cursor.execute(f'VACUUM (FULL, VERBOSE) "{table}"')
        # The planner's samples hold values of rows, and ANALYZE leaves those of a table
        # that is empty now. Only a superuser may touch them.
        if _is_superuser(cursor):
            sql = "DELETE FROM pg_statistic WHERE starelid = %s::regclass"
            cursor.execute(sql, [f'"{table}"'])
        cursor.execute(f'ANALYZE "{table}"')
    except OperationalError as exc:
        if getattr(exc.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def _is_superuser(cursor: Any) -> bool:
    cursor.execute("SELECT current_setting('is_superuser')")
    return bool(cursor.fetchone() == ("on",))


def _count_kept(detail: str) -> int:
    """How many dead rows somebody still sees: `3 dead row versions cannot be removed
    yet`, in the server's language."""
    number = re.match(r"\d+", detail)
    return int(number[0]) if number else 0
