"""When a database cannot do what was asked, through no fault of the request: 503."""

from typing import Any

from django.db import InterfaceError, OperationalError

from console.core.errors import DomainError
from console.databases import disk

RETRY_AFTER_S = 60

# SQLite's primary result codes (sqlite.org/rescode.html): full, busy or locked, and
# those that are our own mistakes, as a wrong statement is.
_SQLITE_FULL, _SQLITE_BUSY, _SQLITE_WRONG = 13, {5, 6}, {1, 21}
# PostgreSQL's codes (appendix A of its manual): the disk, and of other classes
# serialization, resources and locks.
_POSTGRES_FULL, _POSTGRES_BUSY = "53100", {"40", "53", "55"}


class Outage(DomainError):
    status = 503


class DiskFull(Outage):
    title = "The disk of this installation is full"

    def __init__(self) -> None:
        super().__init__(
            "Customer data is not shown and nothing is changed until an operator has "
            "made room. Signing out works."
        )


class DatabaseBusy(Outage):
    title = "The database is busy"

    def __init__(self) -> None:
        super().__init__(
            "It could not take the request in time. Check whether your change was "
            "made, then try again."
        )


class DatabaseAway(Outage):
    title = "The database cannot be used"

    def __init__(self) -> None:
        super().__init__(
            "It does not answer, or cannot be written. Check whether your change was "
            "made before you try again; if this persists, tell an operator."
        )


def check_room() -> None:
    """Before something that needs room on the disk. Raises DiskFull."""
    if disk.is_full():
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
    if disk.is_full() or on_sqlite == _SQLITE_FULL or on_postgres == _POSTGRES_FULL:
        return DiskFull()
    if on_sqlite in _SQLITE_BUSY or on_postgres[:2] in _POSTGRES_BUSY:
        return DatabaseBusy()
    return DatabaseAway()
