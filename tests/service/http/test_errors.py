"""Contract section 5."""

import pytest
from django.db import connections

from console.contract.memory.error import Code
from console.service import errors
from console.service.memory.models import IdentitySettings
from tests.service.conftest import CONTROL, NOBODY, assert_refused

UNKNOWN = "mem_store_01k0000000000000000000000a"


def test_an_error_has_four_fields_and_its_link_answers(api, http):
    refused = api.get(f"{CONTROL}/{UNKNOWN}")

    assert refused.json().keys() == {"code", "message", "more_info", "status"}
    assert refused.headers["Cache-Control"] == "no-store"
    explained = http.get(refused.json()["more_info"])
    assert explained.status_code == 200
    assert explained.json() == {
        "code": 520041,
        "title": "Store not found in this account.",
    }


def test_explain_error_knows_every_code_that_can_be_met(http, db):
    classes = errors.ServiceError.__subclasses__()
    codes = {each.code for each in classes} | {int(code) for code in Code}

    assert {404, 20404, 520041} & codes == {20404, 520041}
    for code in sorted(codes):
        assert http.get(f"/v1/Errors/{code}").json()["title"], code


@pytest.mark.parametrize("code", ["1", "9" * 5000, "x", "-1"])
def test_a_code_that_is_none_is_not_found(api, code):
    assert_refused(api.get(f"/v1/Errors/{code}"), 404, 20404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", CONTROL, "GET, HEAD, POST"),
        ("DELETE", CONTROL, "GET, HEAD, POST"),
        ("POST", f"{CONTROL}/{UNKNOWN}", "DELETE, GET, HEAD, PATCH"),
        ("GET", f"/v1/Stores/{UNKNOWN}/Profiles/Lookup", "POST"),
        ("OPTIONS", CONTROL, "GET, HEAD, POST"),
        ("TRACE", CONTROL, "GET, HEAD, POST"),
        ("BREW", CONTROL, "GET, HEAD, POST"),
    ],
)
def test_a_method_that_is_not_spoken_names_those_that_are(api, method, path, allowed):
    answer = api(method, path)

    assert_refused(answer, 405, 20004, method)
    assert answer.headers["Allow"] == allowed


def test_head_answers_as_get(api, store):
    answer = api("HEAD", f"{CONTROL}/{store}")

    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    assert answer.content == b""


def test_a_host_that_is_not_ours_is_refused(api):
    answer = api("GET", CONTROL, headers={"Host": "evil.example"})

    assert_refused(answer, 400, 400, "Host")
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/", "/v1/ControlPlane", "/v1/Stores", "/v1/Services/", f"{CONTROL}/"],
)
def test_an_address_that_is_none_is_not_found_and_never_redirects(api, path):
    for method in ("GET", "POST", "DELETE"):
        assert_refused(api(method, path), 404, 20404)


def test_a_slash_at_the_end_is_another_address(api, store, profile):
    for path in (f"{CONTROL}/{store}", profile, f"{profile}/Observations"):
        assert_refused(api.get(f"{path}/"), 404, 20404)


def test_query_parameters_of_no_meaning_are_ignored(api, store, profile):
    odd = {"Accept-Encoding": "gzip", "Page": "7", "foo[]": "<x>", "includeTraits": "q"}

    for path in (CONTROL, f"{CONTROL}/{store}", profile, f"{profile}/Identifiers"):
        assert api.get(path, **odd).status_code == 200


def test_a_thousand_query_parameters_are_too_many(api):
    answer = api("GET", CONTROL + "?" + "&".join(f"p{n}=1" for n in range(1001)))

    assert_refused(answer, 400, 400, "Too many fields")


def test_a_message_stays_within_its_limit(api, store):
    body = {"traits": {"g" * 500: {"n" * 90_000: 1}}}

    answer = api("POST", f"/v1/Stores/{store}/Profiles", body)

    assert answer.status_code == 400
    assert len(answer.json()["message"]) <= 1024


def test_a_failure_inside_tells_nothing_of_itself(api, store, caplog):
    IdentitySettings.objects.all().delete()

    answer = api.get(f"{CONTROL}/{store}/IdentityResolutionSettings")

    assert_refused(answer, 500, 20500, "The memory failed")
    assert "IdentitySettings" not in answer.text
    assert "The memory failed." in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_busy_is_said_to_be(api, busy_memory, caplog):
    answer = api("POST", CONTROL, {"displayName": "client-1"})

    assert_refused(answer, 503, 20503, "busy")


@pytest.fixture
def busy_memory(api):
    """Somebody else holds the account, and nobody waits for long."""
    connection = connections["memory"]
    other = connection.copy()
    patience, lock = {
        "sqlite": ("PRAGMA busy_timeout = 50", "BEGIN EXCLUSIVE"),
        "postgresql": ("SET lock_timeout = 50", "LOCK TABLE service_account"),
    }[connection.vendor]
    default = {"sqlite": "PRAGMA busy_timeout = 20000"}.get(
        connection.vendor, "SET lock_timeout = 0"
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(patience)
        other.set_autocommit(False)
        with other.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("UPDATE service_account SET name = name")
            else:
                cursor.execute(lock)
        yield
    finally:
        other.rollback()
        other.close()
        with connection.cursor() as cursor:
            cursor.execute(default)


def test_unknown_profiles_are_the_same_everywhere(api, store):
    path = f"/v1/Stores/{store}/Profiles/{NOBODY}"

    for child in ("", "/Traits", "/Identifiers", "/Observations"):
        assert_refused(api.get(f"{path}{child}"), 404, 20404, "Profile not found")
