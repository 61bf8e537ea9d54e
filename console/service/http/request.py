"""What a request asks for: its method, its body, read once, bounded and refused with the
name of the field, and its query parameters beyond paging."""

import re
import zlib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from msgspec import inspect

from console.contract.base import explain
from console.contract.ids import CONVERSATION_ID
from console.contract.memory.error import BODY_BYTES, Code
from console.contract.memory.observation import SOURCE, SOURCE_MAX
from console.contract.memory.profile_import import UPLOADS
from console.contract.times import from_wire
from console.databases.disk import check_room
from console.service import errors
from console.service.memory.models import Store
from console.service.memory.queries import Caller
from console.service.memory.stores import get_store
from console.service.models import Account

URLCONF = "console.service.urls"
LISTENER = "console.listener"
# The ends of addresses to which a POST changes nothing.
ASKING = "/Lookup", "/Search", "/Recall", "/Trial"
T = TypeVar("T", bound=msgspec.Struct)
View = Callable[..., HttpResponse]
ReadConversationId = Callable[[Mapping[str, str]], str]
_get_type = cache(inspect.type_info)
# Only a body that holds an escape for a control character, or a raw DEL, is walked to
# find where: the other raw ones are no JSON at all. Tab and the line breaks are text.
_SUSPECT = re.compile(rb"\\u00(?:0[0-8bBcCeEfF]|1|7[fF])|\\[bf]|\x7f")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class ApiRequest(HttpRequest):
    """A request whose caller is known."""

    account: Account
    # The user name that it signed in with.
    key: str
    # With what the address names, as it was when it was asked for; not of a write that
    # was put off.
    caller: Caller | None
    # The one that the address names.
    store: Store
    # What is asked for, as it is declared (description/operation.py).
    operation: Any
    # What is noted of a program's write (outbox.py).
    noted: list[Any]
    # Set where a merged profile was asked for and its canonical one answers.
    canonical_profile_id: str


def resource(methods: Mapping[str, View]) -> View:
    """A view that calls the function named for the request's method, else 405.

    HEAD is answered as GET. Of a store the function is given `request.store`.
    """
    known = {"HEAD": methods["GET"], **methods} if "GET" in methods else methods

    def view(request: ApiRequest, **path: Any) -> HttpResponse:
        answer = known.get(request.method or "")
        if answer is None:
            allowed = ", ".join(sorted(known))
            refusal = errors.MethodNotAllowed(
                f"Method not allowed: {request.method}, use {allowed}"
            )
            refusal.headers["Allow"] = allowed
            raise refusal
        if "store_id" in path:
            request.store = _get_store(request, path.pop("store_id"))
        return answer(request, **path)

    view.methods = methods  # type: ignore[attr-defined]  # For description/document.py.
    return view


def _get_store(request: ApiRequest, store_id: str) -> Store:
    caller: Caller | None = getattr(request, "caller", None)
    if caller and caller.store and caller.store.id == store_id:
        return caller.store
    try:
        return get_store(request.account, store_id)
    except errors.NotFound:
        # Of another account, or nobody's: alike, in the time that it takes too.
        if listener := get_listener(request):
            listener.log_strange_store(request)
        raise


def get_listener(request: HttpRequest) -> Any:
    """Who is told of a program's calls (console/profiles/programs.py); None for a page's
    own, which are told by the page."""
    return request.META.get(LISTENER)


def check_request(get_response: View) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: refuses an address by its characters, new data while the disk is full,
    and a body by its announced length, before reading it."""

    def respond(request: HttpRequest) -> HttpResponse:
        path, query = request.path_info, request.META.get("QUERY_STRING", "")
        # PostgreSQL cannot even compare it, and no address of ours has one.
        if "\0" in path or "%00" in query:
            raise errors.Invalid("NUL characters are not allowed in an address.")
        reads = request.method in {"GET", "HEAD"}
        if not (reads or path.endswith(ASKING)):
            check_room()
        # Without a length nothing would be read: the body would count as empty.
        if "HTTP_TRANSFER_ENCODING" in request.META:
            raise errors.LengthRequired("Content-Length: required")
        length = request.META.get("CONTENT_LENGTH") or "0"
        # Nineteen digits are more than any machine holds, and quick to read.
        if not (length.isascii() and length.isdecimal() and len(length) < 20):
            raise errors.Invalid("Content-Length: must be a number")
        if int(length) > BODY_BYTES and not path.startswith(UPLOADS):
            raise _too_large()
        return get_response(request)

    return respond


def read_body(
    request: HttpRequest, noun: type[T], *, nulls_at: Container[int] = ()
) -> T:
    """The body as `noun`. Raises Invalid, TooLarge or UnsupportedMedia.

    A null counts as absent (contract section 3), except at the depths `nulls_at`; of
    a name given twice the last counts. What only repeats the address is left out.
    """
    try:
        content = _decode(request)
        if not isinstance(content, dict):
            raise _invalid("The body must be a JSON object.")
        content = _without_nulls(content, keep_at=nulls_at)
        content = _without_address(content, request, noun.__struct_encode_fields__)
        refuse_unknown(content, _get_type(noun))
        return msgspec.convert(content, noun)
    except msgspec.ValidationError as exc:
        raise _invalid(explain(str(exc))) from exc
    except RecursionError as exc:
        raise _invalid("The body is nested too deeply.") from exc


def check_deletion(request: HttpRequest, *, known: Iterable[str] = ()) -> None:
    """A deletion takes no body, and no parameter that it does not know.

    Whoever names something here meant it to change what is deleted; nothing official
    sends parameters with a deletion, so section 1's leniency is not needed for it.
    """
    if unknown := sorted(set(request.GET) - set(known)):
        raise errors.Invalid(f"{', '.join(unknown[:5])}: unknown parameter")
    try:
        content = _decode(request)
    except RecursionError as exc:
        raise _invalid("The body is nested too deeply.") from exc
    if not isinstance(content, dict):
        raise _invalid("body: a deletion takes none")
    if content := _without_address(content, request):
        names = ", ".join(sorted(content)[:5])
        raise _invalid(f"{names}: unknown field, a deletion takes no body")


def _without_address(
    content: dict[str, Any], request: HttpRequest, known: Sequence[str] = ()
) -> dict[str, Any]:
    """Without unknown members such as `storeId` that say what the path says.

    Clients made from a description often send a call's parameters in its body as well.
    Our word for one ends the contract's: `name` is traitGroupName.
    """
    match = request.resolver_match
    path = {w.replace("_", ""): v for w, v in match.kwargs.items()} if match else {}
    return {
        name: value
        for name, value in content.items()
        if name in known
        or not any(name.lower().endswith(w) and value == v for w, v in path.items())
    }


def _decode(request: HttpRequest) -> Any:
    raw = _read(request)
    if not raw.strip():
        return {}
    if request.content_type not in ("", "application/json"):
        raise errors.UnsupportedMedia("Content-Type: must be application/json")
    try:
        content = msgspec.json.decode(raw)
    except msgspec.ValidationError as exc:
        raise _invalid("The body holds a number that is out of range.") from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise _invalid("The body is not valid JSON.") from exc
    if _SUSPECT.search(raw):
        _refuse_control(content, "")
    return content


def _read(request: HttpRequest) -> bytes:
    """The body, unpacked when it is packed.

    SDKs announce an encoding without packing (contract 1.1): what does not unpack
    is taken as it is. What follows a packed body is refused: another reader could
    take it for the body.
    """
    try:
        raw: bytes = request.read()
    except UnreadablePostError as exc:
        raise _invalid("The body ended before its end.") from exc
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return raw
    # 47: a gzip or a zlib header, whichever is there.
    packed = zlib.decompressobj(47)
    try:
        unpacked = packed.decompress(raw, BODY_BYTES + 1)
    except zlib.error:
        return raw
    if len(unpacked) > BODY_BYTES:
        raise _too_large()
    if packed.unused_data or (raw and not packed.eof):
        raise _invalid("The body is not one complete gzip or deflate stream.")
    return unpacked


def _refuse_control(value: Any, path: str) -> None:
    if isinstance(value, str):
        if _CONTROL.search(value):
            raise _invalid(f"{path or 'body':.200}: control characters are not allowed")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_control(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if _CONTROL.search(key):
                raise _invalid(
                    f"{path or 'body'}: control characters are not allowed in a name"
                )
            _refuse_control(item, f"{path}.{key}".lstrip("."))


def _without_nulls(value: Any, *, keep_at: Container[int], depth: int = 0) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_nulls(item, keep_at=keep_at, depth=depth + 1)
            for name, item in value.items()
            if item is not None or depth in keep_at
        }
    if isinstance(value, list):
        return [
            _without_nulls(item, keep_at=keep_at, depth=depth + 1)
            for item in value
            if item is not None
        ]
    return value


def _too_large() -> errors.TooLarge:
    return errors.TooLarge(f"The body is too large: at most {BODY_BYTES} bytes.")


def _invalid(message: str) -> errors.Invalid:
    return errors.Invalid(message, code=Code.SCHEMA)


def refuse_unknown(value: Any, kind: inspect.Type, path: str = "") -> None:
    """Raises Invalid for a member that a strict noun does not name, at any depth.

    A strict noun can hold open ones and the other way round (contract 11.4), and a
    null under an unknown name counts as absent: msgspec's own refusal would come too
    early. What is not of the type at all is left to msgspec, which says so.
    """
    for step, member, inner in _list_members(value, kind):
        if inner is None:
            raise _invalid(f"{f'{path}{step}'.lstrip('.'):.200}: unknown field")
        refuse_unknown(member, inner, path + step)


def _list_members(
    value: Any, kind: inspect.Type
) -> list[tuple[str, Any, inspect.Type | None]]:
    """Steps into a value such as `.name` and `[0]`, with what is there and its type:
    None where a strict noun does not name it."""
    match kind:
        case inspect.Metadata():
            return [("", value, kind.type)]
        case inspect.StructType() if isinstance(value, dict):
            known = {field.encode_name: field.type for field in kind.fields}
            if kind.tag_field:
                known[kind.tag_field] = inspect.AnyType()
            other = None if getattr(kind.cls, "strict", False) else inspect.AnyType()
            return [
                (f".{name}", member, known.get(name, other))
                for name, member in value.items()
            ]
        case inspect.ListType() if isinstance(value, list):
            return [(f"[{n}]", item, kind.item_type) for n, item in enumerate(value)]
        case inspect.DictType() if isinstance(value, dict):
            return [(f".{name}", item, kind.value_type) for name, item in value.items()]
        case inspect.UnionType():
            return [
                ("", value, choice) for choice in kind.types if _fits(value, choice)
            ]
    return []


def _fits(value: Any, choice: inspect.Type) -> bool:
    """Of several structs only the one that the tag names."""
    if not isinstance(choice, inspect.StructType):
        return True
    return isinstance(value, dict) and value.get(choice.tag_field) == choice.tag


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
