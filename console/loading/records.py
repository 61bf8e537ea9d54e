"""One line of a memory file, read and checked before anything is sent.

A line is a JSON object with `traits`, `observations` and `summaries` in the
contract's field names (docs/contract.md, sections 11.1, 11.2, 11.4, 11.5).
"""

import json
from collections.abc import Iterator
from typing import IO, Any, TypeVar

import msgspec

from console.contract.base import Body, explain
from console.contract.memory.trait_group import (
    TRAIT_GROUP_NAME,
    TRAIT_GROUP_NAME_MAX,
    TRAIT_NAME_MAX,
)
from console.contract.memory.trait_values import UNPRINTABLE, InvalidValue, check_any

# Ours: 10,000 full observations make about 45 MB.
LINE_BYTES = 64 * 1024 * 1024
Record = dict[str, Any]
T = TypeVar("T", bound=Body)


class LineRefused(ValueError):
    """A line, or an item of it, that cannot be read; says why, never what it holds."""


def read_lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Line numbers and lines; of one over LINE_BYTES only the beginning."""
    number = 0
    while raw := file.readline(LINE_BYTES + 1):
        number += 1
        yield number, raw
        while len(raw) > LINE_BYTES and not raw.endswith(b"\n"):
            raw = file.readline(LINE_BYTES + 1)


def parse_profile(raw: bytes) -> Record:
    """The line's object, its three parts present. Raises LineRefused."""
    record = parse_line(raw, traits=dict, observations=list, summaries=list)
    return {"traits": {}, "observations": [], "summaries": []} | record


def parse_line(raw: bytes, **fields: type) -> Record:
    """An object, what of its `fields` it has; null is absent. Raises LineRefused."""
    if len(raw) > LINE_BYTES:
        raise LineRefused(f"is longer than {LINE_BYTES // 1024 // 1024} MiB")
    record = parse_json(raw)
    if not isinstance(record, dict):
        raise LineRefused("must be a JSON object")
    for name, value in record.items():
        if name not in fields:
            raise LineRefused(f"{_escape_name(name)}: unknown field")
        if value is not None and not isinstance(value, fields[name]):
            what = "an array" if fields[name] is list else "an object"
            raise LineRefused(f"{name}: must be {what}")
    return {name: value for name, value in record.items() if value is not None}


def parse_json(raw: bytes) -> Any:
    """Stricter than json.loads: no key twice, no NaN. Raises LineRefused."""
    try:
        return json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_build_object,
            parse_constant=_refuse_constant,
        )
    except LineRefused:
        raise
    except UnicodeDecodeError as exc:
        raise LineRefused(f"is not UTF-8 at byte {exc.start + 1}") from exc
    except RecursionError as exc:
        raise LineRefused("is nested too deeply") from exc
    except json.JSONDecodeError as exc:
        raise LineRefused(f"is not valid JSON at column {exc.colno}") from exc
    except ValueError as exc:  # an integer of thousands of digits
        raise LineRefused("number out of range") from exc


def _build_object(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise LineRefused(f"{_escape_name(twice)}: duplicate")
    return found


def _refuse_constant(constant: str) -> Any:
    raise LineRefused(f"{constant} is not a JSON number")


def _escape_name(name: str) -> str:
    """A name from the file, safe to print on a terminal."""
    return name[:64].encode("unicode_escape").decode()


def parse_item(path: str, item: Any, noun: type[T]) -> T:
    """An observation or a summary. Raises LineRefused, which begins with its path."""
    if not isinstance(item, dict):
        raise LineRefused(f"{path}: must be an object")
    known = {field.encode_name for field in msgspec.structs.fields(noun)}
    for name, value in item.items():
        if name not in known:
            raise LineRefused(f"{path}.{_escape_name(name)}: unknown field")
        if where := _find_unprintable(f"{path}.{name}", value):
            raise LineRefused(f"{where}: control characters are not allowed")
    # Null means absent: contract, section 3.
    present = {name: value for name, value in item.items() if value is not None}
    try:
        return msgspec.convert(present, noun)
    except msgspec.ValidationError as exc:
        raise LineRefused(f"{path}.{explain(str(exc))}") from exc


def _find_unprintable(path: str, value: Any) -> str:
    """Where in it a control character or half a character stands; "" where none does."""
    if isinstance(value, str):
        return path if UNPRINTABLE.search(value) else ""
    parts: Any = ()
    if isinstance(value, dict):
        parts = ((f".{_escape_name(name)}", each) for name, each in value.items())
    elif isinstance(value, list):
        parts = ((f"[{n}]", each) for n, each in enumerate(value))
    return next(filter(None, (_find_unprintable(path + p, v) for p, v in parts)), "")


def check_group(name: str, traits: Any) -> str | None:
    """What is wrong with a whole trait group of a profile."""
    if not TRAIT_GROUP_NAME.fullmatch(name) or len(name) > TRAIT_GROUP_NAME_MAX:
        return "invalid trait group name"
    return None if isinstance(traits, dict) else "must be an object"


def check_trait(name: str, value: Any) -> str | None:
    if not 1 <= len(name) <= TRAIT_NAME_MAX or UNPRINTABLE.search(name):
        return f"a trait name must be 1 to {TRAIT_NAME_MAX} printable characters"
    try:
        check_any("", value)
    except InvalidValue as why:
        return str(why).removeprefix(": ")
    return None
