"""What bounds the calls of a memory, so that one that hangs does not hold every thread:
a deadline for one call in all (connecting, waiting, retries and pauses), and for each
tenant whose memory is called over a network a bulkhead and a circuit breaker.

The state of these is this process's own. Only an outage counts against a memory: no connection,
no answer in time, 5xx. A refusal (4xx) is an answer like any other.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from math import ceil, inf
from threading import Condition
from time import monotonic, sleep

from console.client.errors import MemorySuspended

# Of a process's threads (console/server.py) one tenant holds at most 6 and all tenants
# 9: the others serve pages, the embedded memory and probes meanwhile.
IN_FLIGHT, WAITING, IN_ALL = 4, 2, 9
PATIENCE_S = 1.0
FAILURES, WITHIN_S, OPEN_S = 5, 30.0, 15.0

_ends_at: ContextVar[float] = ContextVar("ends_at", default=inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give everything inside `seconds`; an inner deadline never extends an outer."""
    token = _ends_at.set(min(monotonic() + seconds, _ends_at.get()))
    try:
        yield
    finally:
        _ends_at.reset(token)


def seconds_left() -> float:
    """Seconds until the deadline, 0 when it has passed, infinite without one."""
    return max(0.0, _ends_at.get() - monotonic())


def pause(seconds: float) -> bool:
    """Sleep, unless that would reach the deadline; False says it did not."""
    if seconds >= seconds_left():
        return False
    sleep(seconds)
    return True


class Guard:
    """Lets one tenant's calls through, or says at once why not.

    The breaker opens after FAILURES in a row within WITHIN_S. OPEN_S later one call is
    let through as a probe: an answer closes the breaker, another outage opens it again.

    in_flight  calls that wait for their answer now
    """

    _lock = Condition()
    _inside_all = 0

    def __init__(
        self, now: Callable[[], float] = monotonic, patience_s: float = PATIENCE_S
    ) -> None:
        self._now = now
        self._patience_s = patience_s
        self._inside = self.in_flight = 0
        self._failed_at: deque[float] = deque(maxlen=FAILURES)
        self._open_until: float | None = None
        self._probing = False

    @property
    def retry_in_s(self) -> int | None:
        """Whole seconds until the next probe, 0 when it is due; None while closed."""
        if self._open_until is None:
            return None
        return max(0, ceil(self._open_until - self._now()))

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around one call with its retries. Raises MemorySuspended."""
        if not seconds_left():
            # Others used it up: that says nothing of this memory.
            raise MemorySuspended("No time was left to ask it.", retry_after_s=0)
        with self._lock:
            self._check_breaker()
            self._take_place()
        try:
            with self._lock:
                self._start()
                probes = self._probing = self._open_until is not None
            try:
                yield
            finally:
                with self._lock:
                    self.in_flight -= 1
                    self._probing = self._probing and not probes
        finally:
            with self._lock:
                self._inside -= 1
                Guard._inside_all -= 1
                self._lock.notify_all()

    def record(self, *, failed: bool) -> None:
        """How an attempt ended. While probing, one failure is enough."""
        with self._lock:
            if not failed:
                self._failed_at.clear()
                self._open_until = None
                return
            now = self._now()
            self._failed_at.append(now)
            in_a_row = len(self._failed_at) == FAILURES
            if self._probing or (in_a_row and now - self._failed_at[0] <= WITHIN_S):
                self._open_until = now + OPEN_S
                self._lock.notify_all()

    def _check_breaker(self) -> None:
        wait_s = self.retry_in_s
        if wait_s is None or (wait_s == 0 and not self._probing):
            return
        when = f"in {wait_s} seconds" if wait_s else "at this moment"
        raise MemorySuspended(
            f"The last calls all failed; the memory is tried again {when}.",
            retry_after_s=max(wait_s, 1),
        )

    def _take_place(self) -> None:
        """In flight or in a short queue: a page asks for several parts at once."""
        if self._inside >= IN_FLIGHT + WAITING or Guard._inside_all >= IN_ALL:
            raise self._build_full()
        self._inside += 1
        Guard._inside_all += 1

    def _start(self) -> None:
        patience_s = min(self._patience_s, seconds_left())
        if not self._lock.wait_for(self._can_start, patience_s):
            raise self._build_full()
        self._check_breaker()
        self.in_flight += 1

    def _can_start(self) -> bool:
        return self.in_flight < IN_FLIGHT or bool(self.retry_in_s)

    def _build_full(self) -> MemorySuspended:
        return MemorySuspended(
            "Too many calls wait for its answer already; try again in a moment.",
            retry_after_s=PATIENCE_S,
        )


@cache
def get_guard(name: str) -> Guard:
    """The process's one guard of this name."""
    return Guard()
