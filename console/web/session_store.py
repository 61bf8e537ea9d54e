"""Sessions that end when somebody signs out, even if their row cannot be deleted.

On a full disk and without a database the row stays, and would open the console again
to whoever has a copy of the cookie. The key is then noted in a small file, whose bytes
were taken while there was room: a ring, longer than sessions that live for 8 hours
need. It is this machine's own; a second one learns nothing of it.
"""

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import Error

from console.databases import disk
from console.databases.outage import find_outage

SLOTS = 2048
_KEY = re.compile(rb"[a-z0-9]{32}")
_KEY_BYTES = 32
_HEAD_BYTES = 8  # how many keys were noted so far


class SessionStore(db.SessionStore):
    def load(self) -> dict[str, Any]:
        if is_ended(self.session_key):
            self._session_key = None
            return {}
        loaded: dict[str, Any] = super().load()
        return loaded

    def save(self, must_create: bool = False) -> None:
        try:
            super().save(must_create)
        except UpdateError as exc:
            # Django takes any failure for a session that ended meanwhile.
            if outage := find_outage(exc.__context__):
                raise outage from exc
            raise

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        try:
            super().delete(key)
        except Error:
            note_ended(key)


def get_ring() -> Path:
    return disk.get_companion("ended-sessions")


def is_ended(key: str | None) -> bool:
    # Without room for the ring itself there is nothing noted.
    with suppress(OSError):
        if not get_ring().exists():
            _create(get_ring())
        with get_ring().open("rb") as ring:
            if int.from_bytes(ring.read(_HEAD_BYTES), "big"):
                return (key or "").encode() in _split(ring.read())
    return False


def note_ended(key: str | None) -> None:
    """Overwrites the oldest, in place."""
    raw = (key or "").encode()
    if not _KEY.fullmatch(raw):
        return
    with suppress(OSError), get_ring().open("r+b", buffering=0) as ring:
        fcntl.flock(ring, fcntl.LOCK_EX)
        count = int.from_bytes(ring.read(_HEAD_BYTES), "big")
        ring.seek(_HEAD_BYTES + count % SLOTS * _KEY_BYTES)
        ring.write(raw)
        ring.seek(0)
        ring.write((count + 1).to_bytes(_HEAD_BYTES, "big"))


def _split(ring: bytes) -> set[bytes]:
    return {ring[at : at + _KEY_BYTES] for at in range(0, len(ring), _KEY_BYTES)}


def _create(path: Path) -> None:
    with path.open("xb") as ring:
        path.chmod(0o600)
        # Random: a file system that compresses would keep no room for zeros.
        ring.write(bytes(_HEAD_BYTES) + os.urandom(SLOTS * _KEY_BYTES))
