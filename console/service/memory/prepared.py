"""Profiles prepared for ranking, kept from one recall to the next.

Each process keeps its own, as many as MOST_BYTES hold. One is used as long as its
profile's `index_version` is the one at which it was made. The version is read anew with
each request, and every write that Recall would see changes it in its own transaction: so
no process needs to tell another.

Kept are ids, times, vectors and hashes of words, never a text. What has changed or gone
is dropped when it is next looked for, and what nobody looks for KEPT_S after its last use.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from console.engine.ranking import PreparedProfile

# A profile of 10,000 observations, or a hundred of 100.
MOST_BYTES = 12_000_000
KEPT_S = 600.0

Key = tuple[str, str, bool]  # store, profile, whether its texts are masked
# The profile's, the model's of its vectors, and that of what masks its texts.
Version = tuple[int, str, int]


@dataclass(slots=True)
class Kept:
    version: Version
    profile: PreparedProfile
    nbytes: int
    used_at: float


class PreparedProfiles:
    """The last used, for all threads of a process."""

    def __init__(
        self,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.nbytes = 0
        self._most_bytes, self._clock = most_bytes, clock
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key, version: Version) -> PreparedProfile | None:
        with self._lock:
            self._drop_old()
            kept = self._kept.get(key)
            if kept is None:
                return None
            if kept.version != version:
                self._drop(key)
                return None
            kept.used_at = self._clock()
            self._kept.move_to_end(key)
            return kept.profile

    def put(self, key: Key, version: Version, profile: PreparedProfile) -> None:
        nbytes = profile.nbytes
        with self._lock:
            self._drop(key)
            self._kept[key] = Kept(version, profile, nbytes, self._clock())
            self.nbytes += nbytes
            while self.nbytes > self._most_bytes:
                self._drop(next(iter(self._kept)))

    def forget(self, store_id: str, profile_id: str) -> None:
        with self._lock:
            for masked in (False, True):
                self._drop((store_id, profile_id, masked))

    def _drop_old(self) -> None:
        before = self._clock() - KEPT_S
        while self._kept and next(iter(self._kept.values())).used_at < before:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        if kept := self._kept.pop(key, None):
            self.nbytes -= kept.nbytes


PREPARED = PreparedProfiles()
