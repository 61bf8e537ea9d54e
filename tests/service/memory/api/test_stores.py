"""Contract 10.1."""

import pytest

from console.service.memory.models import IdentitySettings, Store, TraitGroup
from console.service.models import Operation
from tests.service.conftest import CONTROL, assert_refused

STRANGER = "mem_store_01k0000000000000000000000a"


def test_create_store_answers_with_the_operation_that_made_it(api):
    answer = api("POST", CONTROL, {"displayName": "client-42", "description": "Acme"})

    operation = api.result(answer)
    assert answer.json().keys() == {"message", "statusUrl", "id"}
    assert answer.json()["id"] == operation["result"]["id"]
    assert answer.json()["statusUrl"] == answer.headers["Location"]
    assert answer.headers["Operation-Id"] == operation["operationId"]
    assert answer.headers["Retry-After"].isdecimal()
    assert operation["status"] == "COMPLETED"
    assert api.get(operation["resultUrl"]).json() == {
        "id": operation["result"]["id"],
        "displayName": "client-42",
        "description": "Acme",
        "status": "ACTIVE",
        "intelligenceServiceId": None,
        "version": 1,
    }


def test_a_new_store_has_the_built_in_group_and_settings(api, store):
    groups = api.get(f"{CONTROL}/{store}/TraitGroups").json()["traitGroups"]
    settings = api.get(f"{CONTROL}/{store}/IdentityResolutionSettings")

    assert [group["displayName"] for group in groups] == ["Contact"]
    assert settings.status_code == 200


def test_store_list_gives_ids_alone(api, make_store):
    made = [make_store("one"), make_store("two")]

    listed = api.get(CONTROL).json()

    assert listed == {"stores": made[::-1], "meta": {"key": "stores", "pageSize": 2}}


def test_store_list_gives_names_to_who_asks_for_details(api, make_store):
    made = [make_store("one"), make_store("two")]

    first = api.get(CONTROL, details="true", pageSize=1).json()
    second = api.get(CONTROL, pageToken=first["meta"]["nextToken"]).json()

    assert [first["stores"], second["stores"]] == [[made[1]], [made[0]]]
    assert first["details"] == [api.get(f"{CONTROL}/{made[1]}").json()]
    assert [store["displayName"] for store in second["details"]] == ["one"]
    assert_refused(api.get(CONTROL, details="yes"), 400, 400, "details")


def test_list_stores_of_nobodys_stores_is_there_and_empty(api):
    listed = api.get(CONTROL).json()

    assert listed == {"stores": [], "meta": {"key": "stores", "pageSize": 50}}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "displayName: required"),
        ({"displayName": None}, "displayName: required"),
        ({"displayName": ""}, "displayName"),
        ({"displayName": "a" * 65}, "displayName"),
        ({"displayName": "two words"}, "displayName"),
        ({"displayName": "line\n"}, "displayName"),
        ({"displayName": "naïve"}, "displayName"),
        ({"displayName": 5}, "displayName"),
        ({"displayName": "ok", "description": ""}, "description"),
        ({"displayName": "ok", "description": "d" * 129}, "description"),
        ({"displayName": "ok", "description": ["d"]}, "description"),
    ],
)
def test_create_store_refuses_what_does_not_fit(api, body, field):
    answer = api("POST", CONTROL, body)

    assert_refused(answer, 400, 520046, field)
    assert not Store.objects.exists()


def test_create_store_ignores_properties_of_no_meaning(api):
    body = {"displayName": "client-1", "id": STRANGER, "version": 9, "tenant": "x"}

    made = api.result(api("POST", CONTROL, body))["result"]["id"]

    assert made != STRANGER
    assert api.get(f"{CONTROL}/{made}").json()["version"] == 1


def test_store_name_that_is_taken_fails_the_operation(api, store):
    answer = api("POST", CONTROL, {"displayName": "client-1"})

    operation = api.result(answer)
    assert operation["status"] == "FAILED"
    assert operation["error"]["code"] == 520045
    assert operation.keys().isdisjoint({"result", "resultUrl"})
    assert Store.objects.count() == 1


def test_store_names_are_told_apart_by_account_and_by_case(make_api, make_store):
    make_store("client-1")

    make_store("Client-1")
    make_store("client-1", by=make_api("other"))

    assert Store.objects.count() == 3


def test_the_sixteenth_store_is_refused_at_once(api, make_store):
    for number in range(15):
        make_store(f"client-{number}")

    answer = api("POST", CONTROL, {"displayName": "one-more"})

    assert_refused(answer, 400, 520044, "15")
    assert Store.objects.count() == 15


def test_patch_store_changes_what_is_given_and_counts_the_version(api, store):
    path = f"{CONTROL}/{store}"

    operation = api.result(api("PATCH", path, {"description": "new"}))

    fetched = api.get(path)
    assert operation["result"]["id"] == store
    assert fetched.json()["displayName"] == "client-1"
    assert fetched.json()["description"] == "new"
    assert fetched.json()["version"] == 2
    assert fetched.headers["ETag"] == '"2"'


def test_patch_store_takes_no_body_at_all(api, store):
    operation = api.result(api("PATCH", f"{CONTROL}/{store}"))

    assert operation["status"] == "COMPLETED"


def test_patch_store_may_give_a_store_its_own_name(api, store):
    operation = api.result(api("PATCH", f"{CONTROL}/{store}", {"displayName": "new"}))
    again = api.result(api("PATCH", f"{CONTROL}/{store}", {"displayName": "new"}))

    assert operation["status"] == again["status"] == "COMPLETED"


def test_patch_store_to_a_taken_name_fails_the_operation(api, store, make_store):
    make_store("taken")

    operation = api.result(api("PATCH", f"{CONTROL}/{store}", {"displayName": "taken"}))

    assert operation["error"]["code"] == 520045
    assert api.get(f"{CONTROL}/{store}").json()["version"] == 1


@pytest.mark.parametrize("etag", ['"1"', "1", 'W/"1"', "*", ""])
def test_patch_store_goes_through_with_the_right_version(api, store, etag):
    headers = {"If-Match": etag}

    answer = api("PATCH", f"{CONTROL}/{store}", {"description": "x"}, headers=headers)

    assert answer.status_code == 202


@pytest.mark.parametrize("etag", ['"2"', "0", "x" * 101])
def test_patch_store_is_refused_with_a_stale_version(api, store, etag):
    headers = {"If-Match": etag}

    answer = api("PATCH", f"{CONTROL}/{store}", {"description": "x"}, headers=headers)

    assert_refused(answer, 412, 520043, "If-Match")
    assert api.get(f"{CONTROL}/{store}").json()["version"] == 1


def test_delete_store_leaves_nothing_but_the_receipt(api, store):
    operation = api.result(api("DELETE", f"{CONTROL}/{store}"))

    assert operation["result"] == {"type": "RESOURCE_ID", "id": store}
    assert_refused(api.get(f"{CONTROL}/{store}"), 404, 520041)
    assert_refused(api("DELETE", f"{CONTROL}/{store}"), 404, 520041)
    assert not IdentitySettings.objects.exists()
    assert not TraitGroup.objects.exists()
    assert Operation.objects.exists()


def test_delete_store_with_a_body_that_names_fields_is_refused(api, store):
    answer = api("DELETE", f"{CONTROL}/{store}", {"force": True})

    assert_refused(answer, 400, 520046, "force")
    assert Store.objects.count() == 1


@pytest.mark.parametrize("body", [b"", b" ", b"{}", b"{ }\n"])
def test_delete_store_takes_an_empty_body(api, store, body):
    answer = api.send("DELETE", f"{CONTROL}/{store}", body)

    assert answer.status_code == 202


def test_fetch_store_takes_an_id_of_another_kind_for_malformed_and_a_strangers_for_unknown(
    api,
):
    for wrong in ("x", "mem_profile_01k0000000000000000000000a", f"{STRANGER}%0A"):
        assert_refused(api.get(f"{CONTROL}/{wrong}"), 400, 520049, "storeId")
    assert_refused(api.get(f"{CONTROL}/{STRANGER}"), 404, 520041)
    older = STRANGER.replace("store", "service")
    assert_refused(api.get(f"{CONTROL}/{older}"), 404, 520041)
