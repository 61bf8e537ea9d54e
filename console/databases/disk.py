"""Room on the disk of SQLite databases: a ballast beside each, dropped when it fills.

On a full disk not even the entry fits that somebody was refused. So each database has
a file beside it that is worth nothing. Example, with 32 MB of ballast each: below 16 MB
of free space both files go. From then on customer data is neither shown nor changed,
and the 64 MB take denials, sign-ins and sign-outs. Once 96 MB are free the ballast
comes back, and with it everything else.
"""

import os
import shutil
import tempfile
from pathlib import Path
from threading import Lock

from django.conf import settings
from django.db import connections

_PIECE = 2**20
# One thread writes, those beside it wait.
_lock = Lock()


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
        if connection.vendor == "sqlite"
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
