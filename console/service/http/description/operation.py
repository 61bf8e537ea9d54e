"""What an operation takes and answers, declared once on its view, and the chapters of
the description.

An operation belongs to the chapter that is called like the module of its view.
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
class Operation:
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
    """Declares an operation on its view as `view.operation`; `more` as in Operation."""
    found = {
        status: answer if isinstance(answer, Answer) else Answer(answer)
        for status, answer in answers.items()
    }

    def decorate(view: V) -> V:
        view.operation = Operation(help, found, **more)  # type: ignore[attr-defined]
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


# By name, in the order in which one comes to need them: title, what it is about.
TAGS: dict[str, tuple[str, str]] = {
    "stores": (
        "Stores",
        "A store holds everything remembered for one tenant. Writes to stores, trait "
        "groups, identity settings and data mappings are accepted with 202; the "
        "operation at statusUrl has the outcome.",
    ),
    "operations": ("Operations", "The outcome of accepted writes."),
    "trait_groups": (
        "Trait groups",
        "What a profile can hold about a customer. Each trait is declared with its type "
        "before a profile can have it; Contact is built in.",
    ),
    "identity_settings": (
        "Identity settings",
        "Which identifiers a store has, how their values are normalised, and which of "
        "them make two profiles the same person.",
    ),
    "profiles": (
        "Profiles",
        "A profile is one customer of a tenant. After a merge the older id is kept; the "
        "other redirects to it, with Canonical-Profile-Id in the answer.",
    ),
    "identifiers": (
        "Identifiers",
        "Phone numbers, email addresses and other values by which a profile is found.",
    ),
    "merges": (
        "Merges",
        "Profiles that may be one person, for somebody to decide, and merges that can be "
        "taken back. An extension of this service.",
    ),
    "observations": (
        "Observations",
        "Single facts learned about a customer, each with the time it was said.",
    ),
    "summaries": (
        "Conversation summaries",
        "What a conversation was about and how it ended, in a few sentences.",
    ),
    "recall": ("Recall", "What matters now, for an agent that is about to answer."),
    "bulk": (
        "Bulk writes",
        "Many profiles in one request, each resolved as if it were created alone.",
    ),
    "imports": ("Imports", "Profiles from a CSV file: announce it, upload it, wait."),
    "data_mappings": (
        "Data mappings",
        "Which column of a warehouse table or a CRM fills which trait.",
    ),
    "configurations": (
        "Conversation configurations",
        "How conversations are grouped, when they end, and whether anything is learned "
        "from them. Writes are accepted with 202; the operation at statusUrl has the "
        "outcome.",
    ),
    "conversations": (
        "Conversations",
        "What customers and agents say to each other, from the first word until it is "
        "CLOSED: by hand, or by time.",
    ),
    "participants": (
        "Participants",
        "Who takes part in a conversation. A customer is looked up in the memory by "
        "address.",
    ),
    "communications": (
        "Communications",
        "Messages and transcriptions, and actions that say something.",
    ),
    "learning": (
        "What became of a conversation",
        "The statuses that it has reached, what was learned at each, and from which "
        "words. An extension of ours.",
    ),
    "errors": (
        "Errors",
        "Every error has a code, a message that names the field, and at more_info an "
        "explanation.",
    ),
    "document": ("Description", "This reference for programs."),
    "v1_services": (
        "Older clients: /v1/Services",
        "The same stores under their old name, for clients that still use it. Every "
        "address below /v1/Stores/{storeId} also answers below /v1/Services/{storeId}; "
        "some of them differ. New clients use /v1/Stores.",
    ),
}
