"""How long one call may take in all: connecting, waiting, retries and pauses."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import monotonic, sleep

_ends_at: ContextVar[float] = ContextVar("ends_at", default=inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give everything inside `seconds`; an inner deadline never extends an outer."""
    token = _ends_at.set(min(monotonic() + seconds, _ends_at.get()))
    try:
        yield
    finally:
        _ends_at.reset(token)


def left() -> float:
    """Seconds until the deadline, 0 when it has passed, infinite without one."""
    return max(0.0, _ends_at.get() - monotonic())


def pause(seconds: float) -> bool:
    """Sleep, unless that would reach the deadline; False says it did not."""
    if seconds >= left():
        return False
    sleep(seconds)
    return True
