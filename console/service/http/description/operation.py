"""What an operation takes and answers, declared once on its view.

An operation belongs to the chapter (chapters.toml) that is called like the module of its
view.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import msgspec
from django.http import HttpResponse

from console.contract.base import Url, described
from console.contract.memory.error import Accepted, Receipt
from console.contract.memory.operation import OperationId
from console.contract.memory.page import Order, PageSize, PageToken

V = TypeVar("V", bound=Callable[..., HttpResponse])


@dataclass(frozen=True, slots=True)
class Answer:
    """A noun (None: an empty text) and the headers that always come with it."""

    noun: type[msgspec.Struct] | None
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeclaredOperation:
    """One method of one address.

    help     one sentence, for the description and the reference page
    id       its operationId, where clients know another name than the view's
    summary  its title there, where the view's name in words does not make one
    answers  by status: what is answered when nothing goes wrong
    body     the noun that the view reads; None: it takes no body
    forms    nouns of the forms that such a body has, if it has several
    sample   of the body, where the noun's own does not fit the operation
    file     a file that it takes instead: its media type, and a sample
    query    query parameters by name; empty ones count as absent
    headers  request headers by name; none is required
    refusals statuses of errors beyond those of every operation
    follows  answers for a profile that was merged into another; else redirects
    public   answered without credentials
    """

    help: str
    answers: Mapping[int, Answer]
    id: str = ""
    summary: str = ""
    body: type[msgspec.Struct] | None = None
    forms: tuple[type[msgspec.Struct], ...] = ()
    sample: Any = None
    file: tuple[str, str] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    follows: bool = False
    public: bool = False


def operation(
    help: str, answers: Mapping[int, Answer | type[msgspec.Struct]], **more: Any
) -> Callable[[V], V]:
    """Declares an operation on its view as `view.operation`; `more` as in DeclaredOperation."""
    found = {
        status: answer if isinstance(answer, Answer) else Answer(answer)
        for status, answer in answers.items()
    }

    def decorate(view: V) -> V:
        view.operation = DeclaredOperation(help, found, **more)  # type: ignore[attr-defined]
        return view

    return decorate


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
ACCEPTED = {202: Answer(Accepted)}
RECEIPT = {
    202: Answer(Receipt, {"Operation-Id": OperationId, "Location": Url, **RETRY_AFTER})
}
