"""An answer's JSON as one of the contract's nouns.

Lenient in what is there: fields that the contract does not know are ignored, a null
counts as absent (section 3). Strict in what it means: JSON that two parsers would read
differently is refused. An error names the place, never what stood there.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_get_decoder = lru_cache(msgspec.json.Decoder)

MAX_DEPTH = 64
_OFFSET = re.compile(rb':\d\d"')
_PLACE = re.compile(r" - at `(?:key in )?\$(.*)`\Z")
_MISSING = re.compile(r"missing required field `(\w+)`")


class Misfit(ValueError):
    """JSON that is not the noun; `place`, such as `.traits[2].name`, says where."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


def decode(body: bytes, noun: type[T]) -> T:
    """Raises Misfit, and ValueError for what is no JSON object; both without content."""
    document = decode_object(body)
    try:
        try:
            found: T = _get_decoder(noun).decode(body)  # type: ignore[arg-type]
        except msgspec.ValidationError:
            found = msgspec.convert(_without_nulls(document), noun)
    except msgspec.ValidationError as error:
        place = _find_place(str(error))
    except RecursionError:
        place = ""
    else:
        return _to_utc(found) if _OFFSET.search(body) else found
    # Outside the handler: msgspec's error must not hang on ours as its context.
    raise Misfit(place)


def decode_object(body: bytes) -> dict[str, Any]:
    """The object as it is. Raises ValueError, without content."""
    try:
        document = msgspec.json.decode(body)
        if _has_duplicates(body, document):
            raise ValueError
    except (ValueError, RecursionError):
        # Not chained: a decoder's error can carry the document.
        raise ValueError("not JSON") from None
    if not isinstance(document, dict):
        raise ValueError("not an object")
    return document


def check_depth(document: Any, levels_left: int = MAX_DEPTH) -> None:
    """Raises Misfit for what is nested deeper than a page can walk."""
    if isinstance(document, dict | list):
        if not levels_left:
            raise Misfit("")
        members = document.values() if isinstance(document, dict) else document
        for member in members:
            check_depth(member, levels_left - 1)


def _has_duplicates(body: bytes, document: Any) -> bool:
    """Whether an object names a member twice, of which a decoder keeps one.

    Written again, `{"a":1,"a":2}` has a colon less. That takes a tenth of the time of
    looking at each member, which is left for bodies that hold a colon as an escape.
    """
    if rb"\u003" not in body:
        return msgspec.json.encode(document).count(b":") != body.count(b":")
    try:
        json.loads(body, object_pairs_hook=_check_names)
    except _Duplicate:
        return True
    return False


class _Duplicate(ValueError):
    pass


def _check_names(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise _Duplicate


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _find_place(message: str) -> str:
    """`.summaries[0].id`, from msgspec's sentence."""
    place, missing = _PLACE.search(message), _MISSING.search(message)
    return (place[1] if place else "") + (f".{missing[1]}" if missing else "")


def _to_utc(value: Any) -> Any:
    """A noun with its times, and those of nouns inside, in UTC."""
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise Misfit("") from None
    if isinstance(value, msgspec.Struct):
        names: Iterable[str] = value.__struct_fields__
        fields = {name: _to_utc(getattr(value, name)) for name in names}
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, tuple):
        return tuple(map(_to_utc, value))
    return value
