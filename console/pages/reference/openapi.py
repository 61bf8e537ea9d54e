"""As much of a memory's OpenAPI document as the reference shows.

What a memory says ends up in commands that people paste: addresses and names are plain.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from console.client.errors import MemoryUnexpected

Address = Annotated[str, Meta(pattern=r"^(/([\w.-]+|{[a-zA-Z]\w*}))+\Z")]
Name = Annotated[str, Meta(pattern=r"^[\w.-]+\Z")]


class Schema(msgspec.Struct, frozen=True, rename="camel"):
    """What a value may be. A range has no end where that is None."""

    reference: str = msgspec.field(default="", name="$ref")
    any_of: tuple["Schema", ...] = ()
    type: str | tuple[str, ...] = "any JSON"
    format: str = ""
    pattern: str = ""
    description: str = ""
    enum: tuple[Any, ...] = ()
    default: Any = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    min_items: int | None = None
    max_items: int | None = None
    min_properties: int | None = None
    max_properties: int | None = None
    properties: dict[str, "Schema"] = {}
    required: tuple[str, ...] = ()
    items: "Schema | bool | None" = None
    additional_properties: "Schema | bool | None" = None


class Parameter(msgspec.Struct, frozen=True, rename={"place": "in"}):
    """`place`: path, query or header."""

    name: Name
    place: str
    schema: Schema = Schema()
    description: str = ""
    example: str | int | None = None
    required: bool = False


class Media(msgspec.Struct, frozen=True):
    schema: Schema = Schema()
    example: Any = None


class Body(msgspec.Struct, frozen=True):
    content: dict[str, Media] = {}


class Response(msgspec.Struct, frozen=True, rename={"reference": "$ref"}):
    description: str = ""
    content: dict[str, Media] = {}
    reference: str = ""


class DescribedOperation(msgspec.Struct, frozen=True, rename="camel"):
    """`security` is empty where no credentials are asked for."""

    operation_id: Name
    summary: str = ""
    description: str = ""
    tags: tuple[Name, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    request_body: Body = Body()
    responses: dict[str, Response] = {}
    security: list[Any] | None = None


class Tag(msgspec.Struct, frozen=True, rename={"title": "x-displayName"}):
    name: Name
    title: str = ""
    description: str = ""


class Components(msgspec.Struct, frozen=True):
    schemas: dict[str, Schema] = {}
    responses: dict[str, Response] = {}


class Info(msgspec.Struct, frozen=True):
    description: str = ""


class OpenApi(msgspec.Struct, frozen=True):
    paths: dict[Address, dict[Name, DescribedOperation]]
    info: Info = Info()
    tags: tuple[Tag, ...] = ()
    components: Components = Components()


def decode_openapi(document: dict[str, Any]) -> OpenApi:
    """Raises MemoryUnexpected for a document of another form."""
    try:
        return msgspec.convert(document, OpenApi)
    except msgspec.ValidationError as exc:
        raise MemoryUnexpected(
            "This console cannot read the memory's description of its API."
        ) from exc
