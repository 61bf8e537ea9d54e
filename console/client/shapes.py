"""Holds JSON against the dataclasses of values.py; what does not fit is refused.

Fields that the contract does not know are ignored, a null counts as absent (section
3), and an error names the field, never what stood in it.
"""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from console.client import faults
from console.client.errors import MemoryUnexpected
from console.client.http import Answer
from console.client.values import Page

T = TypeVar("T")
# Turns one item of a list, found at a place such as `.traits[2]`, into a value.
Reader = Callable[[Answer, Any, str], T]

_PLACE = re.compile(r" - at `\$(.*)`\Z")
_MISSING = re.compile(r"missing required field `(\w+)`")


class _Meta(msgspec.Struct, rename="camel"):
    """Contract 4. A null or empty token means that there is no such page."""

    next_token: str | None = None
    previous_token: str | None = None


def value(answer: Answer, shape: type[T], raw: Any, place: str = "") -> T:
    """One object as the dataclass that has its fields in snake_case, times in UTC."""
    if not isinstance(raw, dict):
        raise misshapen(answer, place)
    known = {}
    for field in fields(shape):  # type: ignore[arg-type]  # always a dataclass
        if (member := raw.get(_camel(field.name))) is not None:
            known[field.name] = member
    return _in_utc(answer, convert(answer, shape, known, place), place)


def convert(answer: Answer, shape: type[T], raw: Any, place: str) -> T:
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        inner, missing = _PLACE.search(str(error)), _MISSING.search(str(error))
        where = (inner[1] if inner else "") + (f".{missing[1]}" if missing else "")
    # Outside the handler: msgspec's error must not hang on ours as its context.
    raise misshapen(answer, place + _camel(where))


def reader(shape: type[T]) -> Reader[T]:
    """Reads objects of one shape."""
    return lambda answer, raw, place: value(answer, shape, raw, place)


def items(answer: Answer, key: str, read: Reader[T]) -> tuple[T, ...]:
    """The list under `key`, which has to be there even when it is empty."""
    raw = answer.body.get(key)
    if not isinstance(raw, list):
        raise misshapen(answer, f".{key}")
    return tuple(
        read(answer, item, f".{key}[{index}]") for index, item in enumerate(raw)
    )


def page(answer: Answer, key: str, read: Reader[T]) -> Page[T]:
    """One page of a list. A token that leads back to itself is refused."""
    meta = convert(answer, _Meta, answer.body.get("meta"), ".meta")
    asked = answer.call.query.get("pageToken")
    if asked and meta.next_token == asked:
        raise misshapen(answer, ".meta.nextToken")
    return Page(
        items=items(answer, key, read),
        next_token=meta.next_token or None,
        previous_token=meta.previous_token or None,
        canonical_id=answer.canonical_id,
    )


def member(answer: Answer, key: str) -> dict[str, Any]:
    """An optional object inside the answer; empty when absent or null."""
    raw = answer.body.get(key) or {}
    if not isinstance(raw, dict):
        raise misshapen(answer, f".{key}")
    return raw


def without_nulls(raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    return {name: member for name, member in raw.items() if member is not None}


def check_same(answer: Answer, got: str, *asked: str | None) -> None:
    """Raises MemoryUnexpected when an answer is about something else."""
    if got not in asked:
        raise faults.unexpected(
            "The memory answered about something else than it was asked for. None of "
            "it is shown; tell an operator.",
            maybe_done=not answer.call.reads,
        )


def misshapen(answer: Answer, place: str) -> MemoryUnexpected:
    return faults.unexpected(
        f"The memory's answer is not as its contract says, at “${place}”.",
        maybe_done=not answer.call.reads,
    )


def _in_utc(answer: Answer, shaped: T, place: str) -> T:
    try:
        moments = {
            field.name: moment.astimezone(UTC)
            for field in fields(shaped)  # type: ignore[arg-type]
            if isinstance(moment := getattr(shaped, field.name), datetime)
        }
    except OverflowError:
        raise misshapen(answer, place) from None
    return replace(shaped, **moments)  # type: ignore[type-var]


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda letter: letter[1].upper(), name)
