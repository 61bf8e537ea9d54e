"""The service's description of itself, read by whoever writes a client."""

import json
import re
from typing import Any

import msgspec
import pytest

from console.contract.base import SAMPLES
from console.contract.memory.observation import BATCH, CONTENT_MAX
from console.service.http.description.document import list_routes
from console.service.http.description.schemas import Schemas, as_read
from tests.service.routes import every_call

ADDRESS = "/v1/openapi.json"
REFERENCE = "#/components/"


@pytest.fixture
def description(http, db) -> dict[str, Any]:
    answer = http.get(ADDRESS)
    assert answer.status_code == 200, answer.text
    return answer.json()


def operations(description):
    for address, methods in description["paths"].items():
        for method, operation in methods.items():
            yield address, method.upper(), operation


def successes(operation):
    return [
        answer
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    ]


def referred(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from referred(item)


def schema(description, name: str) -> dict[str, Any]:
    return description["components"]["schemas"][name]


def test_every_view_is_described():
    views = [view for _, _, view in list_routes()]

    missing = {
        f"{view.__module__}.{view.__name__}: declare it with @operation"
        for view in views
        if "operation" not in vars(view)
    }
    assert len(views) > 70
    assert not missing, "\n".join(sorted(missing))


def test_describe_api_gives_every_operation_a_summary_a_sentence_and_an_example(
    description,
):
    assert len(list(operations(description))) > 70
    for address, method, found in operations(description):
        call = f"{method} {address}"
        assert found["summary"], call
        assert found["description"].endswith("."), call
        for body in [found.get("requestBody"), *successes(found)]:
            for media in (body or {}).get("content", {}).values():
                assert "example" in media or media["schema"].get("maxLength") == 0, call


def test_every_sample_is_the_example_of_something(description):
    text = json.dumps(description["paths"]) + json.dumps(description["components"])

    assert len(SAMPLES) > 70
    for name, sample in SAMPLES.items():
        assert json.dumps(sample) in text, name


def test_every_route_stands_in_the_description_with_its_methods(description):
    told = {(address, method) for address, method, _ in operations(description)}

    assert len(told) == len(list(list_routes()))
    for method, path in every_call():
        assert any(
            method == each and re.fullmatch(re.sub("{.*?}", "[^/]+", address), path)
            for address, each in told
        ), (method, path)


def test_path_parameters_are_those_of_the_address(description):
    assert "{profileId}" in "".join(description["paths"])
    for address, _, operation in operations(description):
        in_path = [p for p in operation["parameters"] if p["in"] == "path"]
        assert [p["name"] for p in in_path] == re.findall("{(.*?)}", address)
        assert all(p["required"] for p in in_path)
        for parameter in in_path:
            assert {"pattern", "minimum"} & set(parameter["schema"]), parameter


def test_credentials_are_asked_for_everywhere_but_where_none_are_needed(description):
    public = {
        address
        for address, _, operation in operations(description)
        if operation.get("security") == []
    }

    assert public == {"/v1/Errors/{code}", ADDRESS, "/v1/Uploads/{importId}"}
    for address, _, operation in operations(description):
        assert ("401" in operation["responses"]) == (address not in public)


def test_operations_have_names_of_their_own(description):
    names = [operation["operationId"] for _, _, operation in operations(description)]

    assert len(set(names)) == len(names)


def test_references_lead_somewhere_and_every_component_is_used(description):
    targets = {
        f"{REFERENCE}{kind}/{name}"
        for kind in ("schemas", "responses")
        for name in description["components"][kind]
    }

    used = set(referred(description))

    assert used <= targets
    assert {t for t in targets - used if "/responses/" not in t} == set()


def test_limits_and_patterns_are_those_that_the_views_read_with(description):
    observation = schema(description, "read.NewObservation")
    batch = schema(description, "read.CreateObservations")

    assert observation["required"] == ["content", "source", "occurredAt"]
    assert observation["properties"]["content"]["maxLength"] == CONTENT_MAX
    assert batch["properties"]["observations"]["maxItems"] == BATCH
    assert batch["additionalProperties"] is False
    name = schema(description, "read.CreateStore")["properties"]["displayName"]
    assert name["pattern"] == "^[a-zA-Z0-9-]+$"


def test_patterns_are_no_pythons_and_docstrings_stay_inside(description):
    text = json.dumps(description)

    assert '"pattern": "^[a-zA-Z0-9-]+$"' in text
    assert r"\\Z" not in text
    assert "msgspec" not in text


def test_two_nouns_of_one_name_are_not_taken_for_one():
    schemas = Schemas("read.", as_read)
    schemas.add(msgspec.defstruct("Note", [("content", str)]))

    with pytest.raises(ValueError, match=r"called read\.Note: rename one"):
        schemas.add(msgspec.defstruct("Note", [("number", int)]))
