"""What was worked out of a text, kept without the text."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
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
        return self.get_all([asked], lambda _: [build()])[0]

    def get_all(
        self, asked: Sequence[object], build: Callable[[list[int]], Iterable[T]]
    ) -> list[T]:
        """`build` answers for all places of `asked` of which nothing is kept."""
        keys = [
            blake2b(repr(each).encode(), key=_KEY, digest_size=16).digest()
            for each in asked
        ]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        if missing := [n for n, key in enumerate(keys) if key not in found]:
            found |= zip((keys[n] for n in missing), build(missing), strict=True)
        with self._lock:
            for key in keys:
                self._kept[key] = found[key]
                self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return [found[key] for key in keys]
