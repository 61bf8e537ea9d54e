"""Moments as the contract writes them (contract/memory-v1.md, section 3)."""

from datetime import UTC, datetime


def to_wire(moment: datetime) -> str:
    """`2026-01-05T09:00:00Z`: UTC, whole seconds, the only form SDKs parse."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_wire(text: str) -> datetime:
    """Any RFC 3339 moment with a zone, as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip().upper())
    if moment.tzinfo is None or len(text) < len("2026-01-05T09:00Z"):
        raise ValueError("a moment needs a date, a time and a zone")
    return moment.astimezone(UTC)
