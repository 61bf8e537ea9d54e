"""Contract 16.1 and 16.2: stores."""

import pytest

from console.service.memory.models import Profile, Store
from console.service.models import Operation
from tests.service.conftest import CONTROL, assert_refused
from tests.service.memory.api.v1_services.conftest import SERVICES

STRANGER = "mem_store_01k0000000000000000000000a"


def test_create_service_answers_when_it_is_there(api):
    answer = api("POST", SERVICES, {"uniqueName": "a-42", "friendlyName": "Acme 42"})

    made = answer.json()
    assert answer.status_code == 201
    assert made == {
        "sid": made["id"],
        "id": made["id"],
        "uniqueName": "a-42",
        "friendlyName": "Acme 42",
        "status": "ACTIVE",
        "version": 1,
    }
    assert answer.headers["ETag"] == '"1"'
    assert api.get(f"{SERVICES}/{made['sid']}").json() == made
    assert not Operation.objects.exists()


def test_fetch_service_is_the_same_store_in_both_dialects(
    api, make_service, make_store
):
    older = make_service("older", friendlyName="Friendly words")
    current = make_store("current")
    described = {"description": "Plain words"}
    api("PATCH", f"{CONTROL}/{current}", described)

    as_current = api.get(f"{CONTROL}/{older['sid']}").json()
    as_older = api.get(f"{SERVICES}/{current}").json()

    assert as_current["displayName"] == "older"
    assert as_current["description"] == "Friendly words"
    assert as_current.keys().isdisjoint({"sid", "uniqueName", "friendlyName"})
    assert as_older["uniqueName"] == "current"
    assert as_older["friendlyName"] == "Plain words"
    assert api.get(CONTROL).json()["stores"] == [current, older["sid"]]


def test_service_description_of_its_own_leaves_the_friendly_name_alone(
    api, make_service
):
    sid = make_service(friendlyName="Friendly words")["sid"]

    api("PATCH", f"{CONTROL}/{sid}", {"description": "Plain words"})

    assert api.get(f"{CONTROL}/{sid}").json()["description"] == "Plain words"
    assert api.get(f"{SERVICES}/{sid}").json()["friendlyName"] == "Friendly words"


def test_service_store_needs_no_friendly_name(api, make_service):
    made = make_service("plain", friendlyName=None)

    assert made["sid"]
    assert "friendlyName" not in made
    assert "description" not in api.get(f"{CONTROL}/{made['sid']}").json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "uniqueName: required"),
        ({"displayName": "current-words"}, "uniqueName: required"),
        ({"uniqueName": None}, "uniqueName: required"),
        ({"uniqueName": ""}, "uniqueName"),
        ({"uniqueName": "a" * 65}, "uniqueName"),
        ({"uniqueName": "two words"}, "uniqueName"),
        ({"uniqueName": "line\n"}, "uniqueName"),
        ({"uniqueName": "ok", "friendlyName": "f" * 129}, "friendlyName"),
        ({"uniqueName": "ok", "friendlyName": 5}, "friendlyName"),
    ],
)
def test_service_store_that_does_not_fit_is_refused_by_field(api, body, field):
    answer = api("POST", SERVICES, body)

    assert_refused(answer, 400, 520046, field)
    assert not Store.objects.exists()


@pytest.mark.parametrize("taken", ["older", "current"])
def test_service_name_that_is_taken_in_either_dialect_is_refused(
    api, make_service, make_store, taken
):
    make_service("older")
    make_store("current")

    answer = api("POST", SERVICES, {"uniqueName": taken})

    holder = Store.objects.get(display_name=taken).id
    said = f"uniqueName: already in use in this account, by {holder}"
    assert_refused(answer, 409, 520045, said)
    assert Store.objects.count() == 2


def test_service_both_dialects_share_fifteen_stores(api, make_service, make_store):
    for number in range(7):
        make_service(f"older-{number}")
    for number in range(8):
        make_store(f"current-{number}")

    older = api("POST", SERVICES, {"uniqueName": "one-more"})
    current = api("POST", CONTROL, {"displayName": "one-more"})

    assert_refused(older, 400, 520044, "15")
    assert_refused(current, 400, 520044, "15")
    assert Store.objects.count() == 15


def test_list_services_shows_each_store_whole_and_in_pages(api, make_service):
    made = [make_service(name) for name in ("one", "two", "three")]

    first = api.get(SERVICES, pageSize="2").json()
    second = api.get(SERVICES, pageToken=first["meta"]["nextToken"]).json()

    assert first["meta"]["key"] == "services"
    assert first["services"] + second["services"] == made[::-1]
    assert "nextToken" not in second["meta"]


def test_list_services_is_of_ones_own_stores(make_api, make_service):
    make_service()

    assert make_api("other").get(SERVICES).json()["services"] == []


def test_delete_service_takes_it_from_both_dialects(api, service, person):
    answer = api("DELETE", service)

    sid = service.rpartition("/")[2]
    assert answer.status_code == 200
    assert answer.json().keys() == {"message"}
    assert_refused(api.get(service), 404, 520041)
    assert_refused(api.get(f"{CONTROL}/{sid}"), 404, 520041)
    assert_refused(api.get(person), 404, 520041)
    assert not Profile.objects.exists()


def test_delete_service_refuses_a_body(api, service):
    assert_refused(api("DELETE", service, {"force": True}), 400, 520046, "force")


def test_service_malformed_and_unknown_ids_and_other_methods_are_refused(api, service):
    assert_refused(api.get(f"{SERVICES}/x"), 400, 520049)
    for known_form in (STRANGER, STRANGER.replace("store", "service")):
        assert_refused(api.get(f"{SERVICES}/{known_form}"), 404, 520041)
    assert_refused(api("PATCH", service, {"friendlyName": "x"}), 405, 20004)
    assert_refused(api.get(f"{service}/TraitGroups"), 404, 20404)
