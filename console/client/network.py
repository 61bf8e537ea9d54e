"""The two ways to a memory, both behind one `httpx.Client` for each address; which
addresses a memory may have.

What bounds the calls, so that a memory that hangs does not hold every thread: a deadline
for one call in all (connecting, waiting, retries and pauses), and for each tenant whose
memory is called over a network a bulkhead and a circuit breaker. The state of these is
this process's own. Only an outage counts against a memory: no connection, no answer in
time, 5xx. A refusal (4xx) is an answer like any other.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC
from functools import cache
from math import ceil
from threading import Condition, Lock
from time import monotonic

import httpx
from django.conf import settings
from django.db import connections
from django.utils import timezone
from django.utils.module_loading import import_string

from console.client.errors import MemorySuspended
from console.core.errors import DomainError
from console.core.observability import WITHIN
from console.core.outgoing import (
    PORTS,
    NetworkTransport,
    build_http,
    read_origin,
    seconds_left,
)

EMBEDDED = "embedded:"
# This name has to be in ALLOWED_HOSTS.
EMBEDDED_ORIGIN = "http://localhost"

_building = Lock()


class BadAddress(DomainError, status=422, title="This address cannot be used"):
    """The address of a memory that this console does not call."""


def http_for(address: str) -> httpx.Client:
    """The process's one client for this address. Raises BadAddress."""
    origin = check_address(address)
    with _building:
        return _http(origin, settings.MEMORY_ALLOW_PRIVATE)


@cache
def _http(origin: str, allow_private: bool) -> httpx.Client:
    if origin == EMBEDDED:
        return build_http(EMBEDDED_ORIGIN, EmbeddedTransport())
    return build_http(origin, NetworkTransport(allow_private=allow_private))


class EmbeddedTransport(httpx.BaseTransport):
    """Calls the memory in this process, as if it were far away."""

    def __init__(self) -> None:
        self._wsgi = httpx.WSGITransport(
            import_string(settings.MEMORY_APPLICATION),
            raise_app_exceptions=False,
            remote_addr=WITHIN,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        _check_no_transaction()
        # A viewer's zone is not an agent's: it would change what "yesterday" recalls.
        with timezone.override(UTC):
            return self._wsgi.handle_request(request)


def _check_no_transaction() -> None:
    """In a caller's transaction a write would roll back with it, as HTTP never does."""
    for connection in connections.all(initialized_only=True):
        for block in connection.atomic_blocks:
            if not block._from_testcase:  # type: ignore[attr-defined]
                raise AssertionError("A memory is never called inside a transaction.")


def check_address(address: str) -> str:
    """The origin to call, such as `https://memory.example:8443`, or `embedded:`.

    Raises BadAddress.
    """
    if address == EMBEDDED:
        return EMBEDDED
    origin = read_origin(address, allow_private=settings.MEMORY_ALLOW_PRIVATE)
    if not origin or address[len(origin) :] not in {"", "/"}:
        raise _bad_address()
    return origin


def _bad_address() -> BadAddress:
    ports = " or ".join(map(str, sorted(PORTS)))
    return BadAddress(
        "address: write “embedded:” or https:// with a public host name and, if it "
        f"needs one, port {ports}; no path, name or password. Nothing was called."
    )


# Of a process's threads (console/gunicorn.py) one tenant holds at most 6 and all tenants
# 9: the others serve pages, the embedded memory and probes meanwhile.
IN_FLIGHT, WAITING, IN_ALL = 4, 2, 9
# Calls of one tenant at a time, also where one page makes several: a card has 8.
TOGETHER = 8
PATIENCE_S = 1.0
# The guard at which a place is held for this call and others.
held_at: ContextVar["Guard | None"] = ContextVar("held_at", default=None)
FAILURES, WITHIN_S, OPEN_S = 5, 30.0, 15.0


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
        is_held = held_at.get() is self
        with nullcontext() if is_held else self.hold_place():
            with self._lock:
                if is_held:
                    self._start(TOGETHER, seconds_left())
                else:
                    self._start(IN_FLIGHT, self._patience_s)
                probes = self._probing = self._open_until is not None
            try:
                yield
            finally:
                with self._lock:
                    self.in_flight -= 1
                    self._probing = self._probing and not probes
                    self._lock.notify_all()

    @contextmanager
    def hold_place(self) -> Iterator[None]:
        """One place, also for calls that are made at the same time (`held_at`): of those
        each waits for its turn. Raises MemorySuspended."""
        with self._lock:
            self._check_breaker()
            self._take_place()
        try:
            yield
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

    def _start(self, most: int, patience_s: float) -> None:
        def can_start() -> bool:
            return self.in_flight < most or bool(self.retry_in_s)

        if not self._lock.wait_for(can_start, min(patience_s, seconds_left())):
            raise self._build_full()
        self._check_breaker()
        self.in_flight += 1

    def _build_full(self) -> MemorySuspended:
        return MemorySuspended(
            "Too many calls wait for its answer already; try again in a moment.",
            retry_after_s=PATIENCE_S,
        )


@cache
def get_guard(name: str) -> Guard:
    """The process's one guard of this name."""
    return Guard()
