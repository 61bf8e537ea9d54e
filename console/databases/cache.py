"""The cache in the database, which does not forget in silence."""

from typing import Any

from django.core.cache.backends.db import DatabaseCache

from console.databases import disk
from console.databases.disk import DatabaseAway, DiskFull


class Cache(DatabaseCache):
    """Django's takes a write that failed for one that was not wanted: sign-in then
    believed that it had been tried too often. Raises Outage."""

    def _base_set(self, mode: str, key: str, value: Any, timeout: Any = 300) -> bool:
        done = self._write(mode, key, value, timeout)
        # `add` and `touch` may also find that they have nothing to do.
        if not done and not self._write("set", "can-be-written", True, 60):
            raise DiskFull if disk.is_full() else DatabaseAway
        return done

    def _write(self, *args: Any) -> bool:
        return bool(super()._base_set(*args))  # type: ignore[misc]
