"""What an operation is asked by, takes and answers, declared once on its view.

An operation belongs to the chapter (chapters.toml) that is called like the module of its
view.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import wraps
from inspect import getdoc
from types import ModuleType
from typing import Annotated, Any

import msgspec
from django.db import transaction

from console.contract.base import Url, described
from console.contract.memory.error import Accepted, Receipt
from console.contract.memory.operation import OperationId
from console.contract.memory.page import Order, PageSize, PageToken
from console.service import outbox
from console.service.errors import Conflict
from console.service.http.request import (
    ASKING,
    View,
    check_deletion,
    get_listener,
    read_body,
)
from console.service.memory.suppression import counting_refused
from console.service.models import ALIAS

READS = "none: reads, of which key.used tells once a day"


@dataclass(frozen=True, slots=True)
class Reply:
    """A noun (None: an empty text) and the headers that always come with it."""

    noun: type[msgspec.Struct] | None
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeclaredOperation:
    """One method of one address.

    route    as Django writes it: `v1/Errors/<int:code>`
    id       its operationId, where clients know another name than the view's
    summary  its title there, where the view's name in words does not make one
    answers  by status: what is answered when nothing goes wrong
    body     the noun that it takes; None: none
    nulls_at depths of the body at which null does not count as absent
    forms    nouns of the forms that such a body has, if it has several
    sample   of the body, where the noun's own does not fit the operation
    file     a file that it takes instead: its media type, and a sample
    query    query parameters by name; empty ones count as absent
    headers  request headers by name; none is required
    refusals statuses of errors beyond those of every operation
    follows  answers for a profile that was merged into another; else redirects
    public   answered without credentials
    many     the field of the body that holds items, of which each is one change
    logs     its action in the audit log of whoever serves the API to programs, or
             "none: " and why
    """

    method: str
    route: str
    answers: Mapping[int, Reply]
    id: str = ""
    summary: str = ""
    body: type[msgspec.Struct] | None = None
    nulls_at: Container[int] = ()
    forms: tuple[type[msgspec.Struct], ...] = ()
    sample: Any = None
    file: tuple[str, str] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    follows: bool = False
    public: bool = False
    many: str = ""
    logs: str = "program.wrote"

    @property
    def is_logged(self) -> bool:
        return not self.logs.startswith("none: ")


def operation(
    method: str,
    route: str,
    answers: Mapping[int, Reply | type[msgspec.Struct]],
    **more: Any,
) -> Callable[[View], View]:
    """Declares an operation on its view as `view.operation`; `more` as in DeclaredOperation.

    The first paragraph of the view's docstring is what clients are told of it. A view
    with an argument `body` is given it as the noun of that annotation, and a deletion
    is refused one. What answers with a page takes the parameters of pages.
    """
    found = {
        status: answer if isinstance(answer, Reply) else Reply(answer)
        for status, answer in answers.items()
    }

    if method == "GET" or route.endswith(ASKING):
        more["logs"] = READS
    if any(hasattr(each.noun, "most") for each in found.values()):
        more["query"] = PAGE_QUERY | more.get("query", {})

    def decorate(view: View) -> View:
        noun = view.__annotations__.get("body")
        if noun:
            more["body"] = noun
        declared = DeclaredOperation(method, route, found, **more)

        @wraps(view)
        def respond(request: Any, **path: Any) -> Any:
            request.operation = declared
            if method == "DELETE":
                check_deletion(request, known=declared.query)
            body = {}
            if noun:
                body["body"] = read_body(request, noun, nulls_at=declared.nulls_at)
            # Pages tell what they do themselves; what is public has no account.
            if get_listener(request) and hasattr(request, "account"):
                return _respond_to_program(view, request, path, body)
            return view(request, **path, **body)

        respond.operation = declared  # type: ignore[attr-defined]
        return respond

    return decorate


def _respond_to_program(
    view: View, request: Any, path: dict[str, str], body: dict[str, Any]
) -> Any:
    """What it changes and that it did are one transaction."""
    declared, listener = request.operation, get_listener(request)
    if not declared.is_logged:
        listener.note_use(request)
        return view(request, **path, **body)
    outbox.check_waiting()
    if refusal := listener.find_refusal(request, path):
        raise Conflict(refusal)
    count = len(getattr(body["body"], declared.many)) if declared.many else 0
    with counting_refused(), transaction.atomic(using=ALIAS):
        # It may have waited for a merge: what was found before is as it was then.
        request.caller = None
        store_id = outbox.find_store(request, path.get("conversation_id", ""))
        response = view(request, **path, **body)
        outbox.note_write(request, view.__name__, path, store_id, response, count)
    return response


def get_help(view: View) -> str:
    """What clients are told of an operation."""
    return " ".join((getdoc(view) or "").partition("\n\n")[0].split())


Routes = dict[str, dict[str, View]]


def list_operations(*modules: ModuleType) -> Routes:
    """Those that the modules declare, by route and method, in their order."""
    routes: Routes = defaultdict(dict)
    for module in modules:
        for view in vars(module).values():
            declared = getattr(view, "operation", None)
            if (
                isinstance(declared, DeclaredOperation)
                and view.__module__ == module.__name__
            ):
                routes[declared.route][declared.method] = view
    return routes


def documented(kind: Any, text: str) -> Any:
    """The type with a sentence on what it is for."""
    return Annotated[kind, described(description=text)]


PAGE_QUERY = {"pageSize": PageSize, "pageToken": PageToken}
ORDERED_PAGE_QUERY = PAGE_QUERY | {"orderBy": Order}
RETRY_AFTER = {"Retry-After": Annotated[int, described(minimum=0)]}
ETAG = {"ETag": Annotated[str, described(pattern='^"[0-9]+"$')]}
IF_MATCH = {
    "If-Match": Annotated[
        str,
        msgspec.Meta(
            description="The ETag of the version to change; 412 if it is another."
        ),
    ]
}
# 202 of the data plane; 202 of the control plane.
ACCEPTED = {202: Reply(Accepted)}
RECEIPT = {
    202: Reply(Receipt, {"Operation-Id": OperationId, "Location": Url, **RETRY_AFTER})
}
