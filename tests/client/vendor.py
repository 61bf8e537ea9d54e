"""The vendor's own description of the API, and answers that are valid under it.

npm has it inside of @twilio/cli-core; no copy of it is kept here.
"""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.npm import fetch_file

PACKAGE = "@twilio/cli-core@9.0.0"
INTEGRITY = (
    "sha512-"
    "FPHm5gXAUwM2oATmQi3AGYPFz4Urg5G5/vDkpUu5WqNuwueQaS93HwXjdX1OM+miuq0LMimdfbXDTLEp4Nsjfg=="
)
FILE = "src/services/twilio-api/twilio_memory_v1.json"
LONGEST = (
    3  # items of a list, optional members of an object: small answers, many of them
)

# What pages show and find: letters of all kinds, and no half of a surrogate pair.
_TEXTS = st.characters(exclude_categories=("Cs",))
_TIMES = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@cache
def load_description() -> dict[str, Any]:
    return json.loads(fetch_file(PACKAGE, FILE, integrity=INTEGRITY))


@cache
def find_answer(operation_id: str) -> tuple[int, st.SearchStrategy[Any]]:
    """The status of success, and the bodies that come with it."""
    for path in load_description()["paths"].values():
        for operation in path.values():
            if (
                isinstance(operation, dict)
                and operation.get("operationId") == operation_id
            ):
                [(status, answer)] = [
                    (int(status), answer)
                    for status, answer in operation["responses"].items()
                    if status.startswith("2")
                ]
                return status, generate(answer["content"]["application/json"]["schema"])
    raise LookupError(operation_id)


def generate(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What fits the schema, as far as the vendor's files use JSON Schema."""
    if "$ref" in schema:
        return _generate_named(schema["$ref"])
    for choices in ("oneOf", "anyOf"):
        if choices in schema:
            return st.one_of(*map(generate, schema[choices]))
    if "allOf" in schema:
        return st.tuples(*map(generate, schema["allOf"])).map(
            lambda parts: {
                name: value for part in parts for name, value in part.items()
            }
        )
    found = (
        st.sampled_from(schema["enum"]) if "enum" in schema else _generate_type(schema)
    )
    return st.none() | found if schema.get("nullable") else found


@cache
def _generate_named(reference: str) -> st.SearchStrategy[Any]:
    named: Any = load_description()
    for step in reference.removeprefix("#/").split("/"):
        named = named[step]
    return st.deferred(lambda: generate(named))


def _generate_type(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema.get("type"):
        case "object":
            return _generate_object(schema)
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(
                generate(schema["items"]), min_size=least, max_size=least + LONGEST
            )
        case "string":
            return _generate_text(schema)
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum", 2**53))
        case "number":
            least, most = schema.get("minimum"), schema.get("maximum")
            return st.floats(least, most, allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
    # Only a trait's value and members unknown have no type; in words the former has one.
    value = st.text(_TEXTS) | st.booleans() | st.integers(-(2**53), 2**53)
    return value | st.lists(value, max_size=LONGEST)


def _generate_text(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    match schema:
        case {"format": "date-time"}:
            zones = st.sampled_from(["Z", "+00:00", "-07:00", "+05:30"])
            return st.builds(
                lambda at, zone: f"{at:%Y-%m-%dT%H:%M:%S.%f}{zone}", _TIMES, zones
            )
        case {"format": "uri"}:
            return st.sampled_from(
                ["https://api.example/v1/x", "https://api.example/?a=b"]
            )
        case {"pattern": pattern}:
            most = schema.get("maxLength", 2**16)
            texts = st.from_regex(pattern.replace("$", r"\Z"))
            return texts.filter(lambda text: len(text) <= most)
    least, most = schema.get("minLength", 0), schema.get("maxLength", 40)
    return st.text(_TEXTS, min_size=least, max_size=min(most, least + 40))


def _generate_object(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Optional members are there, absent or, as the hosted service answers them, null."""
    declared = schema.get("properties", {})
    required = set(schema.get("required", ()))
    others = schema.get("additionalProperties", True)
    members = {
        name: generate(inner)
        if name in required and (inner.get("type") != "array" or inner.get("minItems"))
        else generate(inner) | st.none()
        for name, inner in declared.items()
    }
    known = st.fixed_dictionaries(
        {name: value for name, value in members.items() if name in required},
        optional={
            name: value for name, value in members.items() if name not in required
        },
    )
    if others is False:
        return known
    names = st.text(_TEXTS, max_size=12).filter(lambda name: name not in declared)
    values = generate(others if isinstance(others, dict) else {})
    more = st.dictionaries(
        names, values, max_size=LONGEST if isinstance(others, dict) else 1
    )
    return st.builds(lambda more, known: more | known, more, known)
