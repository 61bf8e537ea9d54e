"""Types as JSON Schemas, with what the service reads and writes beyond its types."""

from collections.abc import Callable
from typing import Any

import msgspec

Schema = dict[str, Any]

# What text a body holds: body.py refuses the other control characters.
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_NULL = {"type": "null"}


class Schemas:
    """Schemas of types, and the components to which these refer.

    prefix  of the components' names
    refine  makes what msgspec tells of a type the whole truth
    """

    def __init__(self, prefix: str, refine: Callable[[Schema], Schema]) -> None:
        self.components: dict[str, Schema] = {}
        self._template = f"#/components/schemas/{prefix}{{name}}"
        self._prefix, self._refine = prefix, refine

    def of(self, kind: Any) -> Schema:
        """Raises ValueError for a second struct of one name."""
        [schema], found = msgspec.json.schema_components(
            [kind], ref_template=self._template
        )
        for name, component in found.items():
            name, component = self._prefix + name, self._refine(component)
            if self.components.setdefault(name, component) != component:
                raise ValueError(f"Two structs are called {name}: rename one.")
        return self._refine(schema)


def as_shown(schema: Schema) -> Schema:
    """In an answer."""
    told = _within(schema, as_shown)
    if "properties" in told:
        # A struct's docstring speaks to those who change it.
        told.pop("description", None)
    if "pattern" in told:
        # \Z is Python's; elsewhere $ alone ends a text.
        told["pattern"] = told["pattern"].replace(r"\Z", "$")
    told.pop("title", None)
    return told


def as_asked(schema: Schema) -> Schema:
    """In an address or a header: no NUL."""
    return _texts(as_shown(schema), r"^[^\x00]*$")


def as_read(schema: Schema) -> Schema:
    """In a body: null counts as absent, text and names hold no control character."""
    return _lenient(_texts(as_shown(schema), _TEXT))


def _texts(schema: Schema, pattern: str) -> Schema:
    if schema.get("type") == "string" and not {"pattern", "format"} & set(schema):
        schema = schema | {"pattern": pattern}
    return _within(schema, lambda each: _texts(each, pattern))


def _lenient(schema: Schema) -> Schema:
    told = _within(schema, _lenient)
    if "properties" in told:
        required = told.get("required", ())
        told["properties"] = {
            name: each if name in required else _or_null(each)
            for name, each in told["properties"].items()
        }
    if told.get("type") == "object":
        # An open body ignores what it does not know, whatever it is.
        others = told.get("additionalProperties", ANYTHING)
        told["additionalProperties"] = others and _or_null(others)
        told["propertyNames"] = {"pattern": _TEXT}
    return told


ANYTHING: Schema = {"$ref": "#/components/schemas/Anything"}
# Any JSON that a body may hold where nobody reads it.
COMPONENTS = {
    "Anything": {
        "anyOf": [
            {"type": ["null", "boolean", "number"]},
            {"type": "string", "pattern": _TEXT},
            {"type": "array", "items": ANYTHING},
            {
                "type": "object",
                "propertyNames": {"pattern": _TEXT},
                "additionalProperties": ANYTHING,
            },
        ]
    }
}


def _within(schema: Schema, refine: Callable[[Schema], Schema]) -> Schema:
    """The schema with those that stand in it refined."""
    told = dict(schema)
    for name in {"items", "additionalProperties"} & set(told):
        if isinstance(told[name], dict):
            told[name] = refine(told[name])
    if "properties" in told:
        told["properties"] = {k: refine(v) for k, v in told["properties"].items()}
    if "anyOf" in told:
        told["anyOf"] = [refine(each) for each in told["anyOf"]]
    return told


def _or_null(schema: Schema) -> Schema:
    choices = schema.get("anyOf", [schema])
    if _NULL in choices or schema in (ANYTHING, {}):
        return schema
    return {"anyOf": [*choices, _NULL]}
