"""Pages of lists, and what every list may be asked. Section 4."""

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from console.contract.base import Noun, always, described

PAGE_SIZE = 50  # 4 [S]: the default
PAGE_TOKEN_MAX = 4096  # 4 [S]

Order = Annotated[Literal["ASC", "DESC"], described(description="DESC by default.")]
# An extension of ours: by when it happened instead of when it was stored.
OCCURRENCE = ("occurredAt", "occurredAt ASC")
# And of profiles by when they were last written.
UPDATE = ("updatedAt", "updatedAt ASC")
_BY_OCCURRENCE = (
    "By occurredAt newest first, or oldest first; meta.orderBy says so too."
)
ObservationOrder = Annotated[
    Literal["ASC", "DESC", "occurredAt", "occurredAt ASC"],
    described(description=f"By creation, DESC by default. {_BY_OCCURRENCE}"),
]
ProfileOrder = Annotated[
    Literal["ASC", "DESC", "updatedAt", "updatedAt ASC"],
    described(
        description="By creation, DESC by default. By when traits, observations or "
        "summaries were last written; meta.orderBy says so too."
    ),
]
# Anything else means nothing here, as the contract has no order for summaries.
SummaryOrder = Annotated[
    str,
    described(
        description=f"occurredAt or occurredAt ASC. {_BY_OCCURRENCE} Else by creation."
    ),
]
PageSize = Annotated[
    int,
    Meta(
        ge=1,
        extra_json_schema={"default": PAGE_SIZE},
        description="Items on a page; more than the list allows counts as its maximum.",
    ),
]
PageToken = Annotated[
    str,
    Meta(
        max_length=PAGE_TOKEN_MAX,
        description="meta.nextToken or meta.previousToken of another page.",
    ),
]
Token = Annotated[str, described(minLength=1, maxLength=PAGE_TOKEN_MAX)]


def paging(key: str, most: int) -> Meta:
    """Which list a `meta` is of, and how many items a page of it has at most."""
    limits = {"key": {"const": key}, "pageSize": {"maximum": most}}
    return described(allOf=[{"properties": limits}])


class PageMeta(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """Which list this is, how many items came, and where its neighbours are.

    key             the member that holds the items
    page_size       items on this page; the size asked for when it is empty
    next_token      left out on the last page
    previous_token  left out on the first page
    order_by        only where a list was asked for by occurredAt or updatedAt, and is in
                    this order
    """

    key: Annotated[str, described(maxLength=64)] = always(str)
    page_size: Annotated[int, described(minimum=1)] = always(int)
    next_token: Token = ""
    previous_token: Token = ""
    order_by: Literal[
        "", "occurredAt", "occurredAt ASC", "updatedAt", "updatedAt ASC"
    ] = ""


def define_page(
    name: str,
    item: Any,
    most: int,
    *,
    key: str = "",
    beside: Any = None,
    help: str | None = None,
) -> Any:
    """The envelope of a list: `TraitGroupsPage` has `traitGroups`, and `meta`. As a class
    it knows the noun of its items, as `item`, and how many it has at `most`. Its sample
    has one item's, where it has none of its own.

    key     the member's name, where it is another
    beside  name and type of a list that can stand beside it
    """
    named = name.removesuffix("Page")
    key = key or named[0].lower() + named[1:]
    column = re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key)
    listed = Annotated[tuple[item, ...], described(maxItems=most)]
    fields = [
        (column, listed, always()),
        ("meta", Annotated[PageMeta, paging(key, most)], always(PageMeta)),
    ]
    if beside:
        fields.append((*beside, ()))
    sample = {key: [getattr(item, "sample", "")], "meta": {"key": key, "pageSize": 1}}
    return msgspec.defstruct(
        name,
        fields,
        omit_defaults=bool(beside),
        bases=(Noun,),
        namespace={"__doc__": help, "item": item, "most": most, "sample": sample},
        frozen=True,
        kw_only=True,
    )
