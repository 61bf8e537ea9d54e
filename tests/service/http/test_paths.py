"""Addresses that nobody should send: no page, no redirect, nobody else's rights."""

import pytest

from tests.service.conftest import CONTROL
from tests.service.door import basic, knock


def is_refused_in_json(answer) -> bool:
    error = answer.json()
    return answer.status_code == error["status"] in {400, 404, 405}


@pytest.mark.parametrize(
    "path",
    [
        "/v1//ControlPlane/Stores",
        "/v1/ControlPlane//Stores",
        f"{CONTROL}/",
        f"{CONTROL}/.",
        f"{CONTROL}/..",
        f"{CONTROL}/../Stores",
        f"{CONTROL}/%2e%2e",
        f"{CONTROL}/%252e",
        f"{CONTROL};a=b",
        f"{CONTROL}.",
        f"{CONTROL} ",
        f"{CONTROL}\n",
        f"{CONTROL}\0",
        f"{CONTROL}/\0",
        f"{CONTROL}/\xff\xfe",
        f"{CONTROL}/" + "x" * 20_480,
        "/v1/" + "x/" * 10_240,
        "/v1/controlplane/stores",
        "/v1/CONTROLPLANE/STORES",
        "/v1/ControlPlane/Stores/{id}",
        "/v1/Stores/*/Profiles",
        "/v1/Stores/%/Profiles",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_odd_path_is_refused(api, path, method):
    answer = knock(path, method=method, HTTP_AUTHORIZATION=basic(api.sid, api.token))

    assert is_refused_in_json(answer)


@pytest.mark.parametrize("tail", [".", ";a=b", "%20", " ", "\n", "\0", "x", "/.."])
def test_an_odd_end_of_an_id_is_another_id(api, store, profile, tail):
    for path in (f"{CONTROL}/{store}", profile):
        answer = knock(path + tail, HTTP_AUTHORIZATION=basic(api.sid, api.token))
        assert is_refused_in_json(answer)


@pytest.mark.parametrize("child", ["TraitGroups/\0", "TraitGroups/" + "x" * 20_480])
def test_an_odd_name_is_refused(api, store, child):
    for method in ("GET", "PATCH", "DELETE"):
        answer = knock(
            f"{CONTROL}/{store}/{child}",
            method=method,
            HTTP_AUTHORIZATION=basic(api.sid, api.token),
        )
        assert is_refused_in_json(answer)


@pytest.mark.parametrize(
    "query", ["source=%00", "pageToken=%00", "conversationId=a%00", "x=%00"]
)
def test_a_nul_in_a_query_is_refused(api, profile, query):
    answer = knock(
        f"{profile}/Observations",
        query=query,
        HTTP_AUTHORIZATION=basic(api.sid, api.token),
    )

    assert is_refused_in_json(answer)


@pytest.mark.parametrize("query", ["%", "%zz", "source=%ff", "&&&===", "a" * 20_480])
def test_an_odd_query_never_fails(api, profile, query):
    answer = knock(
        f"{profile}/Observations",
        query=query,
        HTTP_AUTHORIZATION=basic(api.sid, api.token),
    )

    assert answer.status_code in {200, 400}


def test_the_door_knows_the_memory_by_its_exact_name(api):
    for path in ("/v1", "/v1/", "/v1/x"):
        answer = knock(path, HTTP_AUTHORIZATION=basic(api.sid, api.token))
        assert answer.headers["Content-Type"].startswith("application/json")
    for path in ("/V1/ControlPlane/Stores", "//v1/ControlPlane/Stores", "/v1x"):
        answer = knock(path, HTTP_AUTHORIZATION=basic(api.sid, api.token))
        assert answer.status_code in {302, 404}
        assert "stores" not in answer.text


@pytest.mark.parametrize(
    "path", ["/v1", "/v2", "/v2/Nope", "/v3", "/v3/Stores", "/V1/Stores", "/v1beta/x"]
)
def test_paths_of_an_api_that_is_not_served_are_answered_as_json(api, path):
    answer = api.get(path)

    assert answer.status_code == 404
    assert answer.json()["code"] == 20404
    assert answer.headers["Twilio-Request-Id"].startswith("RQ")
