"""Strangers never become one profile, and one person is never two. Contract 12.4."""

import pytest

from console.service.memory.models import Identifier, Profile, Trait
from tests.service.conftest import assert_refused

KEPT = "kept as a trait, not as an identifier"


@pytest.fixture
def post(api, store):
    def create(**contact: object):
        body = {"traits": {"Contact": contact}}
        return api("POST", f"/v1/Stores/{store}/Profiles", body)

    return create


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("n/a", "N/A"),
        ("none@none.com", "None@none.com"),
        ("-", "-"),
        ("keine Angabe", "keine Angabe"),
        ("@example.com", "@example.com"),
        ("noreply@shop.example", "noreply@shop.example"),
    ],
)
def test_create_profile_keeps_what_names_nobody_as_a_trait(post, one, other):
    first = post(firstName="Maria", email=one, phone="+12025550143")
    second = post(firstName="John", email=other, phone="+12025550144")

    assert first.status_code == second.status_code == 202
    assert first.json()["id"] != second.json()["id"]
    assert first.json()["message"].startswith("accepted; traits.Contact.email: ")
    assert first.json()["message"].endswith(KEPT)
    assert set(Trait.objects.filter(name="email").values_list("value", flat=True)) == {
        one,
        other,
    }
    assert set(Identifier.objects.values_list("id_type", flat=True)) == {"phone"}


@pytest.mark.parametrize("phone", ["555-0143", "0000000000", "1111111111", "n/a"])
def test_create_profile_needs_a_value_that_names_somebody(post, phone):
    answer = post(firstName="Maria", phone=phone)

    assert_refused(answer, 400, 400, "traits.Contact.phone: ")
    assert not Profile.objects.exists()


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("email", "info@stra\u00dfe.example", "info@strasse.example"),
        ("email", "ada@b.com", "ada+x@b.com"),
        ("phone", "+47 22 33 44 55", "+1 472 233 4455"),
        ("phone", "+1 202 555 0143", "+1 202 555 0144"),
    ],
)
def test_create_profile_makes_two_of_two(post, name, one, other):
    assert post(**{name: one}).json()["id"] != post(**{name: other}).json()["id"]


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("email", "jose\u0301@example.com", "jos\u00e9@example.com"),
        ("email", "kim@example.com\u200b", "kim@example.com"),
        ("email", "Kim Lee <KIM@example.com>", "mailto:kim@example.com"),
        ("phone", "0044 20 7946 0958", "+44 (0)20 7946 0958"),
        ("phone", "+52 1 55 1234 5678", "+525512345678"),
        ("phone", "3125550123.0", "(312) 555-0123"),
    ],
)
def test_create_profile_makes_one_of_one(post, name, one, other):
    assert post(**{name: one}).json()["id"] == post(**{name: other}).json()["id"]


@pytest.mark.parametrize(
    "value", ["+5215512345678", "WhatsApp:+52 55 1234 5678", "whatsapp:+525512345678"]
)
def test_lookup_compares_whatsapp_without_its_prefix(api, store, profile, value):
    number = {"idType": "whatsapp", "value": "whatsapp:+525512345678"}
    api("POST", f"{profile}/Identifiers", number)

    body = number | {"value": value}
    found = api("POST", f"/v1/Stores/{store}/Profiles/Lookup", body).json()

    assert found["normalizedValue"] == number["value"]
    assert found["profiles"] == [profile.rpartition("/")[2]]


def test_patch_profile_says_what_names_nobody(api, profile):
    answer = api("PATCH", profile, {"traits": {"Contact": {"phone": "n/a"}}})

    assert answer.status_code == 202
    assert answer.json()["message"] == (
        f"accepted; traits.Contact.phone: a placeholder, which names nobody; {KEPT}"
    )
    assert api.get(profile).json()["traits"]["Contact"]["phone"] == "n/a"
    assert not Identifier.objects.filter(id_type="phone").exists()


def test_bulk_says_which_values_name_nobody(api, store):
    people = [
        {"email": "a@x.example", "phone": "0000000000"},
        {"email": "b@x.example", "phone": "+12025550143"},
        {"email": "c@x.example", "phone": "0000000000"},
    ]
    body = {"profiles": [{"traits": {"Contact": contact}} for contact in people]}

    told = api("PUT", f"/v1/Stores/{store}/Profiles/Bulk", body).json()

    operation = api.get(told["statusUrl"]).json()
    assert operation["status"] == "COMPLETED"
    assert operation["refusedCount"] == 2
    assert operation["refusals"][0] == {
        "item": 0,
        "field": "traits.Contact.phone",
        "reason": f"a placeholder, which names nobody; {KEPT}",
        "stored": True,
    }
    assert Profile.objects.count() == 3
