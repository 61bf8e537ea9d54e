"""One call of a memory, from the first attempt to an answer of the contract's form, or to
a page of a list.

What is held here and nowhere else: the total deadline, the cap on an answer, retries,
merged profiles (contract, section 7). Errors are errors.py's; how many calls may wait at
once, and when none is made at all, is network.py's.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, nullcontext
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from random import SystemRandom
from re import Pattern
from time import perf_counter
from types import MappingProxyType
from typing import IO, Any, Generic, TypeVar, cast
from urllib.parse import quote

import httpx
import msgspec
from django.conf import settings

from console.client import errors
from console.client.decode import Misfit, decode
from console.client.errors import (
    MemoryMoved,
    MemoryProblem,
    MemoryRefused,
    MemoryUnexpected,
)
from console.client.network import (
    EMBEDDED_ORIGIN,
    IN_ALL,
    TOGETHER,
    Guard,
    held_at,
    http_for,
)
from console.contract import ids
from console.contract.base import Body
from console.contract.ids import PROFILE_ID
from console.contract.memory.operation import Operation
from console.contract.memory.page import OCCURRENCE, UPDATE, PageMeta
from console.contract.memory.suppression import SUPPRESSION_ID
from console.core.observability import trace_call
from console.core.outgoing import PrivateAddress, pause, within

T = TypeVar("T")

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_RETRIES = 2
MAX_HOPS = 3
# The largest file of an import in two minutes: 0.9 MB a second.
UPLOAD_S, UPLOAD_BYTES = 120.0, 1024 * 1024
PAUSE_S = (0.2, 2.0)
_MOVED = {301, 308}
_IN_PATH = re.compile(rf"(?<=/Profiles/){PROFILE_ID.pattern}(?=/|\Z)")
_random = SystemRandom()
# Enough for every place that a guard gives: no tenant's calls wait for another's.
_pool = ThreadPoolExecutor(IN_ALL * TOGETHER, thread_name_prefix="memory-calls")


@dataclass(frozen=True, slots=True)
class Call:
    """What to send. `reads`: changes nothing, whatever its method."""

    method: str
    path: str
    reads: bool
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: dict[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back for `call`, which names the profile that answered.

    canonical_id  set when the profile first asked for was merged into this one
    """

    call: Call
    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)
    canonical_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A response with its body decoded; `elapsed_ms` from the first attempt on."""

    content: T = field(repr=False)
    response: Response
    elapsed_ms: float

    @property
    def canonical_id(self) -> str | None:
        return self.response.canonical_id


class Sender:
    """Sends calls with one account's credentials; its repr shows none.

    declares  whether a trait is declared before it has a value
    """

    declares = True

    def __init__(
        self, http: httpx.Client, guard: Guard | None, *, username: str, secret: str
    ) -> None:
        self._http = http
        self._guard = guard
        self._auth = httpx.BasicAuth(username, secret)

    @property
    def is_embedded(self) -> bool:
        return self._http.base_url == EMBEDDED_ORIGIN

    def check_has(self, what: str) -> None:
        """Raises MemoryLacks where the dialect has none of it."""

    def send(
        self,
        method: str,
        path: str,
        noun: type[T],
        *,
        query: Mapping[str, str | bool] | None = None,
        body: Body | dict[str, Any] | None = None,
        reads: bool | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer[T]:
        """The answer as `noun`, within MEMORY_TOTAL_TIMEOUT_S. Of a `body` is sent what
        is not as by default; `query` values that are empty or False are left out; `reads`
        is by the method unless said. Raises MemoryProblem.
        """
        given = {name: value for name, value in (query or {}).items() if value}
        params = {
            n: "true" if value is True else str(value) for n, value in given.items()
        }
        body = None if body is None else msgspec.to_builtins(body)
        reads = method == "GET" if reads is None else reads
        started = perf_counter()
        guarded = self._guard.call() if self._guard else nullcontext()
        with within(settings.MEMORY_TOTAL_TIMEOUT_S), guarded:
            response = self._follow(Call(method, path, reads, params, body, headers))
        elapsed_ms = (perf_counter() - started) * 1000
        return Answer(_decode(response, noun), response, elapsed_ms)

    def fetch(self, path: str, noun: type[T], **query: str | bool) -> T:
        """Parameters in the contract's names; an empty one is not sent."""
        return self.send("GET", path, noun, query=query).content

    def fetch_one(self, path: str, noun: type[T], id_: str) -> T:
        """What has this id. Raises MemoryUnexpected for another one's."""
        found: Any = self.fetch(path, noun)
        check_same(found.id, id_)
        return cast(T, found)

    def post(
        self,
        path: str,
        noun: type[T],
        body: Body | dict[str, Any],
        *,
        reads: bool = False,
    ) -> T:
        return self.send("POST", path, noun, body=body, reads=reads).content

    def list_page(
        self,
        path: str,
        noun: type[Any],
        page_token: str = "",
        page_size: int = 0,
        **query: str | bool,
    ) -> "Page[Any]":
        """A page of what its noun names first."""
        paging = {"pageToken": page_token, "pageSize": str(page_size or "")}
        return to_page(self.send_list(path, noun, paging | query))

    def send_list(
        self, path: str, noun: type[T], query: Mapping[str, str | bool]
    ) -> Answer[T]:
        try:
            return self.send("GET", path, noun, query=query)
        except MemoryRefused as refused:
            # Only the built-in memory knows one of these.
            ours = query.get("orderBy") in (*OCCURRENCE, *UPDATE)
            if not ours or refused.http_status != 400:
                raise
        return self.send("GET", path, noun, query={**query, "orderBy": ""})

    def write(
        self, method: str, path: str, body: Body | None = None, *, version: int = -1
    ) -> Answer[dict[str, Any]]:
        """A write whose answer says no more than that it was accepted; in the place of
        `version`, if it is given. MemoryConflict if it is another now."""
        headers = {"If-Match": f'"{version}"'} if version >= 0 else {}
        return self.send(method, path, dict[str, Any], body=body, headers=headers)

    def start(
        self, method: str, path: str, body: Body | None = None, *, version: int = -1
    ) -> Operation:
        """A write of the control plane: the operation behind its 202 (contract 6)."""
        headers = self.write(method, path, body, version=version).response.headers
        operation_id = headers.get("Operation-Id")
        if not operation_id:
            raise errors.build_misfit(" header Operation-Id", maybe_done=True)
        now = datetime.now(UTC)
        return Operation(operation_id=operation_id, status="PENDING", created_at=now)

    def gather(
        self,
        *calls: Callable[[], Any],
        beside: Sequence[Callable[[], Any]] = (),
        patience_s: float = 0.0,
    ) -> list[Any]:
        """What each call answers, all made at the same time: at most TOGETHER. Those
        `beside` the others may take `patience_s` longer; later ones are answered by None.
        The embedded memory has none to wait for. Raises the first's MemoryProblem."""
        if self.is_embedded:
            return [call() for call in (*calls, *beside)]
        with within(settings.MEMORY_TOTAL_TIMEOUT_S), ExitStack() as place:
            if self._guard:
                place.enter_context(self._guard.hold_place())
            made = [self._start(call) for call in (*calls, *beside)]
            wait(made[: len(calls)])
            _, late = wait(made, patience_s)
            if late:
                _close_after(late, place.pop_all())
            return [None if call in late else call.result() for call in made]

    def _start(self, call: Callable[[], Any]) -> Future[Any]:
        context = copy_context()
        context.run(held_at.set, self._guard)
        return _pool.submit(context.run, call)

    def upload(
        self, url: str, content: IO[bytes], size: int, media_type: str = "text/csv"
    ) -> None:
        """To an address that the memory has signed, so without credentials; it may be
        another machine's. Raises MemoryProblem, BadAddress."""
        target, here = httpx.URL(url), self._http.base_url
        origin = f"{target.scheme}://{target.netloc.decode()}"
        http = (
            self._http if _get_origin(target) == _get_origin(here) else http_for(origin)
        )
        headers = {"Content-Length": str(size), "Content-Type": media_type}
        guarded = self._guard.call() if self._guard else nullcontext()
        with within(UPLOAD_S), guarded:
            try:
                response = http.put(
                    target.raw_path.decode(),
                    content=iter(lambda: content.read(UPLOAD_BYTES), b""),
                    headers=headers,
                )
            except httpx.TransportError as error:
                raise errors.from_transport(error, reads=False) from None
        if response.status_code >= 300:
            raise errors.from_status(
                response.status_code, response.headers, response.content, reads=False
            )

    def _follow(self, call: Call) -> Response:
        """Goes after a merged profile: the path stays ours, only the id changes."""
        canonical_id = None
        for _ in range(MAX_HOPS + 1):
            response = self._repeat(call)
            if response.status not in _MOVED:
                merged = _find_canonical_id(response)
                return replace(response, canonical_id=merged or canonical_id)
            canonical_id = self._check_redirect(response)
            call = replace(call, path=_IN_PATH.sub(canonical_id, call.path))
        raise errors.build_unexpected(
            "The memory sends from one merged profile to the next without an end.",
            maybe_done=False,
        )

    def _repeat(self, call: Call) -> Response:
        for _ in range(MAX_RETRIES):
            try:
                return self._exchange(call)
            except MemoryProblem as problem:
                pause_s = max(problem.retry_after_s or 0, _random.uniform(*PAUSE_S))
                is_open = self._guard and self._guard.retry_in_s
                if is_open or not (problem.may_repeat and pause(pause_s)):
                    raise
        return self._exchange(call)

    def _exchange(self, call: Call) -> Response:
        request = self._build_request(call)
        try:
            with trace_call(request.url.host, call.method, request.headers) as tell:
                response = self._http.send(request, auth=self._auth, stream=True)
                try:
                    body = _read_body(response, reads=call.reads)
                finally:
                    response.close()
                tell("", response.status_code)
        except httpx.TransportError as error:
            # A full pool of connections is the console's own doing, and so is a refusal.
            if not isinstance(error, httpx.PoolTimeout | PrivateAddress):
                self._record(failed=True)
            # Not chained: httpx's errors hold the request, with its credentials.
            raise errors.from_transport(error, reads=call.reads) from None
        status, headers = response.status_code, response.headers
        self._record(failed=status >= 500)
        if status >= 400:
            raise errors.from_status(status, headers, body, reads=call.reads)
        if status >= 300 and status not in _MOVED:
            raise _refused_redirect(maybe_done=not call.reads)
        return Response(call, status, headers, body)

    def _record(self, *, failed: bool) -> None:
        if self._guard:
            self._guard.record(failed=failed)

    def _build_request(self, call: Call) -> httpx.Request:
        """Raises MemoryRefused, before anything is sent, for what no request holds."""
        headers = dict(call.headers)
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        try:
            content = None
            if call.body is not None:
                text = json.dumps(call.body, ensure_ascii=False, allow_nan=False)
                content = text.encode()
            return self._http.build_request(
                call.method,
                call.path,
                params=call.query or None,
                content=content,
                headers=headers,
            )
        except (ValueError, TypeError, RecursionError, httpx.InvalidURL):
            raise MemoryRefused(
                "Something in this is too long or cannot be written as JSON. "
                "Nothing was sent.",
                code=400,
                http_status=400,
            ) from None

    def _check_redirect(self, response: Response) -> str:
        """The id after a merge; only from a redirect to the same place of one store.

        Raises MemoryMoved for DELETE: what is deleted has to be seen first.
        """
        path, headers = response.call.path, response.headers
        here = self._http.build_request("GET", path).url
        there = here.join(_get_location(response))
        named = _IN_PATH.search(there.path)
        canonical_id = named.group() if named else ""
        same_place = named and _IN_PATH.sub(canonical_id, path) == there.path
        same_origin = _get_origin(here) == _get_origin(there)
        if not (same_place and same_origin) or canonical_id in path:
            raise _refused_redirect()
        if headers.get("Canonical-Profile-Id", canonical_id) != canonical_id:
            raise _refused_redirect()
        if response.call.method == "DELETE":
            raise MemoryMoved(
                "This profile was merged into another. Nothing was deleted; open the "
                "merged profile and look again.",
                canonical_id=canonical_id,
            )
        return canonical_id


def _close_after(calls: Iterable[Future[Any]], place: ExitStack) -> None:
    """The place of calls that nobody waits for any more is held until they have ended."""

    def close(_: Future[Any]) -> None:
        if all(call.done() for call in calls):
            place.close()

    for call in calls:
        call.add_done_callback(close)


def _read_body(response: httpx.Response, *, reads: bool) -> bytes:
    """The body as it came, at most MAX_BODY_BYTES and not packed."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise errors.build_unexpected(
            "The memory packed its answer, which nobody asked for.",
            maybe_done=not reads,
        )
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise errors.build_unexpected(
                "The memory's answer is larger than 8 MB.", maybe_done=not reads
            )
    return bytes(body)


def _decode(response: Response, noun: type[T]) -> T:
    call = response.call
    try:
        return decode(response.body, noun)
    except Misfit as misfit:
        problem = errors.build_misfit(misfit.place, maybe_done=not call.reads)
    except ValueError:
        problem = errors.build_unexpected(
            f"The memory's answer ({response.status}, {len(response.body)} bytes) "
            "cannot be read.",
            maybe_done=not call.reads,
        )
    raise problem


def _find_canonical_id(response: Response) -> str | None:
    """The profile that a 200 names instead of the one in its path."""
    asked = _IN_PATH.search(response.call.path)
    stated = response.headers.get("Canonical-Profile-Id")
    if asked is None or stated in {None, asked.group()}:
        return None
    if not PROFILE_ID.fullmatch(stated):
        raise errors.build_unexpected(
            "The memory names a merged profile by something that is no profile id.",
            maybe_done=not response.call.reads,
        )
    return str(stated)


def _get_location(response: Response) -> str:
    """Empty without one; a deletion stops anyway, so there the header's id will do."""
    location, without = response.headers.get("Location"), ""
    stated = response.headers.get("Canonical-Profile-Id", "")
    if response.call.method == "DELETE" and PROFILE_ID.fullmatch(stated):
        without = _IN_PATH.sub(stated, response.call.path)
    return without if location is None else str(location)


def _get_origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _refused_redirect(*, maybe_done: bool = False) -> MemoryUnexpected:
    return errors.build_unexpected(
        "The memory answered with a redirect that this console does not follow.",
        maybe_done=maybe_done,
    )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. Tokens are opaque; None means there is no such page.

    canonical_id  set when the profile asked for was merged into this one
    order         one of OCCURRENCE where the memory sorts by it
    """

    items: tuple[T, ...]
    next_token: str | None = None
    previous_token: str | None = None
    canonical_id: str | None = None
    order: str = ""


def to_page(answer: Answer[Any]) -> Page[Any]:
    """With what the noun names first. Raises MemoryUnexpected for a token that leads
    back to itself."""
    items = getattr(answer.content, answer.content.__struct_fields__[0])
    meta: PageMeta = answer.content.meta
    asked = answer.response.call.query.get("pageToken")
    if asked and meta.next_token == asked:
        raise errors.build_misfit(".meta.nextToken", maybe_done=False)
    return Page(
        items=items,
        next_token=meta.next_token or None,
        previous_token=meta.previous_token or None,
        canonical_id=answer.canonical_id,
        order=meta.order_by,
    )


# 100,000 items of most lists: far below one that never ends.
PAGES_MAX = 2000


def all_pages(fetch: Callable[..., Page[T]], *args: Any, **query: Any) -> Iterator[T]:
    """Every item of a list; `fetch` takes `page_token` as well. Raises MemoryUnexpected
    for a list without end."""
    return chain.from_iterable(_list_pages(partial(fetch, *args, **query)))


def gather_all(
    gather: Callable[..., list[Any]], lists: Sequence[Callable[..., Page[Any]]]
) -> list[list[Any]]:
    """Every item of each list, TOGETHER of their pages at the same time. Raises as
    all_pages."""
    found: list[list[Any]] = [[] for _ in lists]
    unread = dict(enumerate(map(_list_pages, lists)))
    while some := [*unread][:TOGETHER]:
        pages = gather(*[partial(next, unread[number], None) for number in some])
        for number, items in zip(some, pages, strict=True):
            if items is None:
                del unread[number]
            else:
                found[number] += items
    return found


def _list_pages(fetch: Callable[..., Page[T]]) -> Iterator[Sequence[T]]:
    token, seen = "", set[str]()
    while token not in seen and len(seen) < PAGES_MAX:
        seen.add(token)
        page = fetch(page_token=token)
        yield page.items
        if not page.next_token:
            return
        token = page.next_token
    raise MemoryUnexpected("A list of the memory has no end. Nothing was changed.")


_SEGMENTS: dict[str, Pattern[str]] = {
    "store": ids.STORE_ID,
    "profile": ids.PROFILE_ID,
    "suggestion": ids.SUGGESTION_ID,
    "ledger entry": ids.LEDGER_ID,
    "observation": ids.OBSERVATION_ID,
    "summary": ids.SUMMARY_ID,
    "operation": re.compile(r"[A-Za-z0-9_-]{1,512}"),
    "suppression": SUPPRESSION_ID,
    "import": ids.IMPORT_ID,
    "knowledge base": ids.KNOWLEDGE_BASE_ID,
    "knowledge source": ids.KNOWLEDGE_ID,
    "conversation": ids.CONVERSATION_ID,
    "configuration": ids.CONFIGURATION_ID,
    "learned": re.compile(r"conv_learned_[0-9a-z]{26}"),
    "delivery": ids.DELIVERY_ID,
    "trait group": re.compile(r"(?!\.+\Z)[A-Za-z0-9_.-]{1,64}"),
}


def segment(noun: str, value: str) -> str:
    """A value as one segment of a path. Raises MemoryNotFound if it cannot be one."""
    if not _SEGMENTS[noun].fullmatch(value):
        raise errors.MemoryNotFound(
            f"No {noun} has this id. Nothing was changed.",
            code=20404,
            http_status=404,
        )
    return quote(value, safe="")


def check_same(got: str, *asked: str) -> None:
    """Raises MemoryUnexpected when what was read is about something else."""
    if got not in asked:
        raise errors.build_unexpected(
            "The memory answered about something else than it was asked for. None of "
            "it is shown; tell an operator.",
            maybe_done=False,
        )
