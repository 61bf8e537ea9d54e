"""Query parameters beyond paging."""

from collections.abc import Mapping
from datetime import datetime

from console.core.time import from_wire
from console.service import errors


def moment_of(query: Mapping[str, str], name: str) -> datetime | None:
    """A date-time parameter, None when absent. Raises Invalid."""
    text = query.get(name)
    if not text:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        return from_wire(text.replace(" ", "+"))
    except (ValueError, OverflowError) as exc:
        raise errors.Invalid(f"{name}: is not an RFC 3339 date-time") from exc


def flag_of(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A `true`/`false` parameter. Raises Invalid."""
    text = query.get(name)
    if not text:
        return default
    if text not in {"true", "false"}:
        raise errors.Invalid(f"{name}: must be true or false")
    return text == "true"
