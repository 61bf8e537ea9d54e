"""What was erased is not learned again, by no door, until a person lifts that."""

from types import SimpleNamespace

import pytest

from console.service.memory import suppression
from console.service.memory.models import Identifier, Profile, Suppression
from tests.service.conftest import assert_refused
from tests.service.csv_files import read_file, upload_file

PHONE, EMAIL = "+15558675310", "ada@b.com"
WHY = "erased; not learned again until a privacy officer lifts that"


@pytest.fixture
def people(store) -> str:
    return f"/v1/Stores/{store}/Profiles"


@pytest.fixture
def path(store) -> str:
    return f"/v1/Stores/{store}/Suppressions"


@pytest.fixture
def other(make_profile) -> str:
    return make_profile("bob@b.com")


@pytest.fixture
def erased(api, make_profile) -> str:
    """The path that the profile had."""
    gone = make_profile(EMAIL, phone=PHONE)
    assert api("DELETE", f"{gone}?suppress=true").status_code == 202
    return gone


def give(**contact: str) -> dict:
    return {"traits": {"Contact": contact}}


def test_delete_profile_suppresses_nothing_unless_it_is_asked_to(api, make_profile):
    api("DELETE", make_profile(EMAIL))

    assert not Suppression.objects.exists()
    make_profile(EMAIL)


def test_suppression_refuses_the_write_and_names_the_field(api, people, erased, other):
    told = [
        (api("POST", people, give(email=" ADA@b.com")), "traits.Contact.email"),
        (api("PATCH", other, give(email=EMAIL)), "traits.Contact.email"),
        (
            api("POST", f"{other}/Identifiers", {"idType": "email", "value": EMAIL}),
            "value",
        ),
        (
            api(
                "PATCH",
                f"{other}/Identifiers/email",
                {"idType": "email", "oldValue": "bob@b.com", "newValue": EMAIL},
            ),
            "newValue",
        ),
        (
            api(
                "POST",
                f"{other}/Identifiers",
                {"idType": "whatsapp", "value": f"whatsapp:{PHONE}"},
            ),
            "value",
        ),
    ]

    for answer, field in told:
        assert_refused(answer, 409, 20409, f"{field}: {WHY}")
        assert EMAIL not in answer.text.lower()
    assert Profile.objects.count() == 1
    assert Identifier.objects.get().value == "bob@b.com"


def test_suppression_skips_its_item_of_a_bulk_and_counts_it(api, people, path, erased):
    items = [give(email=each) for each in ("new@b.com", EMAIL, "newer@b.com")]
    told = api("PUT", f"{people}/Bulk", {"profiles": items}).json()

    assert told["refusals"] == [
        {"item": 1, "field": "traits.Contact.email", "reason": WHY, "stored": False}
    ]
    assert Profile.objects.count() == 2
    listed = {each["idType"]: each for each in api.get(path).json()["suppressions"]}
    assert listed["email"]["refused"] == 1
    assert listed["phone"]["refused"] == 0
    assert listed["phone"]["refusedAt"] is None


def test_suppression_is_a_row_error_of_an_import(api, store, erased):
    told = upload_file(api, store, f"Mail,First\nnew@b.com,Eve\n{EMAIL},Ada\n")
    found, outcome = read_file(api, store, told)

    assert Profile.objects.count() == 1
    [refusal] = outcome["refusals"]
    assert refusal["item"] == 3
    assert refusal["reason"] == WHY
    assert not refusal["stored"]
    assert EMAIL not in str((found, outcome))
    assert Suppression.objects.get(id_type="email").refused == 1


def test_delete_suppression_lets_its_value_be_learned(
    api, people, path, erased, make_store
):
    [id_] = Suppression.objects.filter(id_type="email").values_list("id", flat=True)
    foreign = path.replace(path.split("/")[3], make_store("client-2"))

    assert api("DELETE", f"{foreign}/{id_}").status_code == 404
    assert api("DELETE", f"{path}/{id_}").status_code == 202
    assert api("DELETE", f"{path}/{id_}").status_code == 404
    assert api("POST", people, give(email=EMAIL)).status_code == 202
    assert api("POST", people, give(phone=PHONE)).status_code == 409


def test_list_suppressions_gives_no_value_and_keeps_none(api, path, erased):
    listed = api.get(path).json()["suppressions"]
    kept = [str(vars(row)) for row in Suppression.objects.all()]

    assert len(listed) == len(kept) == 2
    assert not any(EMAIL in row or PHONE[1:] in row for row in [*kept, str(listed)])


def test_find_erased_asks_nothing_about_nothing(
    store, erased, django_assert_num_queries
):
    with django_assert_num_queries(0, using="memory"):
        found = suppression.find_erased(SimpleNamespace(id=store), [])

    assert found == set()


def test_find_erased_finds_the_same_among_few_and_among_many(store, erased):
    gone = {("email", EMAIL), ("phone", PHONE)}
    asked = [("email", f"new{number}@b.com") for number in range(30)]

    found = [
        suppression.find_erased(SimpleNamespace(id=store), keys)
        for keys in ([*gone, *asked], [*gone], [])
    ]

    assert found == [gone, gone, set()]
