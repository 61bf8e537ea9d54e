"""Sessions that end: after a time without use, after a working day whatever was done in
it, and when somebody signs out, even if their row cannot be deleted.

On a full disk and without a database the row stays, and would open the console again
to whoever has a copy of the cookie. The key is then noted in a small file, whose bytes
were taken while there was room: a ring, longer than sessions that live for 8 hours
need. It is this machine's own; a second one learns nothing of it.
"""

import fcntl
import os
import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import Error
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from console.accounts.models import User
from console.databases import disk
from console.databases.outage import find_outage
from console.tenants.actor import list_roles

SLOTS = 2048
_KEY = re.compile(rb"[a-z0-9]{32}")
_KEY_BYTES = 32
_HEAD_BYTES = 8  # how many keys were noted so far


# Of whoever has signed in: when, in seconds since 1970, and with which roles.
BEGAN, ROLES = "began", "roles"
# How exactly the idle end is kept: a request need not write each time.
KEPT_FOR = timedelta(minutes=1)


class SessionStore(db.SessionStore):
    ends_at: datetime | None = None

    def get_session_cookie_age(self) -> int:
        """Seconds until it ends if it is not used: no writing moves the absolute end."""
        idle: int = settings.SESSION_IDLE_S
        if BEGAN not in self:
            return idle
        left = self[BEGAN] + settings.SESSION_COOKIE_AGE - timezone.now().timestamp()
        return max(min(int(left), idle), 0)

    def keep(self) -> None:
        """It is in use: the idle end moves on.

        Its row alone: what another request writes at the same moment is not undone, and
        on a full disk pages can be read until the session ends.
        """
        # A session from before version 0.3 has none.
        self.setdefault(BEGAN, timezone.now().timestamp())
        ends_at = self.get_expiry_date()
        if self.ends_at and ends_at - self.ends_at >= KEPT_FOR:
            with suppress(Error):
                rows = self.model.objects.filter(pk=self.session_key)
                rows.update(expire_date=ends_at)

    def _get_session_from_db(self) -> Any:
        row = super()._get_session_from_db()  # type: ignore[misc]  # not in the stubs
        self.ends_at = row.expire_date if row else None
        return row

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


@receiver(user_logged_in)
def note_sign_in(*, request: HttpRequest, user: User, **kwargs: Any) -> None:
    request.session[BEGAN] = timezone.now().timestamp()
    request.session[ROLES] = list_roles(user)


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
