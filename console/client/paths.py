"""Where things are, in each dialect of the contract, and what a path may hold."""

import re
from dataclasses import dataclass
from re import Pattern
from urllib.parse import quote

from console.client.errors import MemoryNotFound
from console.contract import ids
from console.core.errors import DomainError


@dataclass(frozen=True, slots=True)
class Dialect:
    """The roots of one dialect's paths."""

    stores: str
    data: str
    operations: str


# "services", the older dialect, gets its line here (contract, section 16).
DIALECTS = {
    "current": Dialect(
        stores="/v1/ControlPlane/Stores",
        data="/v1/Stores",
        operations="/v1/ControlPlane/Operations",
    ),
}

_SEGMENTS: dict[str, Pattern[str]] = {
    "store": ids.STORE_ID,
    "profile": ids.PROFILE_ID,
    "observation": ids.OBSERVATION_ID,
    "summary": ids.SUMMARY_ID,
    "operation": re.compile(r"[A-Za-z0-9_-]{1,512}"),
    "trait group": re.compile(r"(?!\.+\Z)[A-Za-z0-9_.-]{1,64}"),
    "identifier type": re.compile(r"[A-Za-z0-9_-]{2,30}"),
}


def dialect_of(name: str) -> Dialect:
    """Raises DomainError for a dialect that this console does not speak yet."""
    if name not in DIALECTS:
        raise DomainError(
            f"dialect: “{name}” is not spoken yet; choose {', '.join(DIALECTS)}."
        )
    return DIALECTS[name]


def segment(noun: str, value: str) -> str:
    """A value as one segment of a path. Raises MemoryNotFound if it cannot be one."""
    if not _SEGMENTS[noun].fullmatch(value):
        raise MemoryNotFound(
            f"{noun}: this is not written as the memory writes one, so there is none. "
            "Nothing was asked and nothing was changed.",
            code=20404,
            http_status=404,
        )
    return quote(value, safe="")
