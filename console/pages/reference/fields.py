"""Fields of bodies and parameters, with their limits in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from console.pages.reference.openapi import Parameter, Schema

_REFERENCE = "#/components/schemas/"
# Schemas can refer to themselves.
_LEVELS = 6
# Every text forbids control characters: said once, not for each.
_ANY_TEXT = r"^[^\x00"
_FORMATS = {"date-time": "date-time", "uri": "URL"}
_RANGES = (
    ("minLength", "maxLength", " characters"),
    ("minimum", "maximum", ""),
    ("minItems", "maxItems", " items"),
    ("minProperties", "maxProperties", " entries"),
)


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
        objects = [choice for choice in choices if "properties" in choice]
        for choice in objects:
            for name, schema in choice["properties"].items():
                required = all(name in each.get("required", ()) for each in objects)
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
            if any("properties" in choice for choice in nested):
                self._add_members(found, nested, f"{name}{mark}.", levels)
            else:
                self._add(found, name + mark, inner, False, levels - 1)

    def _field(self, name: str, schema: Schema, required: bool) -> Field:
        choices = self._choices(schema)
        types = dict.fromkeys(_describe_type(choice) for choice in choices)
        patterns = [choice.get("pattern", _ANY_TEXT) for choice in choices]
        pattern = next((p for p in patterns if not p.startswith(_ANY_TEXT)), "")
        help = schema.get("description", "")
        return Field(name, " or ".join(types), required, pattern, help)

    def _choices(self, schema: Schema, levels: int = _LEVELS) -> list[Schema]:
        """What it can be, apart from null: null counts as absent."""
        if not levels or schema.get("type") == "null":
            return []
        if "$ref" in schema:
            target = self._schemas.get(schema["$ref"].removeprefix(_REFERENCE), {})
            return self._choices(target, levels - 1)
        if "anyOf" not in schema:
            return [schema]
        inner = [self._choices(choice, levels - 1) for choice in schema["anyOf"]]
        return [choice for choices in inner for choice in choices]


def _inner_schemas(choices: Iterable[Schema]) -> Iterable[tuple[str, Schema]]:
    """(what follows the name, schema) of items, and of members with any name."""
    for choice in choices:
        if isinstance(items := choice.get("items"), dict):
            yield "[]", items
        members = choice.get("additionalProperties")
        if isinstance(members, dict) and "properties" not in choice:
            yield ".*", members


def _describe_type(schema: Schema) -> str:
    if "enum" in schema:
        type_ = " or ".join(str(value) or '""' for value in schema["enum"])
    elif schema.get("format") in _FORMATS:
        type_ = _FORMATS[schema["format"]]
    else:
        types = schema.get("type", "any JSON")
        type_ = types if isinstance(types, str) else " or ".join(types)
    limits = [_describe_range(schema, *names) for names in _RANGES]
    if schema.get("default") not in (None, [], {}):
        limits.append(f"default {_show(schema['default'])}")
    told = ", ".join(filter(None, limits))
    return f"{type_} ({told})" if told else type_


def _describe_range(schema: Schema, low: str, high: str, unit: str) -> str:
    least, most = schema.get(low), schema.get(high)
    if least and most is not None:
        return f"{least:,} to {most:,}{unit}"
    if most is not None:
        return f"at most {most:,}{unit}"
    return "" if least is None else f"at least {least:,}{unit}"


def _show(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
