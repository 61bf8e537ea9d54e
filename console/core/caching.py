"""What was worked out of a text, kept without the text."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
_KEY = secrets.token_bytes(32)


class DigestCache(Generic[T]):
    """The last used, by a digest that only this process can make: so a text that is
    erased has not lived on as a key. What is kept must tell no text either."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._kept: OrderedDict[bytes, T] = OrderedDict()

    def get(self, asked: object, build: Callable[[], T]) -> T:
        """`asked`: strings and numbers that decide what `build` answers."""
        key = blake2b(repr(asked).encode(), key=_KEY, digest_size=16).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        built = build()
        with self._lock:
            self._kept[key] = built
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return built
