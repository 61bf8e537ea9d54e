"""Moments as the contract writes them (docs/contract.md, section 3)."""

import re
from datetime import UTC, datetime

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)


def to_wire(moment: datetime) -> str:
    """`2026-01-05T09:00:00Z`: UTC, whole seconds, the only form SDKs parse."""
    # Not strftime: on some systems it writes the year 987 with three digits.
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="seconds") + "Z"


def from_wire(text: str) -> datetime:
    """Any RFC 3339 moment, as UTC. Raises ValueError."""
    text = text.strip().upper()
    if not _RFC_3339.fullmatch(text):
        raise ValueError("a moment needs a date, a time and a zone")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("lies outside of the years 1 to 9999") from exc
