"""Nouns as JSON Schemas, with what the service reads and writes beyond their types."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

Schema = dict[str, Any]

# What text a body holds: request.py refuses the other control characters.
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_NULL = {"type": "null"}


class Schemas:
    """Schemas of types, and the components to which these refer.

    prefix  of the components' names
    refine  makes what msgspec tells of a type the whole truth; `noun` is the struct
            that a component stands for
    """

    def __init__(
        self,
        prefix: str,
        refine: Callable[[Schema, type[msgspec.Struct] | None], Schema],
    ) -> None:
        self.components: dict[str, Schema] = {}
        self._template = f"#/components/schemas/{prefix}{{name}}"
        self._prefix, self._refine = prefix, refine

    def add(self, kind: Any) -> Schema:
        """The type's schema. Raises ValueError for a second struct of one name."""
        [schema], found = msgspec.json.schema_components(
            [kind], ref_template=self._template
        )
        nouns = {noun.__name__: noun for noun in find_nouns([kind])}
        for name, component in found.items():
            component = self._refine(component, nouns.get(name))
            name = self._prefix + name
            if self.components.setdefault(name, component) != component:
                raise ValueError(f"Two structs are called {name}: rename one.")
        return self._refine(schema, None)


def find_nouns(kinds: Iterable[Any]) -> Iterator[type[msgspec.Struct]]:
    """Every struct in these types, with those in their fields."""
    seen: set[type] = set()
    todo = list(msgspec.inspect.multi_type_info(list(kinds)))
    while todo:
        kind = todo.pop()
        if isinstance(kind, msgspec.inspect.StructType):
            if kind.cls in seen:
                continue
            seen.add(kind.cls)
            yield kind.cls
            todo += [field.type for field in kind.fields]
        for name in ("type", "item_type", "key_type", "value_type"):
            if isinstance(inner := getattr(kind, name, None), msgspec.inspect.Type):
                todo.append(inner)
        if isinstance(kind, msgspec.inspect.UnionType):
            todo += kind.types


def as_answered(schema: Schema, noun: type[msgspec.Struct] | None = None) -> Schema:
    """In an answer: these members and no others; what is always sent is required."""
    refined = _plain(schema)
    if noun:
        fields = msgspec.structs.fields(noun)
        refined["additionalProperties"] = False
        required = [f.encode_name for f in fields if f.default is msgspec.NODEFAULT]
        if noun.__struct_config__.omit_defaults:
            empty = {f.encode_name for f in fields if f.default_factory in (dict, list)}
            required = [name for name in required if name not in empty]
            # What is None by default is left out, never null.
            refined["properties"] = {
                name: inner if name in required else _without_null(inner)
                for name, inner in refined["properties"].items()
            }
        tag = noun.__struct_config__.tag_field
        refined["required"] = [tag, *required] if tag else required
    return refined


def as_asked(schema: Schema, noun: type[msgspec.Struct] | None = None) -> Schema:
    """In an address or a header: no NUL."""
    return _limit_texts(_plain(schema), r"^[^\x00]*$")


def as_read(schema: Schema, noun: type[msgspec.Struct] | None = None) -> Schema:
    """In a body: null counts as absent, text and names hold no control character."""
    refined = _plain(schema)
    if getattr(noun, "strict", False):
        refined["additionalProperties"] = False
    return _lenient(_limit_texts(refined, _TEXT))


def _plain(schema: Schema) -> Schema:
    refined = _within(schema, _plain)
    if "properties" in refined:
        # A struct's docstring speaks to those who change it.
        refined.pop("description", None)
    if "pattern" in refined:
        # \Z is Python's; elsewhere $ alone ends a text.
        refined["pattern"] = refined["pattern"].replace(r"\Z", "$")
    refined.pop("title", None)
    if refined.get("default") in ((), None, ""):
        refined.pop("default", None)
    return refined


def _limit_texts(schema: Schema, pattern: str) -> Schema:
    if schema.get("type") == "string" and not {"pattern", "format"} & set(schema):
        schema = schema | {"pattern": pattern}
    return _within(schema, lambda inner: _limit_texts(inner, pattern))


def _lenient(schema: Schema) -> Schema:
    refined = _within(schema, _lenient)
    if "properties" in refined:
        required = refined.get("required", ())
        refined["properties"] = {
            name: inner if name in required else _or_null(inner)
            for name, inner in refined["properties"].items()
        }
    if refined.get("type") == "object":
        # An open body ignores what it does not know, whatever it is.
        others = refined.get("additionalProperties", ANYTHING)
        refined["additionalProperties"] = others and _or_null(others)
        refined["propertyNames"] = refined.get("propertyNames", {"pattern": _TEXT})
    return refined


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
    refined = dict(schema)
    for name in {"items", "additionalProperties", "propertyNames"} & set(refined):
        if isinstance(refined[name], dict):
            refined[name] = refine(refined[name])
    if "properties" in refined:
        refined["properties"] = {k: refine(v) for k, v in refined["properties"].items()}
    if "anyOf" in refined:
        refined["anyOf"] = [refine(choice) for choice in refined["anyOf"]]
    return refined


def _without_null(schema: Schema) -> Schema:
    rest = dict(schema)
    choices = [choice for choice in rest.pop("anyOf", ()) if choice != _NULL]
    if len(choices) > 1:
        rest["anyOf"] = choices
    return rest | choices[0] if len(choices) == 1 else rest


def _or_null(schema: Schema) -> Schema:
    choices = schema.get("anyOf", [schema])
    if _NULL in choices or schema in (ANYTHING, {}):
        return schema
    return {"anyOf": [*choices, _NULL]}
