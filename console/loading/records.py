"""One line of a memory file, read and checked before anything is sent.

A line is a JSON object with `traits`, `observations` and `summaries` in the
contract's field names (contract/memory-v1.md, sections 11.1, 11.2, 11.4, 11.5).
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from console.contract.ids import CONVERSATION_ID
from console.contract.times import from_wire

# Ours: 10,000 full observations make about 45 MB.
LINE_BYTES = 64 * 1024 * 1024
# The contract's: sections 11.2, 11.4, 11.5 and 14, read in November 2026.
CONTENT = 4096
SOURCE = re.compile(r"[a-zA-Z0-9 _./-]{1,100}")
CONVERSATIONS = 10
GROUP_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
TRAIT_NAME = 64
TRAIT_TEXT = 1024
TRAIT_INTEGER = 2**31 - 1
TRAIT_ITEMS = 100

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
PARTS = ("traits", "observations", "summaries")
Record = dict[str, Any]
# What is wrong with a value, in words; None: nothing.
Check = Callable[[Any], str | None]


class LineRefused(ValueError):
    """A whole line that cannot be read; says why, never what it holds."""


@dataclass(frozen=True, slots=True)
class Field:
    check: Check
    required: bool = True


def read_lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Line numbers and lines; of one over LINE_BYTES only the beginning."""
    number = 0
    while raw := file.readline(LINE_BYTES + 1):
        number += 1
        yield number, raw
        while len(raw) > LINE_BYTES and not raw.endswith(b"\n"):
            raw = file.readline(LINE_BYTES + 1)


def parse_line(raw: bytes) -> Record:
    """The line's object, its three parts present. Raises LineRefused."""
    if len(raw) > LINE_BYTES:
        raise LineRefused(f"is longer than {LINE_BYTES // 1024 // 1024} MiB")
    record = parse_json(raw)
    if not isinstance(record, dict):
        raise LineRefused("must be a JSON object")
    for name in record:
        if name not in PARTS:
            raise LineRefused(f"{shown(name)}: is no field of a profile's line")
    traits = record.get("traits")
    if traits is not None and not isinstance(traits, dict):
        raise LineRefused("traits: must be an object")
    return {"traits": traits or {}} | {name: array(record, name) for name in PARTS[1:]}


def array(record: Record, name: str) -> list[Any]:
    items = record.get(name)
    if items is not None and not isinstance(items, list):
        raise LineRefused(f"{name}: must be an array")
    return items or []


def parse_json(raw: bytes) -> Any:
    """Stricter than json.loads: no key twice, no NaN. Raises LineRefused."""
    try:
        return json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=distinct, parse_constant=refuse
        )
    except LineRefused:
        raise
    except UnicodeDecodeError as exc:
        raise LineRefused(f"is not UTF-8 at byte {exc.start + 1}") from exc
    except RecursionError as exc:
        raise LineRefused("is nested too deeply") from exc
    except json.JSONDecodeError as exc:
        raise LineRefused(f"is not JSON at column {exc.colno}") from exc
    except ValueError as exc:  # an integer of thousands of digits
        raise LineRefused("holds a number that is too long") from exc


def distinct(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise LineRefused(f"{shown(twice)}: stands there twice")
    return found


def refuse(constant: str) -> Any:
    raise LineRefused(f"{constant} is no JSON number")


def shown(name: str) -> str:
    """A name from the file, safe to print on a terminal."""
    return name[:64].encode("unicode_escape").decode()


def check_content(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be text"
    if not 1 <= len(value) <= CONTENT:
        return f"must be 1 to {CONTENT} characters long"
    return "holds control characters" if UNPRINTABLE.search(value) else None


def check_source(value: Any) -> str | None:
    if isinstance(value, str) and SOURCE.fullmatch(value):
        return None
    return "must be 1 to 100 of letters, digits, spaces and _ . / -"


def check_moment(value: Any) -> str | None:
    try:
        from_wire(value)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return "must be a date and time with a zone, such as 2026-01-05T09:00:00Z"
    return None


def check_conversation(value: Any) -> str | None:
    if isinstance(value, str) and CONVERSATION_ID.fullmatch(value):
        return None
    return "must be a conversation id (conv_conversation_ and 26 characters)"


def check_conversations(value: Any) -> str | None:
    if not isinstance(value, list) or len(value) > CONVERSATIONS:
        return f"must be an array of at most {CONVERSATIONS} conversation ids"
    return next((why for item in value if (why := check_conversation(item))), None)


OBSERVATION = {
    "content": Field(check_content),
    "source": Field(check_source),
    "occurredAt": Field(check_moment),
    "conversationIds": Field(check_conversations, required=False),
}
SUMMARY = {
    "content": Field(check_content),
    "conversationId": Field(check_conversation),
    "occurredAt": Field(check_moment),
    "source": Field(check_source, required=False),
}


def check_item(path: str, item: Any, fields: Mapping[str, Field]) -> str | None:
    """The first thing wrong with an observation or a summary, after its path."""
    if not isinstance(item, dict):
        return f"{path}: must be an object"
    for name in item:
        if name not in fields:
            return f"{path}.{shown(name)}: is an unknown field"
    for name, field in fields.items():
        value = item.get(name)  # null means absent: contract, section 3
        if value is None:
            why = "is missing" if field.required else None
        else:
            why = field.check(value)
        if why:
            return f"{path}.{name}: {why}"
    return None


def check_group(name: str, traits: Any) -> str | None:
    """What is wrong with a whole trait group of a profile."""
    if not GROUP_NAME.fullmatch(name):
        return "is no name of a trait group"
    return None if isinstance(traits, dict) else "must be an object"


def check_trait(name: str, value: Any) -> str | None:
    if not 1 <= len(name) <= TRAIT_NAME or UNPRINTABLE.search(name):
        return f"a trait name has 1 to {TRAIT_NAME} printable characters"
    if not isinstance(value, list):
        return check_scalar(value)
    if len(value) > TRAIT_ITEMS:
        return f"has more than {TRAIT_ITEMS} items"
    return next((why for item in value if (why := check_scalar(item))), None)


def check_scalar(value: Any) -> str | None:
    if isinstance(value, str):
        if len(value) > TRAIT_TEXT:
            return f"is longer than {TRAIT_TEXT} characters"
        return "holds control characters" if UNPRINTABLE.search(value) else None
    if not isinstance(value, int | float):
        return "must be text, a number, true or false, or an array of these"
    if isinstance(value, float) and not math.isfinite(value):
        return "is too large a number"
    if isinstance(value, int) and not -TRAIT_INTEGER - 1 <= value <= TRAIT_INTEGER:
        return "does not fit a signed 32-bit integer"
    return None
