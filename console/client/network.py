"""The two ways to a memory, both behind one `httpx.Client` for each address."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from math import inf
from socket import SOCK_STREAM, getaddrinfo
from ssl import SSLContext
from threading import Lock

import httpcore
import httpx
from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string

from console.client.addresses import EMBEDDED, check_address, is_public
from console.client.deadline import left
from console.client.errors import MemoryUnreachable
from console.core.requests import WITHIN

# Seconds; `read` and `write` for one chunk. The deadline shortens each.
TIMEOUT = httpx.Timeout(connect=2.0, read=5.0, write=5.0, pool=2.0)
# This name has to be in ALLOWED_HOSTS.
EMBEDDED_ORIGIN = "http://localhost"

_building = Lock()
# The system's resolver knows no timeout, so that it is waited for from outside. More
# threads than one tenant's unanswered names hold before its breaker opens.
_resolver = ThreadPoolExecutor(max_workers=32, thread_name_prefix="memory-names")


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
    seconds = min(timeout or inf, left())
    if seconds <= 0:
        raise passed("The deadline has passed.")
    return seconds
