"""What the descriptions of several resources share."""

from datetime import datetime
from re import Pattern
from typing import Annotated, Any, Literal

import msgspec

from console.contract import ids
from console.service import limits
from console.service.http.description.operation import Answer


class Shown(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """An answer's body: these members and no others."""


def _id(pattern: Pattern[str]) -> msgspec.Meta:
    return msgspec.Meta(pattern=f"^{pattern.pattern}$")


StoreId = Annotated[str, _id(ids.STORE_ID)]
ProfileId = Annotated[str, _id(ids.PROFILE_ID)]
ObservationId = Annotated[str, _id(ids.OBSERVATION_ID)]
SummaryId = Annotated[str, _id(ids.SUMMARY_ID)]
DataMappingId = Annotated[str, _id(ids.DATA_MAPPING_ID)]
ImportId = Annotated[str, _id(ids.IMPORT_ID)]
OperationId = Annotated[str, _id(ids.OPERATION_ID)]
TraitGroupName = Annotated[
    str,
    msgspec.Meta(
        max_length=int(limits.TRAIT_GROUP_NAME), pattern=r"^[a-zA-Z0-9_\-\.]+$"
    ),
]
Url = Annotated[
    str, msgspec.Meta(max_length=int(limits.URL), extra_json_schema={"format": "uri"})
]
Version = Annotated[int, msgspec.Meta(ge=1)]
# UTC and whole seconds: the only form that the SDKs parse.
Moment = Annotated[
    datetime,
    msgspec.Meta(
        tz=True,
        extra_json_schema={"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
    ),
]

PAGE_QUERY = {
    "pageSize": Annotated[
        int,
        msgspec.Meta(
            ge=1,
            extra_json_schema={"default": int(limits.PAGE_SIZE)},
            description="More than the list's maximum counts as that maximum.",
        ),
    ],
    "pageToken": Annotated[str, msgspec.Meta(max_length=int(limits.PAGE_TOKEN))],
}
ORDERED_PAGE_QUERY = PAGE_QUERY | {"orderBy": Literal["ASC", "DESC"]}
IF_MATCH = {
    "If-Match": Annotated[
        str, msgspec.Meta(description="A version as ETag gave it; other ones: 412.")
    ]
}
ETAG = {"ETag": Annotated[str, msgspec.Meta(pattern='^"[0-9]+"$')]}

Token = Annotated[str, msgspec.Meta(min_length=1, max_length=int(limits.PAGE_TOKEN))]


def page(key: str, item: Any, cap: int) -> Answer:
    """A list's page: up to `cap` items under `key`, and where the next ones are."""
    name = key[0].upper() + key[1:]
    meta = meta_of(key, cap, name=f"{name}Meta")
    items = Annotated[list[item], msgspec.Meta(max_length=int(cap))]
    fields = [(key, items), ("meta", meta)]
    return Answer(msgspec.defstruct(f"{name}Page", fields, bases=(Shown,), frozen=True))


def meta_of(key: str, cap: int, *, name: str) -> type[msgspec.Struct]:
    """The `meta` of a page of the list called `key`."""
    fields: list[Any] = [
        ("key", Annotated[str, msgspec.Meta(pattern=f"^{key}$")]),
        ("page_size", Annotated[int, msgspec.Meta(ge=1, le=int(cap))]),
        ("next_token", Token | msgspec.UnsetType, msgspec.UNSET),
        ("previous_token", Token | msgspec.UnsetType, msgspec.UNSET),
    ]
    return msgspec.defstruct(name, fields, bases=(Shown,), frozen=True)


class Accepted(Shown, frozen=True):
    message: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Receipt(Shown, frozen=True):
    message: Annotated[str, msgspec.Meta(max_length=512)]
    status_url: Url


class Moved(Shown, frozen=True):
    message: Annotated[str, msgspec.Meta(max_length=255)]
    uri: Url


class Error(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    code: Annotated[int, msgspec.Meta(ge=100, le=999_999)]
    message: Annotated[str, msgspec.Meta(max_length=int(limits.ERROR_MESSAGE))]
    more_info: Url
    status: Annotated[int, msgspec.Meta(ge=400, le=599)]


RETRY_AFTER = {"Retry-After": Annotated[int, msgspec.Meta(ge=0)]}
ERROR_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": str},
    429: RETRY_AFTER,
}
MOVED_HEADERS = {"Location": Url, "Canonical-Profile-Id": ProfileId}
# 202 of the data plane; 202 of the control plane.
ACCEPTED = {202: Answer(Accepted)}
RECEIPT = {
    202: Answer(Receipt, {"Operation-Id": OperationId, "Location": Url, **RETRY_AFTER})
}
