"""As much of a memory's OpenAPI document as the reference shows, its fields in words.

What a memory says ends up in commands that people paste: addresses and names are plain.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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


class RequestBody(msgspec.Struct, frozen=True):
    content: dict[str, Media] = {}


class DescribedResponse(msgspec.Struct, frozen=True, rename={"reference": "$ref"}):
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
    request_body: RequestBody = RequestBody()
    responses: dict[str, DescribedResponse] = {}
    security: list[Any] | None = None


class Tag(msgspec.Struct, frozen=True, rename={"title": "x-displayName"}):
    name: Name
    title: str = ""
    description: str = ""


class Components(msgspec.Struct, frozen=True):
    schemas: dict[str, Schema] = {}
    responses: dict[str, DescribedResponse] = {}


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


_REFERENCE = "#/components/schemas/"
# Schemas can refer to themselves.
_LEVELS = 6
# Every text forbids control characters: said once, not for each.
_ANY_TEXT = r"^[^\x00"
_FORMATS = {"date-time": "date-time", "uri": "URL"}


@dataclass(frozen=True, slots=True)
class Field:
    """name  from the body's root: `observations[].content`; `*` is any name"""

    name: str
    type: str
    required: bool = False
    pattern: str = ""
    help: str = ""


class FieldReader:
    """Reads fields from schemas; follows references to `schemas`."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def read_parameter(self, parameter: Parameter) -> Field:
        field = self._field(parameter.name, parameter.schema, parameter.required)
        return replace(field, help=parameter.description or field.help)

    def read_fields(self, schema: Schema) -> list[Field]:
        """Every field of a body, each before those within it."""
        found: dict[str, Field] = {}
        self._add_members(found, self._choices(schema), "", _LEVELS)
        return list(found.values())

    def _add_members(
        self, found: dict[str, Field], choices: list[Schema], prefix: str, levels: int
    ) -> None:
        objects = [choice for choice in choices if choice.properties]
        for choice in objects:
            for name, schema in choice.properties.items():
                required = all(name in each.required for each in objects)
                self._add(found, prefix + name, schema, required, levels - 1)

    def _add(
        self,
        found: dict[str, Field],
        name: str,
        schema: Schema,
        required: bool,
        levels: int,
    ) -> None:
        if not levels:
            return
        field = self._field(name, schema, required)
        if name in found and found[name].type != field.type:
            field = replace(field, type=f"{found[name].type} or {field.type}")
        found[name] = field
        choices = self._choices(schema)
        self._add_members(found, choices, f"{name}.", levels)
        for mark, inner in _inner_schemas(choices):
            nested = self._choices(inner)
            if any(choice.properties for choice in nested):
                self._add_members(found, nested, f"{name}{mark}.", levels)
            else:
                self._add(found, name + mark, inner, False, levels - 1)

    def _field(self, name: str, schema: Schema, required: bool) -> Field:
        choices = self._choices(schema)
        types = dict.fromkeys(_describe_type(choice) for choice in choices)
        patterns = [choice.pattern or _ANY_TEXT for choice in choices]
        pattern = next((p for p in patterns if not p.startswith(_ANY_TEXT)), "")
        return Field(name, " or ".join(types), required, pattern, schema.description)

    def _choices(self, schema: Schema, levels: int = _LEVELS) -> list[Schema]:
        """What it can be, apart from null: null counts as absent."""
        if not levels or schema.type == "null":
            return []
        if schema.reference:
            name = schema.reference.removeprefix(_REFERENCE)
            target = self._schemas.get(name, Schema())
            return self._choices(target, levels - 1)
        if not schema.any_of:
            return [schema]
        inner = [self._choices(choice, levels - 1) for choice in schema.any_of]
        return [choice for choices in inner for choice in choices]


def _inner_schemas(choices: Iterable[Schema]) -> Iterator[tuple[str, Schema]]:
    """(what follows the name, schema) of items, and of members with any name."""
    for choice in choices:
        if isinstance(choice.items, Schema):
            yield "[]", choice.items
        members = choice.additional_properties
        if isinstance(members, Schema) and not choice.properties:
            yield ".*", members


def _describe_type(schema: Schema) -> str:
    types = (schema.type,) if isinstance(schema.type, str) else schema.type
    if schema.enum:
        types = tuple(str(value) or '""' for value in schema.enum)
    elif schema.format in _FORMATS:
        types = (_FORMATS[schema.format],)
    limits = [
        _describe_range(schema.min_length, schema.max_length, " characters"),
        _describe_range(schema.minimum, schema.maximum),
        _describe_range(schema.min_items, schema.max_items, " items"),
        _describe_range(schema.min_properties, schema.max_properties, " entries"),
    ]
    if schema.default not in (None, [], {}):
        limits.append("default " + json.dumps(schema.default).strip('"'))
    told = ", ".join(filter(None, limits))
    return " or ".join(types) + (f" ({told})" if told else "")


def _describe_range(least: float | None, most: float | None, unit: str = "") -> str:
    if least and most is not None:
        return f"{least:,} to {most:,}{unit}"
    if most is not None:
        return f"at most {most:,}{unit}"
    return "" if least is None else f"at least {least:,}{unit}"
