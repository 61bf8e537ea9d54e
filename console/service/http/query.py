"""Query parameters beyond paging."""

from collections.abc import Callable, Mapping
from datetime import datetime

from console.contract.ids import CONVERSATION_ID
from console.contract.memory.observation import SOURCE, SOURCE_MAX
from console.contract.times import from_wire
from console.service import errors

ReadConversationId = Callable[[Mapping[str, str]], str]


def read_time(query: Mapping[str, str], name: str) -> datetime | None:
    """A date-time parameter, None when absent. Raises Invalid."""
    text = query.get(name)
    if not text:
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        return from_wire(text.replace(" ", "+"))
    except ValueError as exc:
        raise errors.Invalid(f"{name}: must be an RFC 3339 date-time") from exc


def read_flag(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A `true`/`false` parameter. Raises Invalid."""
    text = query.get(name)
    if not text:
        return default
    if text not in {"true", "false"}:
        raise errors.Invalid(f"{name}: must be true or false")
    return text == "true"


def read_conversation_id(query: Mapping[str, str]) -> str:
    """The `conversationId` filter, empty when absent. Raises Invalid."""
    text = query.get("conversationId", "")
    if text and not CONVERSATION_ID.fullmatch(text):
        raise errors.Invalid("conversationId: not a valid conversation id")
    return text


def read_source(query: Mapping[str, str]) -> str:
    """The `source` filter, empty when absent. Raises Invalid."""
    text = query.get("source", "")
    if text and (len(text) > SOURCE_MAX or not SOURCE.fullmatch(text)):
        raise errors.Invalid(
            f"source: must be 1 to {SOURCE_MAX} letters, digits, spaces and _ . - /"
        )
    return text
