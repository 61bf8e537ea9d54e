"""The two ways to a memory, both behind one `httpx.Client` for each address; which
addresses a memory may have, and which machines they may lead to.

What bounds the calls, so that a memory that hangs does not hold every thread: a deadline
for one call in all (connecting, waiting, retries and pauses), and for each tenant whose
memory is called over a network a bulkhead and a circuit breaker. The state of these is
this process's own. Only an outage counts against a memory: no connection, no answer in
time, 5xx. A refusal (4xx) is an answer like any other.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import ceil, inf
from socket import SOCK_STREAM, getaddrinfo
from ssl import SSLContext
from threading import Condition, Lock
from time import monotonic, sleep

import httpcore
import httpx
from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string

from console.client.errors import MemorySuspended, MemoryUnreachable
from console.core.errors import DomainError
from console.core.observability import WITHIN

EMBEDDED = "embedded:"
# Ports where HTTPS is served by convention. Any other would let a form knock on
# mail servers and databases.
PORTS = frozenset({443, 8443})

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?/?",
    re.IGNORECASE | re.ASCII,
)
# What resolvers read as a number, such as 2130706433, 0x7f.1 and 127.1.
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.IGNORECASE)

# `is_global` alone calls several of these public (Python 3.11).
_WRAPPED = tuple(
    ip_network(network)
    for network in (
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64, local use
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local
    )
)

# Seconds; `read` and `write` for one chunk. The deadline shortens each.
TIMEOUT = httpx.Timeout(connect=2.0, read=5.0, write=5.0, pool=2.0)
# This name has to be in ALLOWED_HOSTS.
EMBEDDED_ORIGIN = "http://localhost"

_building = Lock()
# The system's resolver knows no timeout, so that it is waited for from outside. More
# threads than one tenant's unanswered names hold before its breaker opens.
_resolver = ThreadPoolExecutor(max_workers=32, thread_name_prefix="memory-names")


class BadAddress(DomainError):
    """The address of a memory that this console does not call."""

    status = 422
    title = "This address cannot be used"


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


def build_http(origin: str, transport: httpx.BaseTransport) -> httpx.Client:
    """A client that follows, unpacks, remembers and reads from the environment nothing."""
    return httpx.Client(
        base_url=origin,
        transport=transport,
        timeout=TIMEOUT,
        trust_env=False,
        follow_redirects=False,
        # Tenants share a client: a cookie set for one must not reach another.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "memory-console",
        },
    )


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
        return self._wsgi.handle_request(request)


def _check_no_transaction() -> None:
    """In a caller's transaction a write would roll back with it, as HTTP never does."""
    for connection in connections.all(initialized_only=True):
        for block in connection.atomic_blocks:
            if not block._from_testcase:  # type: ignore[attr-defined]
                raise AssertionError("A memory is never called inside a transaction.")


class NetworkTransport(httpx.HTTPTransport):
    """HTTP/1.1 that keeps the deadline and calls no private machine."""

    def __init__(self, *, allow_private: bool) -> None:
        context: SSLContext = httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=16,
            keepalive_expiry=15.0,
            network_backend=GuardedBackend(allow_private=allow_private),
        )


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves once, judges every address, connects to one that was judged."""

    def __init__(self, *, allow_private: bool) -> None:
        self._sockets = httpcore.SyncBackend()
        self._allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        refused: Exception = httpcore.ConnectError("The name has no address.")
        for address in self._resolve(host, port, timeout):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, _connect_s(timeout), local_address, socket_options
                )
            except httpcore.ConnectError as exc:
                refused = exc
            else:
                return DeadlineStream(stream)
        raise refused

    def _resolve(self, host: str, port: int, timeout: float | None) -> list[str]:
        lookup = _resolver.submit(getaddrinfo, host, port, type=SOCK_STREAM)
        try:
            found = lookup.result(_connect_s(timeout))
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout("The name was not resolved in time.") from exc
        except OSError as exc:
            raise httpcore.ConnectError("The name is unknown.") from exc
        addresses = [str(entry[4][0]) for entry in found]
        if not self._allow_private and not all(
            is_public(ip_address(address)) for address in addresses
        ):
            raise MemoryUnreachable(
                "The memory's address leads into a private network, where this "
                "console does not call. Nothing was changed; an operator has to "
                "correct the tenant's address."
            )
        return addresses


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every wait is cut to what is left of the deadline.

    A timeout of its own starts anew with each byte of a server that drips.
    """

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _shortened(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _shortened(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return DeadlineStream(
            self._stream.start_tls(ssl_context, server_hostname, _connect_s(timeout))
        )

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _connect_s(timeout: float | None) -> float:
    return _shortened(timeout, httpcore.ConnectTimeout)


def _shortened(timeout: float | None, passed: type[Exception]) -> float:
    """The timeout or what is left, whichever is less; raises `passed` for nothing."""
    seconds = min(timeout or inf, seconds_left())
    if seconds <= 0:
        raise passed("The deadline has passed.")
    return seconds


def check_address(address: str) -> str:
    """The origin to call, such as `https://memory.example:8443`, or `embedded:`.

    Raises BadAddress.
    """
    if address == EMBEDDED:
        return EMBEDDED
    parts = _ORIGIN.fullmatch(address)
    if parts is None:
        raise _bad_address()
    scheme, host, port = parts["scheme"].lower(), parts["host"].lower(), parts["port"]
    if not _may_use(scheme, host, int(port) if port else 443):
        raise _bad_address()
    return f"{scheme}://{host}:{port}" if port else f"{scheme}://{host}"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """True for a machine on the open internet, never one reached through a wrapper."""
    special = address.is_multicast or address.is_reserved
    return address.is_global and not special and not any(address in n for n in _WRAPPED)


def _may_use(scheme: str, host: str, port: int) -> bool:
    if port > 65535 or not _is_plain(host):
        return False
    if settings.MEMORY_ALLOW_PRIVATE:
        return True
    literal = _literal(host)
    is_private = literal is not None and not is_public(literal)
    return scheme == "https" and port in PORTS and not is_private


def _is_plain(host: str) -> bool:
    """False for a number in disguise and for a name that no resolver takes."""
    if _literal(host) is not None:
        return True
    labels_fit = all(1 <= len(label) <= 63 for label in host.split("."))
    return labels_fit and not (host.startswith("[") or _NUMERIC.fullmatch(host))


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _bad_address() -> BadAddress:
    ports = " or ".join(map(str, sorted(PORTS)))
    return BadAddress(
        "address: write “embedded:” or https:// with a public host name and, if it "
        f"needs one, port {ports}; no path, name or password. Nothing was called."
    )


# Of a process's threads (console/gunicorn.py) one tenant holds at most 6 and all tenants
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
