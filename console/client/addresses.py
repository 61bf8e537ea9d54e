"""Which addresses a memory may have, and which machines they may lead to."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings

from console.core.errors import DomainError

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


class BadAddress(DomainError):
    """The address of a memory that this console does not call."""

    status = 422
    title = "This address cannot be used"


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
