"""Request bodies: read once, bounded, and refused with the name of the field."""

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse

from console.service import errors, limits
from console.service.api.resource import View

T = TypeVar("T")

# Only a body that holds an escape for a control character is walked to find where:
# raw ones are no JSON at all. Tab and the line breaks are text.
_SUSPECT = re.compile(rb"\\u00(?:0[0-8bBcCeEfF]|1|7[fF])|\\[bf]|\x7f")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_AT = re.compile(r" - at `(?:key in )?\$\.?(?P<path>.*)`$")

SOURCE_PATTERN = r"^[a-zA-Z0-9 _./-]+$"
CONVERSATION_PATTERN = r"^conv_conversation_[0-7][0-9a-z]{25}$"

Content = Annotated[str, msgspec.Meta(min_length=1, max_length=int(limits.CONTENT))]
Source = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=int(limits.SOURCE), pattern=SOURCE_PATTERN),
]
ConversationId = Annotated[str, msgspec.Meta(pattern=CONVERSATION_PATTERN)]


class Body(msgspec.Struct, rename="camel", frozen=True):
    """An open body: properties that the contract does not name are ignored."""


class StrictBody(Body, forbid_unknown_fields=True, frozen=True):
    """A body that the contract calls strict: unknown properties are refused."""


def check_size(get_response: View) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: refuses a body by its announced length, before reading it."""

    def respond(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal():
            raise errors.Invalid("Content-Length: is not a number")
        if int(length) > limits.BODY_BYTES:
            raise errors.TooLarge(f"The body is larger than {limits.BODY_BYTES} bytes.")
        return get_response(request)

    return respond


def read_body(request: HttpRequest, shape: type[T], *, nulls: bool = False) -> T:
    """The body as `shape`. Raises Invalid or UnsupportedMedia.

    A null counts as absent (contract section 3), unless `nulls` keeps it.
    """
    content = _decode(request)
    if not isinstance(content, dict):
        raise _invalid("The body must be a JSON object.")
    try:
        kept = content if nulls else _without_nulls(content)
        return msgspec.convert(kept, shape)
    except msgspec.ValidationError as exc:
        raise _invalid(_in_words(str(exc))) from exc
    except OverflowError as exc:
        raise _invalid("A date lies outside of the years 1 to 9999.") from exc


def refuse_body(request: HttpRequest) -> None:
    """A deletion takes no body; one that names fields was meant to do something."""
    if request.body.strip() not in (b"", b"{}"):
        content = _decode(request)
        named = ", ".join(sorted(content)[:5]) if isinstance(content, dict) else ""
        raise _invalid(f"Unknown in a deletion: {named or 'a body'}.")


def _decode(request: HttpRequest) -> Any:
    raw = request.body
    if not raw.strip():
        return {}
    if request.content_type not in ("", "application/json"):
        raise errors.UnsupportedMedia("Content-Type: must be application/json")
    try:
        content = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise _invalid("The body is not JSON.") from exc
    except RecursionError as exc:
        raise _invalid("The body is nested too deeply.") from exc
    if _SUSPECT.search(raw):
        _refuse_control(content, "")
    return content


def _refuse_control(value: Any, path: str) -> None:
    if isinstance(value, str):
        if _CONTROL.search(value):
            raise _invalid(f"{path or 'body'}: holds a control character")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_control(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if _CONTROL.search(key):
                raise _invalid(f"{path or 'body'}: a name holds a control character")
            _refuse_control(item, f"{path}.{key}".lstrip("."))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _in_words(message: str) -> str:
    """`observations[3].content: expected …`, from msgspec's sentence."""
    place = _AT.search(message)
    text = _AT.sub("", message).replace("`", "'")
    missing = re.fullmatch(
        r"Object (missing required|contains unknown) field '(.*)'", text
    )
    path = place.group("path") if place else ""
    if missing:
        words = "is required" if "missing" in text else "is not known here"
        return f"{path}.{missing.group(2)}: {words}".lstrip(".")
    return f"{path}: {text[:1].lower()}{text[1:]}" if path else text


def _invalid(message: str) -> errors.Invalid:
    return errors.Invalid(message, code=errors.SCHEMA)
