import re

import pytest

from console.client.errors import MemoryUnexpected
from console.pages.reference.endpoints import EndpointReader
from console.pages.reference.openapi import decode_openapi


def read(paths, **more):
    reader = EndpointReader(decode_openapi({"paths": paths} | more))
    return [endpoint for each in reader.read_sections() for endpoint in each.endpoints]


@pytest.fixture
def by_anchor(endpoints):
    return {endpoint.anchor: endpoint for endpoint in endpoints}


def test_read_sections_gives_every_operation_an_anchor_of_its_own(by_anchor, endpoints):
    assert len(by_anchor) == len(endpoints) > 60
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", anchor) for anchor in by_anchor)


def test_read_sections_keeps_the_anchors_that_links_have(by_anchor):
    assert {
        "lookup-profiles",
        "update-profiles-in-bulk",
        "describe-api",
        "create-service",
        "create-profile-of-service",
        "create-summary-of-service",
        "recall-of-service",
    } <= set(by_anchor)


def test_read_sections_leaves_out_what_an_old_name_only_mirrors(by_anchor):
    assert "list-profiles" in by_anchor
    assert "list-profiles-of-service" not in by_anchor
    assert "list-observations-of-service" in by_anchor


def test_read_sections_reads_a_body_with_its_limits(by_anchor):
    fields = {field.name: field for field in by_anchor["create-observations"].fields}

    assert fields["observations"].type == "array (1 to 10 items)"
    assert fields["observations[].content"].type == "string (1 to 4,096 characters)"
    assert fields["observations[].content"].required
    assert not fields["observations[].conversationIds"].required


def test_read_sections_says_common_answers_once(by_anchor):
    answers = dict(by_anchor["create-observations"].answers)

    assert answers["202"] == "Accepted."
    assert answers["308"].startswith("The profile was merged")
    assert "500" not in answers


def test_read_sections_bears_a_description_of_little():
    things = {"operationId": "list_things", "responses": {"2XX": {}}}

    [endpoint] = read({"/v1/Things": {"get": things}})

    assert (endpoint.title, endpoint.status) == ("list_things", 200)
    assert (endpoint.call, endpoint.shows, endpoint.answers) == ("", "", [])


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"paths": []},
        {"paths": {"/v1/$(rm)": {"get": {"operationId": "a"}}}},
        {"paths": {"/v1/{A": {"get": {"operationId": "a"}}}},
        {"paths": {"/v1/{0}": {"get": {"operationId": "a"}}}},
        {"paths": {"/v1/A": {"get": {"operationId": "a b"}}}},
        {"paths": {"/v1/A": {"parameters": []}}},
        {"paths": {}, "components": {"schemas": {"A": {"minLength": "one"}}}},
    ],
)
def test_decode_openapi_refuses_what_commands_cannot_hold(document):
    with pytest.raises(MemoryUnexpected, match="cannot read"):
        decode_openapi(document)
