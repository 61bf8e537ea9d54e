"""JSON that means one thing: what other parsers would read otherwise is refused."""

import json
import re
from math import isfinite
from typing import Any, NoReturn

MAX_DEPTH = 64
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def loads(body: bytes) -> dict[str, Any]:
    """An object in UTF-8, at most 64 levels deep. Raises ValueError, without content."""
    try:
        text = body.decode()
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        if _SURROGATE.search(text):
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        # Not chained: a decoder's error carries the whole document.
        raise ValueError("not JSON") from None
    if not isinstance(document, dict):
        raise ValueError("not an object")
    _check_depth(document, MAX_DEPTH)
    return document


def dumps(document: dict[str, Any]) -> bytes:
    """Raises ValueError or TypeError for what JSON in UTF-8 cannot carry."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key twice")
    return members


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("not a number")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("not a finite number")
    return number


def _check_depth(container: dict[str, Any] | list[Any], levels_left: int) -> None:
    if not levels_left:
        raise ValueError("nested too deep")
    members = container.values() if isinstance(container, dict) else container
    for member in members:
        if isinstance(member, dict | list):
            _check_depth(member, levels_left - 1)
