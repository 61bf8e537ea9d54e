"""Contract 11.1 and 12.4."""

import pytest

from console.service.memory.models import Identifier, IdentitySettings
from tests.service.conftest import assert_refused


@pytest.fixture
def lookup(api, store):
    def find(id_type: str, value: str):
        body = {"idType": id_type, "value": value}
        return api("POST", f"/v1/Stores/{store}/Profiles/Lookup", body)

    return find


@pytest.mark.parametrize(
    ("id_type", "value"),
    [
        ("email", "ADA@Example.COM"),
        ("email", " ada @example.com "),
        ("email", "Ada <mailto:ada@example.com>"),
        ("phone", "5558675310.0"),
        ("phone", "\u202a+1 555 867 5310\u202c"),
        ("phone", "+1 (555) 867-5310"),
        ("phone", "1-555-867-5310"),
        ("phone", "555 867 5310"),
        ("phone", "＋１５５５８６７５３１０"),
        ("phone", "٥٥٥٨٦٧٥٣١٠"),
    ],
)
def test_lookup_profiles_finds_the_person_by_any_way_of_writing(
    lookup, make_profile, id_type, value
):
    path = make_profile("ada@example.com", phone="+15558675310")

    found = lookup(id_type, value)

    assert found.status_code == 200
    assert found.json() == {
        "normalizedValue": {"email": "ada@example.com", "phone": "+15558675310"}[
            id_type
        ],
        "profiles": [path.rpartition("/")[2]],
    }


def test_lookup_nobody_is_an_empty_list(lookup):
    found = lookup("email", "nobody@example.com")

    assert found.status_code == 200
    assert found.json() == {"normalizedValue": "nobody@example.com", "profiles": []}


def test_lookup_identifier_is_not_found_by_another_type(lookup, profile):
    assert lookup("chat", "a@b.com").json()["profiles"] == []


def test_lookup_value_that_is_no_longer_the_trait_still_finds(api, lookup, profile):
    api("PATCH", profile, {"traits": {"Contact": {"email": "new@b.com"}}})

    assert len(lookup("email", "a@b.com").json()["profiles"]) == 1
    assert len(lookup("email", "new@b.com").json()["profiles"]) == 1


@pytest.mark.parametrize(
    ("id_type", "value", "field"),
    [
        ("badge", "5", "idType"),
        ("EMAIL", "a@b.com", "idType"),
        ("e", "a@b.com", "idType"),
        ("e" * 31, "a@b.com", "idType"),
        ("email", "", "value"),
        ("email", " \t ", "value"),
        ("email", "e" * 256, "value"),
        ("email", "ß" * 200, "value"),
        ("phone", "not a number", "value"),
        ("phone", "555-0143", "value"),
        ("phone", "0000000000", "value"),
        ("phone", "1111111111", "value"),
        ("email", "N/A", "value"),
        ("email", "@b.com", "value"),
        ("phone", "12", "value"),
        ("phone", 5558675310, "value"),
        (5, "a@b.com", "idType"),
        ("email", None, "value: required"),
        (None, "a@b.com", "idType: required"),
    ],
)
def test_lookup_what_cannot_be_looked_up_is_refused(lookup, id_type, value, field):
    answer = lookup(id_type, value)

    assert answer.status_code == 400
    assert field in answer.json()["message"]


def test_lookup_body_is_strict(api, store):
    body = {"idType": "email", "value": "a@b.com", "limit": 5}

    answer = api("POST", f"/v1/Stores/{store}/Profiles/Lookup", body)

    assert_refused(answer, 400, 520046, "limit: unknown field")


def test_lookup_value_that_may_be_shared_finds_everybody(
    api, store, lookup, make_profile
):
    settings = IdentitySettings.objects.get()
    for config in settings.identifier_configs:
        config["enforceUnique"] = config["idType"] != "whatsapp"
    settings.matching_rules = ["email"]
    settings.save()
    paths = [make_profile(f"{n}@b.com") for n in range(3)]

    for path in paths:
        body = {"idType": "whatsapp", "value": "family"}
        assert api("POST", f"{path}/Identifiers", body).status_code == 202

    found = lookup("whatsapp", " family ").json()["profiles"]
    assert found == [path.rpartition("/")[2] for path in paths]
    assert Identifier.objects.filter(exclusive=False).count() == 3
