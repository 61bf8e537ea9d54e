"""When a database cannot do what was asked, through no fault of the request: 503.

On a full disk not even the entry fits that somebody was refused. So each SQLite database
has a ballast beside it, a file that is worth nothing. Example, with 32 MB of ballast
each: below 16 MB of free space both files go. From then on customer data is neither shown
nor changed, and the 64 MB take denials, sign-ins and sign-outs. Once 96 MB are free the
ballast comes back, and with it everything else.
"""

import os
import shutil
import tempfile
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.cache.backends.db import DatabaseCache
from django.db import InterfaceError, OperationalError, connections

from console.core.errors import DomainError

RETRY_AFTER_S = 60
_PIECE = 2**20
# One thread writes, those beside it wait.
_lock = Lock()
# SQLite's primary result codes (sqlite.org/rescode.html): full, busy or locked, and
# those that are our own mistakes, as a wrong statement is.
_SQLITE_FULL, _SQLITE_BUSY, _SQLITE_WRONG = 13, {5, 6}, {1, 21}
# PostgreSQL's codes (appendix A of its manual): the disk, and of other classes
# serialization, resources and locks.
_POSTGRES_FULL, _POSTGRES_BUSY = "53100", {"40", "53", "55"}


class Outage(DomainError, status=503):
    words = ""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.words)


class DiskFull(Outage, title="The disk of this installation is full"):
    words = (
        "Customer data is not shown and nothing is changed until an operator has "
        "made room. Signing out works."
    )


class DatabaseBusy(Outage, title="The database is busy"):
    words = (
        "It could not take the request in time. Check whether your change was "
        "made, then try again."
    )


class DatabaseAway(Outage, title="The database cannot be used"):
    words = (
        "It does not answer, or cannot be written. Check whether your change was "
        "made before you try again; if this persists, tell an operator."
    )


def check_room() -> None:
    """Before something that needs room on the disk. Raises DiskFull."""
    if is_full():
        raise DiskFull


def find_outage(error: BaseException | None) -> Outage | None:
    """What an error means if it is not ours to mend: the first in its chain of causes.

    None for the rest, a wrong statement or a refused row for example.
    """
    while error is not None:
        if isinstance(error, Outage):
            return error
        if isinstance(error, OperationalError | InterfaceError):
            return _classify(error.__cause__)
        error = error.__cause__ or error.__context__
    return None


def _classify(cause: Any) -> Outage | None:
    on_sqlite = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    on_postgres = getattr(cause, "sqlstate", None) or ""
    if on_sqlite in _SQLITE_WRONG:
        return None
    # On a full disk a file cannot be opened or locked either; and asking makes room.
    if is_full() or on_sqlite == _SQLITE_FULL or on_postgres == _POSTGRES_FULL:
        return DiskFull()
    if on_sqlite in _SQLITE_BUSY or on_postgres[:2] in _POSTGRES_BUSY:
        return DatabaseBusy()
    return DatabaseAway()


def is_full() -> bool:
    """Whether all that needs room has to wait. Looks at the disk each time: 30 µs.

    Always False without SQLite: the disk of a database server is not ours to see.
    """
    files = _list_files() if settings.DISK_BALLAST_MB else []
    ballasts = [path.with_name(f"{path.name}-ballast") for path in files]
    size = settings.DISK_BALLAST_MB * _PIECE
    if all(_is_there(path, size) for path in ballasts):
        if _get_free(ballasts) >= size // 2:
            return False
        _drop(ballasts)
        return True
    # More than what a drop sets free: otherwise it would come and go.
    if _get_free(ballasts) < size * (len(ballasts) + 1):
        return True
    with _lock:
        there = all(_is_there(path, size) for path in ballasts)
        return not (there or _put_back(ballasts, size))


def get_companion(suffix: str) -> Path:
    """A small file of ours: beside the console's database, if that is a file."""
    fallback = Path(tempfile.gettempdir(), "memory-console")
    file = next(iter(_list_files()), fallback)
    return file.with_name(f"{file.name}-{suffix}")


def _list_files() -> list[Path]:
    return [
        Path(connection.settings_dict["NAME"])
        for connection in connections.all()
        # A database in memory has the name of no file: `file:memorydb_default?mode=…`.
        if connection.vendor == "sqlite"
        and "mode=memory" not in str(connection.settings_dict["NAME"])
    ]


def _is_there(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size >= size
    except OSError:
        return False


def _get_free(ballasts: list[Path]) -> int:
    """On the fullest of their disks."""
    return min(
        (shutil.disk_usage(path.parent).free for path in ballasts), default=2**63
    )


def _drop(ballasts: list[Path]) -> None:
    for path in ballasts:
        path.unlink(missing_ok=True)


def _put_back(ballasts: list[Path], size: int) -> bool:
    # Not zeros: a file system that compresses would keep no room for them.
    piece = os.urandom(_PIECE)
    try:
        for path in ballasts:
            with path.open("wb") as file:
                for _ in range(size // _PIECE):
                    file.write(piece)
    except OSError:
        _drop(ballasts)
        return False
    return True


class Cache(DatabaseCache):
    """Django's takes a write that failed for one that was not wanted: sign-in then
    believed that it had been tried too often. Raises Outage."""

    def _base_set(self, mode: str, key: str, value: Any, timeout: Any = 300) -> bool:
        done = self._write(mode, key, value, timeout)
        # `add` and `touch` may also find that they have nothing to do.
        if not done and not self._write("set", "can-be-written", True, 60):
            raise DiskFull if is_full() else DatabaseAway
        return done

    def _write(self, *args: Any) -> bool:
        return bool(super()._base_set(*args))  # type: ignore[misc]
