"""Trait values by their definition, sent or as a cell of a file. Section 11.2."""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import re2

from console.contract.memory import trait as wire

# As in a JSON body: tab and the line breaks are text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


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
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and _CONTROL.search(text) for text in texts):
        raise InvalidValue(f"{path}: must not have control characters")
    check_value(path, value, definition)
    return value


def check_value(path: str, value: Any, definition: Mapping[str, Any]) -> None:
    """Raises InvalidValue."""
    data_type = definition["dataType"]
    rule = definition.get("validationRule") or {}
    if data_type == "ARRAY":
        if not isinstance(value, list):
            raise InvalidValue(f"{path}: must be an array")
        _check_array(path, value, rule)
    else:
        _check_scalar(path, value)
        _CHECKS[data_type](path, value, rule)


def _check_array(path: str, value: list[Any], rule: Mapping[str, Any]) -> None:
    if len(value) > wire.TRAIT_ARRAY_MAX:
        raise InvalidValue(f"{path}: at most {wire.TRAIT_ARRAY_MAX} items")
    for index, item in enumerate(value):
        _check_scalar(f"{path}[{index}]", item)
    _check_range(path, len(value), rule.get("minItems"), rule.get("maxItems"), "items")


def _check_scalar(path: str, value: Any) -> None:
    if isinstance(value, str):
        if len(value) > wire.TRAIT_STRING_MAX:
            raise InvalidValue(f"{path}: at most {wire.TRAIT_STRING_MAX} characters")
    elif isinstance(value, bool):
        pass
    elif isinstance(value, int):
        low, high = -wire.TRAIT_INTEGER_MAX - 1, wire.TRAIT_INTEGER_MAX
        if not low <= value <= high:
            raise InvalidValue(f"{path}: must be between {low} and {high}")
    elif not (isinstance(value, float) and math.isfinite(value)):
        raise InvalidValue(f"{path}: must be a string, a number or a boolean")


def _check_string(path: str, value: Any, rule: Mapping[str, Any]) -> None:
    if not isinstance(value, str):
        raise InvalidValue(f"{path}: must be a string")
    low, high = rule.get("minLength"), rule.get("maxLength")
    _check_range(path, len(value), low, high, "characters")
    pattern = rule.get("pattern")
    if pattern and not re2.search(pattern, value):
        raise InvalidValue(f"{path}: must match the trait's pattern")


def _check_number(path: str, value: Any, rule: Mapping[str, Any]) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"{path}: must be a number")
    _check_range(path, value, rule.get("min"), rule.get("max"), "")


def _check_boolean(path: str, value: Any, rule: Mapping[str, Any]) -> None:
    if not isinstance(value, bool):
        raise InvalidValue(f"{path}: must be true or false")


def _check_range(
    path: str, value: float, low: float | None, high: float | None, unit: str
) -> None:
    if low is not None and value < low:
        raise InvalidValue(f"{path}: must be at least {low} {unit}".rstrip())
    if high is not None and value > high:
        raise InvalidValue(f"{path}: must be at most {high} {unit}".rstrip())


_CHECKS = {"STRING": _check_string, "NUMBER": _check_number, "BOOLEAN": _check_boolean}
