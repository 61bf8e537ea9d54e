"""Contract 11.1 and section 12."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console.contract.times import from_wire
from console.service.memory.models import (
    Identifier,
    Observation,
    ObservationRevision,
    Profile,
    Summary,
    Trait,
)
from console.service.memory.queries import change_version
from tests.service.conftest import NOBODY, assert_refused

UNDER_A_PROFILE = (Identifier, Observation, ObservationRevision, Summary, Trait)


@pytest.fixture
def profiles(store) -> str:
    return f"/v1/Stores/{store}/Profiles"


def test_create_profile_gives_the_id_at_once(api, profiles):
    traits = {"Contact": {"email": "A@b.com", "firstName": "Ada"}}

    answer = api("POST", profiles, {"traits": traits})

    assert answer.status_code == 202
    assert answer.json().keys() == {"id", "message"}
    shown = api.get(f"{profiles}/{answer.json()['id']}").json()
    assert shown.keys() == {"id", "createdAt", "traits"}
    assert shown["traits"] == traits
    assert shown["createdAt"].endswith("Z")
    assert len(shown["createdAt"]) == len("2026-01-05T09:00:00Z")


@pytest.mark.parametrize(
    "traits",
    [
        {"email": " A @B.com"},
        {"email": "new@b.com", "phone": "+1 (555) 867-5310"},
        {"phone": "555.867.5310"},
    ],
)
def test_profile_same_person_is_the_same_profile(api, profiles, make_profile, traits):
    known = make_profile("a@b.com", phone="+15558675310")

    answer = api("POST", profiles, {"traits": {"Contact": traits}})

    assert answer.json()["id"] == known.rpartition("/")[2]
    assert Profile.objects.count() == 1


def test_profile_another_person_is_another_profile(make_profile):
    assert make_profile("a@b.com") != make_profile("b@b.com")


def test_profile_creating_again_adds_traits_and_identifiers(
    api, profiles, make_profile
):
    known = make_profile("a@b.com", firstName="Ada")

    make_profile("a@b.com", phone="+15558675310", lastName="Lovelace")

    assert api.get(known).json()["traits"]["Contact"] == {
        "email": "a@b.com",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "phone": "+15558675310",
    }
    assert Identifier.objects.count() == 2


def test_profile_changed_identifier_keeps_the_one_before(api, profile):
    api("PATCH", profile, {"traits": {"Contact": {"email": "new@b.com"}}})

    held = api.get(f"{profile}/Identifiers").json()["identifiers"]
    assert held == [{"idType": "email", "values": ["a@b.com", "new@b.com"]}]
    assert api.get(profile).json()["traits"]["Contact"]["email"] == "new@b.com"


def test_profile_promoted_trait_of_an_own_group_is_an_identifier(
    api, store, profiles, declare
):
    declare("Web", chatName={"dataType": "STRING", "idTypePromotion": "chat"})

    made = api("POST", profiles, {"traits": {"Web": {"chat_name": " ada "}}}).json()

    found = api("POST", f"{profiles}/Lookup", {"idType": "chat", "value": "ada"})
    assert found.json() == {"normalizedValue": "ada", "profiles": [made["id"]]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"traits": None},
        {"traits": {}},
        {"traits": {"Contact": None}},
        {"traits": {"Contact": {}}},
        {"traits": {"Contact": {"firstName": "Ada"}}},
        {"traits": {"Contact": {"firstName": "Ada", "email": None}}},
    ],
)
def test_create_profile_needs_an_identifier(api, profiles, body):
    answer = api("POST", profiles, body)

    assert_refused(answer, 400, 400, "at least one trait that is an identifier")
    assert not Profile.objects.exists()


@pytest.mark.parametrize(
    ("traits", "field"),
    [
        ({"Contact": {"email": "a@b.com"}, "Vip": {"x": 1}}, "traits.Vip"),
        ({"Contact": {"email": "a@b.com", "shoe": 43}}, "traits.Contact.shoe"),
        ({"Contact": {"email": 5}}, "traits.Contact.email"),
        ({"Contact": {"email": "  "}}, "traits.Contact.email"),
        ({"Contact": {"phone": "no number"}}, "traits.Contact.phone"),
        ({"Contact": {"phone": ""}}, "traits.Contact.phone"),
        ({"Contact": {"email": "e" * 256}}, "traits.Contact.email"),
        ({"Contact": {"email": "ß" * 200}}, "traits.Contact.email"),
        ({"Contact": "a@b.com"}, "traits"),
        ([], "traits"),
        ({"x" * 2000: {}}, "unknown trait group"),
        ({f"G{n}": {} for n in range(51)}, "traits"),
        ({"Contact": {f"t{n}": "x" for n in range(100)}}, "traits"),
    ],
)
def test_create_profile_refuses_what_does_not_fit(api, profiles, traits, field):
    answer = api("POST", profiles, {"traits": traits})

    assert answer.status_code == 400
    assert field in answer.json()["message"]
    assert not Profile.objects.exists()
    assert not Identifier.objects.exists()


def test_profile_groups_are_matched_without_case(api, profiles):
    created = api("POST", profiles, {"traits": {"contact": {"email": "a@b.com"}}})
    path = f"{profiles}/{created.json()['id']}"
    api("PATCH", path, {"traits": {"CONTACT": {"city": "Bern"}}})
    twice = {"contact": {"city": "Bern"}, "Contact": {"city": "Rome"}}
    refused = api("PATCH", path, {"traits": twice})

    assert api.get(path).json()["traits"] == {
        "Contact": {"email": "a@b.com", "city": "Bern"}
    }
    assert_refused(refused, 400, 400, "traits.Contact.city: duplicate trait")


def test_profile_groups_that_differ_by_case_alone_are_told_apart(
    api, make_profile, declare
):
    declare("contact", city={"dataType": "STRING"})
    path = make_profile()

    api("PATCH", path, {"traits": {"contact": {"city": "Bern"}}})
    neither = api("PATCH", path, {"traits": {"CONTACT": {"city": "Rome"}}})

    assert api.get(path, traitGroups="contact").json()["traits"]["contact"] == {
        "city": "Bern"
    }
    assert neither.status_code == 400


@pytest.mark.parametrize(
    ("traits", "name"),
    [
        ({"Contact": {"nickname": "Al"}}, "Contact.nickname"),
        ({"contact": {"nickname": None}}, "Contact.nickname"),
        ({"Kontact": {"city": "Bern"}}, "Kontact.city"),
    ],
)
def test_patch_profile_names_a_trait_that_is_not_declared(
    api, make_profile, traits, name
):
    answer = api("PATCH", make_profile(), {"traits": traits})

    assert_refused(answer, 400, 400, f"Trait not registered for this service: {name}")


@pytest.mark.parametrize(
    ("traits", "message"),
    [
        ({"Kontact": {}}, "traits.Kontact: unknown trait group, did you mean Contact?"),
        (
            {"Contact": {"fristName": "Al"}},
            "traits.Contact.fristName: unknown trait, did you mean firstName?",
        ),
    ],
)
def test_create_profile_suggests_what_was_meant(api, profiles, traits, message):
    assert_refused(api("POST", profiles, {"traits": traits}), 400, 400, message)


def test_profile_two_spellings_of_one_trait_are_refused(api, profiles):
    traits = {"Contact": {"email": "a@b.com", "firstName": "A", "first_name": "B"}}

    answer = api("POST", profiles, {"traits": traits})

    assert_refused(answer, 400, 400, "traits.Contact.firstName: duplicate")


def test_profile_body_is_strict(api, profiles, profile):
    body = {"traits": {"Contact": {"email": "a@b.com"}}, "id": NOBODY}

    for answer in (api("POST", profiles, body), api("PATCH", profile, body)):
        assert_refused(answer, 400, 520046, "id: unknown field")


def test_profile_nothing_of_a_new_profile_stays_after_a_refusal(api, profiles):
    traits = {"Contact": {"email": "b@b.com", "phone": ["nobody's"]}}

    answer = api("POST", profiles, {"traits": traits})

    assert_refused(answer, 400, 400, "traits.Contact.phone")
    assert not Profile.objects.exists()
    assert not Trait.objects.exists()


def test_patch_profile_adds_overwrites_and_removes(api, make_profile):
    path = make_profile(firstName="Ada", lastName="Byron", city="London")
    changes = {"lastName": "Lovelace", "country": "UK", "city": None, "dob": None}

    answer = api("PATCH", path, {"traits": {"Contact": changes}})

    assert answer.status_code == 202
    assert answer.json().keys() == {"message"}
    assert api.get(path).json()["traits"]["Contact"] == {
        "country": "UK",
        "email": "a@b.com",
        "firstName": "Ada",
        "lastName": "Lovelace",
    }


def test_profile_removed_trait_leaves_its_identifier(api, store, profile):
    api("PATCH", profile, {"traits": {"Contact": {"email": None}}})

    assert api.get(profile).json()["traits"] == {}
    assert api.get(f"{profile}/Identifiers/email").json()["values"] == ["a@b.com"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"traits": None},
        {"traits": {}},
        {"traits": {"Contact": {}}},
        {"traits": {"Contact": None}},
    ],
)
def test_profile_empty_patch_changes_nothing(api, profile, body):
    before = api.get(profile).json()

    assert api("PATCH", profile, body).status_code == 202
    assert api.get(profile).json() == before


def test_fetch_profile_keeps_to_the_groups_asked_for(api, make_profile, declare):
    declare("Account", tier={"dataType": "STRING"})
    path = make_profile()
    api("PATCH", path, {"traits": {"Account": {"tier": "gold"}}})

    def shown(groups: str) -> set[str]:
        return set(api.get(path, traitGroups=groups).json()["traits"])

    assert shown("Account") == {"Account"}
    assert shown("Account, Contact,Unknown") == {"Account", "Contact"}
    assert shown("Unknown") == set()
    assert shown("contact") == {"Contact"}
    assert_refused(api.get(path, traitGroups="g" * 257), 400, 400, "traitGroups")


def test_delete_profile_takes_everything_under_the_profile(
    api, make_profile, profile, observe, summarise
):
    neighbour = make_profile("neighbour@b.com", firstName="Eve")
    observe("stays", path=neighbour)
    [seen] = observe("goes")
    api("PATCH", f"{profile}/Observations/{seen['id']}", {"content": "goes too"})
    summarise("goes as well")
    kept = api.get(neighbour).json()

    answer = api("DELETE", profile)

    assert answer.status_code == 202
    assert answer.json().keys() == {"message"}
    gone = profile.rpartition("/")[2]
    assert [m.objects.filter(profile_id=gone).count() for m in UNDER_A_PROFILE] == (
        [0] * 5
    )
    assert Observation.objects.count() == 1
    assert api.get(neighbour).json() == kept
    for method in ("GET", "PATCH", "DELETE"):
        assert_refused(api(method, profile), 404, 20404)


def test_profile_deleted_person_who_comes_back_is_new(make_profile, api):
    before = make_profile()
    api("DELETE", before)

    after = make_profile()

    assert after != before
    assert api.get(f"{after}/Observations").json()["observations"] == []


def test_profile_deleting_takes_no_fields(api, profile):
    assert_refused(api("DELETE", profile, {"reason": "x"}), 400, 520046, "reason")
    for body in (b'["x"]', b"[]", b"0", b"false", b"null", b'""'):
        answer = api.send("DELETE", profile, body)
        assert_refused(answer, 400, 520046, "body: a deletion takes none")
    assert Profile.objects.count() == 1


def test_profile_malformed_id_and_an_unknown_one(api, profiles):
    for method in ("GET", "PATCH", "DELETE"):
        assert_refused(api(method, f"{profiles}/x"), 400, 400, "profileId")
        assert_refused(api(method, f"{profiles}/{NOBODY}"), 404, 20404)


def test_list_profiles_sorts_by_creation(make_profile):
    ids = [make_profile(f"{n}@b.com").rpartition("/")[2] for n in range(20)]

    assert ids == sorted(ids)


@pytest.fixture
def list_ids(api, store):
    def ask(**query: str) -> list[str]:
        answer = api.get(f"/v1/Stores/{store}/Profiles", **query)
        assert answer.status_code == 200, answer.json()
        return answer.json()["profiles"]

    return ask


def set_updates(*paths: str) -> list[str]:
    """A minute apart, the first one first; answers their ids."""
    ids = [path.rpartition("/")[2] for path in paths]
    start = timezone.now() - timedelta(hours=1)
    for number, id_ in enumerate(ids):
        at = start + timedelta(minutes=number)
        Profile.objects.filter(id=id_).update(updated_at=at)
    return ids


def test_list_profiles_by_when_they_were_written(api, make_profile, list_ids):
    paths = [make_profile(f"e{n}@b.com") for n in range(3)]
    one, two, three = set_updates(*paths)
    assert list_ids(orderBy="updatedAt") == [three, two, one]
    assert list_ids(orderBy="updatedAt ASC") == [one, two, three]

    api("PATCH", paths[0], {"traits": {"Contact": {"city": "Bern"}}})

    assert list_ids(orderBy="updatedAt") == [one, three, two]


def test_list_profiles_by_update_pages_by_key(api, store, make_profile, list_ids):
    ids = set_updates(*(make_profile(f"e{n}@b.com") for n in range(3)))
    path = f"/v1/Stores/{store}/Profiles"

    first = api.get(path, orderBy="updatedAt ASC", pageSize="2").json()
    rest = api.get(path, pageToken=first["meta"]["nextToken"]).json()

    assert first["meta"]["orderBy"] == "updatedAt ASC"
    assert first["profiles"] + rest["profiles"] == ids


def test_an_observation_is_an_update_and_its_vector_is_none(
    profile, make_profile, list_ids, observe
):
    paths = [profile, make_profile("c@b.com")]
    one, other = set_updates(*paths)

    observe("likes tea", path=paths[0])
    assert list_ids(orderBy="updatedAt") == [one, other]
    set_updates(*paths)
    change_version(Profile.objects.get(id=one).store_id, one)

    assert list_ids(orderBy="updatedAt") == [other, one]


def test_list_profiles_filters_by_identifier_and_update(api, make_profile, list_ids):
    paths = [make_profile("a@b.com", phone="+14155550100"), make_profile("c@b.com")]
    one, other = set_updates(*paths)
    since = Profile.objects.get(id=other).updated_at.isoformat()

    assert list_ids(idType="phone") == [one]
    assert list_ids(updatedSince=since, idType="email") == [other]


def test_list_profiles_tells_activity_to_who_asks(
    api, store, profile, observe, summarise
):
    observe("likes tea", "likes milk")
    summarise("asked for a refund")
    path = f"/v1/Stores/{store}/Profiles"

    told = api.get(path, includeActivity="true").json()

    assert "activity" not in api.get(path).json()
    [activity] = told["activity"]
    assert [activity["id"]] == told["profiles"]
    assert (activity["observations"], activity["summaries"]) == (2, 1)
    assert from_wire(activity["updatedAt"]) <= timezone.now()


def test_list_profiles_refuses_a_time_that_is_none(api, store):
    answer = api.get(f"/v1/Stores/{store}/Profiles", updatedSince="yesterday")

    assert answer.status_code == 400
    assert "updatedSince" in answer.json()["message"]
