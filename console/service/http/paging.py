"""Token pagination by key, in both directions. Contract section 4."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import msgspec
from django.core import signing
from django.db.models import Q
from django.http import HttpResponse

from console.contract.memory.page import (
    OCCURRENCE,
    PAGE_SIZE,
    PAGE_TOKEN_MAX,
    UPDATE,
    PageMeta,
)
from console.service import errors
from console.service.http.answers import answer, from_row
from console.service.http.request import ApiRequest

T = TypeVar("T")

_SALT = "memory.page"
_OF_EVERY_PAGE = {"pageSize", "pageToken", "orderBy"}


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What page of a list is asked for; all of it travels in the token.

    order    ASC or DESC, or one of OCCURRENCE or UPDATE
    filters  the list's own query parameters, as text
    cursor   the sort key that this page starts after; None: from the beginning
    back     the page lies before the cursor
    """

    size: int
    order: str
    filters: Mapping[str, str]
    cursor: tuple[Any, ...] | None = None
    back: bool = False

    @property
    def ascending(self) -> bool:
        """Whether rows are read upwards: a page backwards reads the other way."""
        return self.order.endswith("ASC") != self.back

    @property
    def column(self) -> str:
        """By which it is sorted in an order of ours; "" in one of the contract's."""
        columns = {OCCURRENCE: "occurred_at", UPDATE: "updated_at"}
        return next((columns[each] for each in columns if self.order in each), "")


def read_page(
    request: ApiRequest,
    *,
    filters: Mapping[str, Any] | None = None,
    repeated: Sequence[str] = (),
    order: str = "",
    orders: Sequence[str] = (),
) -> PageRequest:
    """The page that the query string asks for. Raises Invalid, naming the field.

    A token carries the whole query: filters repeated beside it are not read. Sizes
    above what a page has at most are clamped, because SDKs send their `limit` as a page
    size. Lists that have an `order` of their own, DESC unless the operation declares
    orderBy, do not know that, but for one of `orders`, which are ours. The operation's
    other parameters are its filters; `filters` given are checked against their types. Of
    a `repeated` one all values count, joined by commas; of another one the last.
    """
    declared = request.operation.query
    if not order and "orderBy" not in declared:
        order = "DESC"
    query = request.GET
    token = query.get("pageToken") or query.get("PageToken")
    if token:
        return _read_token(request, token)
    known = ["ASC", "DESC", *orders]
    asked = query.get("orderBy") or "DESC"
    if order and asked not in known[2:]:
        asked = order
    if asked not in known:
        raise errors.Invalid(f"orderBy: must be {' or '.join(known)}")
    names = filters or [name for name in declared if name not in _OF_EVERY_PAGE]
    given = {name: query[name] for name in names if query.get(name)}
    for name, kind in (filters or {}).items():
        try:
            msgspec.convert(given.get(name), kind | None)
        except msgspec.ValidationError as exc:
            raise errors.Invalid(f"{name}: not a valid {name}") from exc
    given |= {n: ",".join(query.getlist(n)) for n in repeated if query.get(n)}
    text = query.get("pageSize") or query.get("PageSize") or str(PAGE_SIZE)
    # At most nine digits: longer ones are as good as infinite, and slow to read.
    size = int(text[:9]) if text.isascii() and text.isdecimal() else 0
    if size < 1:
        raise errors.Invalid("pageSize: must be at least 1")
    most = request.operation.answers[200].noun.most
    return PageRequest(size=min(size, most), order=asked, filters=given)


def answer_page(
    request: ApiRequest,
    rows: Any,
    page: PageRequest,
    show: Callable[[Any], Any] | None = None,
    *,
    sort: Sequence[str] = ("created_at", "id"),
    show_all: Callable[[list[Any]], list[Any]] | None = None,
    **beside: type[msgspec.Struct] | Callable[[Any], Any],
) -> HttpResponse:
    """One page of a queryset as the contract's envelope; its first member is the list,
    and `beside` tells further ones of the same rows.

    `show` makes an item of a row, or `show_all` all items of all rows; else from_row does.
    `sort` names fields whose values together are unique; the page's order turns
    all of them around.
    """
    if page.column:
        sort = (page.column, "id")
    noun = request.operation.answers[200].noun
    name, *_ = noun.__struct_fields__
    key, *_ = noun.__struct_encode_fields__
    if page.cursor is not None:
        rows = rows.filter(_beyond(sort, page.cursor, page.ascending))
    signed = [name if page.ascending else f"-{name}" for name in sort]
    found = list(rows.order_by(*signed)[: page.size + 1])
    items, meta = cut_page(
        request,
        found,
        page,
        key=key,
        get_cursor=lambda item: [getattr(item, field) for field in sort],
    )
    show = show or partial(from_row, noun.item)
    lists = {name: show_all(items) if show_all else [show(item) for item in items]}
    for name, how in beside.items():
        tell = partial(from_row, how) if isinstance(how, type) else how
        lists[name] = [tell(item) for item in items]
    return answer(noun(**lists, meta=meta))


def cut_page(
    request: ApiRequest,
    found: list[T],
    page: PageRequest,
    *,
    key: str,
    get_cursor: Callable[[T], Sequence[Any]],
) -> tuple[list[T], PageMeta]:
    """A page's items in the list's order, and their `meta`.

    `found` starts beyond the cursor, in the page's direction, and holds one item
    more than the page when there are more.
    """
    more = len(found) > page.size
    items = found[: page.size]
    if page.back:
        items.reverse()
    before = more if page.back else page.cursor is not None
    after = page.back or more
    tokens: dict[str, Any] = {}
    if page.column:
        tokens["order_by"] = page.order
    if items and after:
        cursor = get_cursor(items[-1])
        tokens["next_token"] = _sign(request, page, cursor, back=False)
    if items and before:
        cursor = get_cursor(items[0])
        tokens["previous_token"] = _sign(request, page, cursor, back=True)
    return items, PageMeta(key=key, page_size=len(items) or page.size, **tokens)


def _beyond(sort: Sequence[str], cursor: Sequence[Any], ascending: bool) -> Q:
    """Rows after the cursor: (a, b) > (x, y) as a > x or (a = x and b > y)."""
    operator = "gt" if ascending else "lt"
    condition, equal = Q(pk__in=[]), Q()
    for name, value in zip(sort, cursor, strict=True):
        condition |= equal & Q(**{f"{name}__{operator}": value})
        equal &= Q(**{name: value})
    return condition


def _sign(
    request: ApiRequest, page: PageRequest, cursor: Sequence[Any], *, back: bool
) -> str:
    return signing.dumps(
        {
            "of": _scope(request),
            "size": page.size,
            "order": page.order,
            "filters": dict(page.filters),
            "cursor": [
                {"at": value.isoformat()} if isinstance(value, datetime) else value
                for value in cursor
            ],
            "back": back,
        },
        salt=_SALT,
        compress=True,
    )


def _read_token(request: ApiRequest, token: str) -> PageRequest:
    try:
        if len(token) > PAGE_TOKEN_MAX:
            raise signing.BadSignature
        signed = signing.loads(token, salt=_SALT)
    except Exception as exc:
        raise errors.Invalid("pageToken: invalid token") from exc
    if signed["of"] != _scope(request):
        raise errors.Invalid("pageToken: token of another list")
    del signed["of"]
    signed["cursor"] = tuple(
        datetime.fromisoformat(value["at"]) if isinstance(value, dict) else value
        for value in signed["cursor"]
    )
    return PageRequest(**signed)


def _scope(request: ApiRequest) -> str:
    # The account too: one path can exist for two of them only as a 404, and a token
    # must not tell them apart.
    return f"{request.account.sid} {request.path_info}"
