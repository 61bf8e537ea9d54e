"""Query parameters beyond paging."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from console.contract.ids import CONVERSATION_ID
from console.contract.times import from_wire
from console.service import errors, limits
from console.service.http.bodies import SOURCE_PATTERN

ConversationFilter = Callable[[Mapping[str, str]], str]


def moment_of(query: Mapping[str, str], name: str) -> datetime | None:
    """A date-time parameter, None when absent. Raises Invalid."""
    text = query.get(name)
    if not text:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        return from_wire(text.replace(" ", "+"))
    except ValueError as exc:
        raise errors.Invalid(f"{name}: is not an RFC 3339 date-time") from exc


def flag_of(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A `true`/`false` parameter. Raises Invalid."""
    text = query.get(name)
    if not text:
        return default
    if text not in {"true", "false"}:
        raise errors.Invalid(f"{name}: must be true or false")
    return text == "true"


def conversation_of(query: Mapping[str, str]) -> str:
    """The `conversationId` filter, empty when absent. Raises Invalid."""
    text = query.get("conversationId", "")
    if text and not CONVERSATION_ID.fullmatch(text):
        raise errors.Invalid("conversationId: is not a conversation id")
    return text


def source_of(query: Mapping[str, str]) -> str:
    """The `source` filter, empty when absent. Raises Invalid."""
    text = query.get("source", "")
    if text and (len(text) > limits.SOURCE or not re.match(SOURCE_PATTERN, text)):
        raise errors.Invalid(
            f"source: must have 1 to {limits.SOURCE} letters, digits, spaces and _ . - /"
        )
    return text
