"""What all nouns are made of.

A noun is sent or answered. What is sent is checked: lengths, patterns, ranges. What is
answered only describes them (`described`), for a console has to show what a memory holds, also
when that memory is more generous than the contract.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from re import Pattern
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

URL_MAX = 2048  # 6, 7 [S]


class Noun(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Base of all: the contract's names in snake_case, read-only.

    sample  one valid example, as JSON would hold it; for the description
    """

    sample: ClassVar[dict[str, Any]] = {}

    def __repr__(self) -> str:
        # Never a field: they hold customers' words, and a repr ends up in logs.
        id_ = getattr(self, "id", "")
        return f"<{type(self).__name__} {id_}>" if id_ else f"<{type(self).__name__}>"


class Body(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """Sent to the service, without what is absent or as by default.

    `strict`: properties that it does not name are refused.
    """

    strict: ClassVar[bool] = False

    def __post_init__(self) -> None:
        # Not structs.fields: it reads the annotations anew, for each item of a bulk.
        names = self.__struct_fields__, self.__struct_encode_fields__
        for name, encoded in zip(*names, strict=True):
            value = getattr(self, name)
            if isinstance(value, datetime):
                try:
                    value.astimezone(UTC)
                except OverflowError as exc:
                    raise ValueError(
                        f"{encoded}: must lie in the years 1 to 9999"
                    ) from exc


class StrictBody(Body, frozen=True, kw_only=True):
    strict: ClassVar[bool] = True


def always(empty: Callable[[], Any] = tuple) -> Any:
    """A field that is always sent, and read as `empty` where a memory leaves it out."""
    # Not the bare type: what is empty by its own factory would be left out.
    return msgspec.field(default_factory=lambda: empty())


def described(**schema: Any) -> Meta:
    """Limits that the description tells and nobody checks, as JSON Schema has them."""
    return Meta(extra_json_schema=schema)


def unchecked(kind: Any) -> Meta:
    """The limits of a text that is sent, to describe one that is answered."""
    limits = msgspec.json.schema(kind)
    return described(**{name: limits[name] for name in limits if name != "type"})


def one_of(kind: Any) -> Meta:
    """The structs of a union, to describe an object that is answered as it is kept."""
    [schema], structs = msgspec.json.schema_components([kind], ref_template="{name}")
    choices = [structs[choice["$ref"]] for choice in schema["anyOf"]]
    return described(
        anyOf=[{**each, "additionalProperties": False} for each in choices]
    )


def whole(pattern: Pattern[str]) -> str:
    r"""A pattern for all of a text. \Z and not $: the latter lets a line break follow."""
    return rf"^{pattern.pattern}\Z"


Count = Annotated[int, described(minimum=0)]
Version = Annotated[int, described(minimum=1)]
Url = Annotated[str, described(maxLength=URL_MAX, format="uri")]
# Sent: any RFC 3339 date-time with a zone. Answered: UTC and whole seconds, the only form
# that the SDKs parse (3).
SentTime = Annotated[datetime, Meta(tz=True)]
Time = Annotated[
    datetime,
    Meta(
        tz=True,
        extra_json_schema={"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
    ),
]
