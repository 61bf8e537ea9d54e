"""Calls to other machines: none to a private one, none that outlasts its deadline.

What may be called is told by `read_origin`, from the address alone, and once more when
its name is resolved, for a name can lead anywhere.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import ContextVar
from functools import cache
from hashlib import sha256
from hmac import digest
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import inf
from socket import SOCK_STREAM, getaddrinfo
from ssl import SSLContext
from time import monotonic, sleep
from typing import Any, NamedTuple
from urllib.parse import urldefrag, urlencode

import httpcore
import httpx

# Ports where HTTPS is served by convention. Any other would let a form knock on
# mail servers and databases.
PORTS = frozenset({443, 8443})
# Of every call: the built-in memory tells the console's own from those of programs.
USER_AGENT = "memory-console"

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)"
    # Of what follows no backslash: parsers differ on where it ends the host.
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?:[/?#][!-\[\]-~]*)?",
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

# The system's resolver knows no timeout, so that it is waited for from outside. More
# threads than one tenant's unanswered names hold before its breaker opens.
_resolver = ThreadPoolExecutor(max_workers=32, thread_name_prefix="memory-names")
_ends_at: ContextVar[float] = ContextVar("ends_at", default=inf)


class PrivateAddress(httpx.ConnectError):
    """The name leads into a private network; nothing was sent."""


def read_origin(url: str, *, allow_private: bool) -> str:
    """Of an address that may be called, such as `https://memory.example:8443`; empty
    for any other."""
    parts = _URL.fullmatch(url)
    if parts is None:
        return ""
    scheme, host, port = parts["scheme"].lower(), parts["host"].lower(), parts["port"]
    if not _may_use(scheme, host, int(port or 443), allow_private=allow_private):
        return ""
    return f"{scheme}://{host}:{port}" if port else f"{scheme}://{host}"


def _may_use(scheme: str, host: str, port: int, *, allow_private: bool) -> bool:
    if port > 65535 or not _is_plain(host):
        return False
    if allow_private:
        return True
    literal = _literal(host)
    is_private = literal is not None and not is_public(literal)
    return scheme == "https" and port in PORTS and not is_private


def _is_plain(host: str) -> bool:
    """False for a number in disguise and for a name that no resolver takes."""
    if _literal(host) is not None:
        return True
    try:
        _ = httpx.URL(scheme="https", host=host).host
    except (ValueError, httpx.InvalidURL):
        return False  # xn-- and no punycode behind it
    labels_fit = all(1 <= len(label) <= 63 for label in host.split("."))
    return labels_fit and not (host.startswith("[") or _NUMERIC.fullmatch(host))


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """True for a machine on the open internet, never one reached through a wrapper."""
    special = address.is_multicast or address.is_reserved
    return address.is_global and not special and not any(address in n for n in _WRAPPED)


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


class Http(httpx.Client):
    """It builds the request that a redirect asks for, though none is followed."""

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        try:
            return super().send(request, **kwargs)
        except httpx.InvalidURL:
            raise httpx.RemoteProtocolError("It redirects to no address.") from None


def build_http(origin: str, transport: httpx.BaseTransport) -> httpx.Client:
    """A client that follows, unpacks, remembers and reads from the environment nothing."""
    return Http(
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
            "User-Agent": USER_AGENT,
        },
    )


@cache
def get_trust() -> SSLContext:
    """One for all: to read the certificates of every authority takes 16 ms."""
    return httpx.create_ssl_context(trust_env=False)


class NetworkTransport(httpx.HTTPTransport):
    """HTTP/1.1 that keeps the deadline and calls no private machine."""

    def __init__(self, *, allow_private: bool) -> None:
        context = get_trust()
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=32,
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
            raise PrivateAddress("The name leads into a private network.")
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


class HttpAnswer(NamedTuple):
    """status    0: there is none, or it is of no use
    error     why, in words
    is_late   it did not come in time
    """

    status: int
    error: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = {}
    is_late: bool = False


def join(url: str, reference: str) -> str:
    """Where a page's reference leads, as it is sent; "" for nowhere."""
    try:
        return as_sent(str(httpx.URL(url).join(reference)))
    except (httpx.InvalidURL, ValueError):
        return ""


def as_sent(url: str) -> str:
    """As its receiver sees it: without a fragment, never without a path."""
    parts = httpx.URL(url)
    return f"{parts.scheme}://{parts.netloc.decode()}{parts.raw_path.decode()}"


def sign(url: str, content: bytes, token: str, **query: str) -> tuple[str, str]:
    """The address as it is sent, with the digest of the body and `query`, and its
    signature: base64 of HMAC-SHA1. Conversations 12.6."""
    query = {"bodySHA256": sha256(content).hexdigest()} | query
    url, _ = urldefrag(url)
    url = as_sent(f"{url}{'&' if '?' in url else '?'}{urlencode(query)}")
    return url, b64encode(digest(token.encode(), url.encode(), "sha1")).decode()


@cache
def get_http(*, allow_private: bool) -> httpx.Client:
    """For calls to any origin."""
    return build_http("", NetworkTransport(allow_private=allow_private))


def call(
    method: str,
    url: str,
    *,
    allow_private: bool,
    headers: Mapping[str, str],
    content: bytes,
    seconds: float,
    room: int = 0,
) -> HttpAnswer:
    """Of its body up to `room` bytes are wanted; more make it useless."""
    http = get_http(allow_private=allow_private)
    request = http.build_request(
        method, url, headers=headers, content=content, timeout=seconds
    )
    body = b""
    try:
        with within(seconds), closing(http.send(request, stream=True)) as response:
            for chunk in response.iter_raw() if room else ():
                body += chunk
                if len(body) > room:
                    return HttpAnswer(0, "The answer is too long.")
    except PrivateAddress as error:
        return HttpAnswer(0, str(error))
    except httpx.TimeoutException:
        return HttpAnswer(0, f"No answer within {seconds:.0f} seconds.", is_late=True)
    except httpx.ConnectError:
        return HttpAnswer(0, "No connection.")
    except httpx.TransportError:
        return HttpAnswer(0, "The answer broke off.")
    return HttpAnswer(response.status_code, body=body, headers=response.headers)
