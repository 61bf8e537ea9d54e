"""Trait values by their definition, sent or as a cell of a file. Section 11.2."""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import re2

from console.contract.memory import trait as wire

# As in a JSON body: tab and the line breaks are text, and half a character is none.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class InvalidValue(ValueError):
    """Says of which trait and why, never the value."""


def read_cell(path: str, cell: str, definition: Mapping[str, Any] | None) -> Any:
    """A trait's value of a file's cell; None: the store has no such trait. Raises
    InvalidValue."""
    if definition is None:
        raise InvalidValue(f"{path}: unknown trait")
    value: Any = cell
    data_type = definition["dataType"]
    if data_type != "STRING":
        # Spreadsheets write TRUE; what kind of JSON it is, the definition checks.
        text = cell.lower() if data_type == "BOOLEAN" else cell
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as exc:
            raise InvalidValue(f"{path}: not a valid {data_type}") from exc
    check_value(path, value, definition)
    return value


# By data type: what it is in Python and in words, the rule's bounds, and of what.
_KINDS: dict[str, tuple[Any, ...]] = {
    "STRING": (str, "a string", "minLength", "maxLength", " characters"),
    "NUMBER": ((int, float), "a number", "min", "max", ""),
    "BOOLEAN": (bool, "true or false", "", "", ""),
    "ARRAY": (list, "an array", "minItems", "maxItems", " items"),
}


def check_value(path: str, value: Any, definition: Mapping[str, Any]) -> None:
    """Raises InvalidValue."""
    data_type = definition["dataType"]
    rule = definition.get("validationRule") or {}
    kind, words, least, most, unit = _KINDS[data_type]
    is_kind = isinstance(value, kind)
    if not is_kind or isinstance(value, bool) != (data_type == "BOOLEAN"):
        raise InvalidValue(f"{path}: must be {words}")
    check_any(path, value)
    size = len(value) if isinstance(value, str | list) else value
    low, high, pattern = rule.get(least), rule.get(most), rule.get("pattern")
    if low is not None and size < low:
        raise InvalidValue(f"{path}: must be at least {low}{unit}")
    if high is not None and size > high:
        raise InvalidValue(f"{path}: must be at most {high}{unit}")
    if pattern and not re2.search(pattern, value):
        raise InvalidValue(f"{path}: must match the trait's pattern")


def check_any(path: str, value: Any) -> None:
    """What a trait of no known definition can hold. Raises InvalidValue."""
    items = value if isinstance(value, list) else [value]
    if len(items) > wire.TRAIT_ARRAY_MAX:
        raise InvalidValue(f"{path}: at most {wire.TRAIT_ARRAY_MAX} items")
    for index, item in enumerate(items):
        if why := _find_fault(item):
            where = f"[{index}]" if items is value else ""
            raise InvalidValue(f"{path}{where}: {why}")


def _find_fault(item: Any) -> str:
    if isinstance(item, str):
        if len(item) > wire.TRAIT_STRING_MAX:
            return f"at most {wire.TRAIT_STRING_MAX} characters"
        return "must not have control characters" if UNPRINTABLE.search(item) else ""
    if isinstance(item, int):
        low, high = -wire.TRAIT_INTEGER_MAX - 1, wire.TRAIT_INTEGER_MAX
        return "" if low <= item <= high else f"must be between {low} and {high}"
    is_finite = isinstance(item, float) and math.isfinite(item)
    return "" if is_finite else "must be a string, a number or a boolean"
