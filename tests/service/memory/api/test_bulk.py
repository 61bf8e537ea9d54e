"""Many profiles in one request. Contract 11.1."""

import pytest

from console.service.memory.models import Identifier, Profile, Trait
from tests.service.conftest import assert_refused


@pytest.fixture
def path(store) -> str:
    return f"/v1/Stores/{store}/Profiles/Bulk"


def people(*emails: str, **more: str) -> dict:
    return {"profiles": [{"traits": {"Contact": {"email": e, **more}}} for e in emails]}


def test_update_profiles_in_bulk_goes_by_identity(api, path, make_profile):
    known = make_profile("a@b.com", firstName="Ada", city="London")

    answer = api("PUT", path, people(" A@b.com", "new@b.com", city="Ulm"))

    assert answer.status_code == 202
    assert Profile.objects.count() == 2
    assert api.get(known).json()["traits"]["Contact"] == {
        "city": "Ulm",
        "email": " A@b.com",
        "firstName": "Ada",
    }


def test_bulk_tells_where_to_ask_what_became_of_it(api, store, path):
    told = api("PUT", path, people("a@b.com")).json()

    assert told.keys() == {"message", "operationId", "createdAt", "statusUrl"}
    operation = api.get(told["statusUrl"]).json()
    assert operation["operationId"] == told["operationId"]
    assert operation["createdAt"] == told["createdAt"]
    assert operation["status"] == "COMPLETED"
    assert operation["result"] == {"type": "RESOURCE_ID", "id": store}
    assert len(api.get(operation["resultUrl"]).json()["profiles"]) == 1


def test_bulk_items_are_applied_in_order(api, path):
    body = people("a@b.com", firstName="Ada")
    body["profiles"] += people("a@b.com", firstName="Grace")["profiles"]

    api("PUT", path, body)

    assert Profile.objects.count() == 1
    assert Trait.objects.get(name="firstName").value == "Grace"


@pytest.mark.parametrize(
    ("traits", "place"),
    [
        ({"Contact": {"email": 5}}, "profiles[2].traits.Contact.email"),
        ({"Contact": {"email": "  "}}, "profiles[2].traits.Contact.email"),
        ({"Contact": {"email": "x@b.com", "shoe": 43}}, "profiles[2].traits.Contact"),
        ({"Vip": {"x": 1}}, "profiles[2].traits.Vip"),
        ({"Contact": {"firstName": "Ada"}}, "profiles[2].traits"),
        ({"Contact": {"email": "x@b.com", "9": "x"}}, "profiles[2].traits"),
        ({}, "profiles[2].traits"),
        (None, "profiles[2].traits"),
    ],
)
def test_bulk_skips_an_item_that_does_not_fit_and_names_it(api, path, traits, place):
    body = people("a@b.com", "b@b.com")
    body["profiles"] += [{"traits": traits}, *people("c@b.com")["profiles"]]

    told = api("PUT", path, body)

    assert told.status_code == 202
    operation = api.get(told.json()["statusUrl"]).json()
    assert operation["status"] == "FAILED"
    assert "1 of 4 profiles were skipped" in operation["error"]["detail"]
    assert place in operation["error"]["detail"]
    assert operation["refusedCount"] == 1
    [refusal] = operation["refusals"]
    assert refusal["item"] == 2
    assert place.removeprefix("profiles[2].") in refusal["field"]
    assert Profile.objects.count() == 3


def test_bulk_names_every_skipped_item_in_the_operation(api, path):
    body = people(*["a@b.com", ""] * 500)

    told = api("PUT", path, body)

    operation = api.get(told.json()["statusUrl"]).json()
    assert [each["item"] for each in operation["refusals"]] == list(range(1, 1000, 2))
    assert len(operation["error"]["detail"]) == 1024


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "profiles"),
        ({"profiles": []}, "profiles"),
        ({"profiles": {}}, "profiles"),
        ({"profiles": ["x"]}, "profiles[0]"),
        ({"profiles": [{"traits": []}]}, "profiles[0].traits"),
        ({"profiles": [{"id": "x", "traits": {}}]}, "profiles[0].id"),
        (people("a@b.com") | {"more": 1}, "more"),
        (people(*["a@b.com"] * 1001), "profiles"),
    ],
)
def test_bulk_shape_is_strict(api, path, body, words):
    answer = api("PUT", path, body)

    assert_refused(answer, 400, 520046, words)
    assert not Profile.objects.exists()


def test_bulk_item_takes_few_statements(api, path, django_assert_max_num_queries):
    body = people(*[f"{number}@b.com" for number in range(120)], city="Ulm")

    with django_assert_max_num_queries(40 * 120, using="memory"):
        answer = api("PUT", path, body)

    assert answer.status_code == 202
    assert Profile.objects.count() == Identifier.objects.count() == 120
