"""Contract 16.1 and 16.2: profiles, whose groups nobody declares."""

import pytest

from console.service.memory.models import Profile, TraitGroup
from tests.service.conftest import CONTROL, NOBODY, assert_refused
from tests.service.memory.api.v1_services.conftest import as_current

CONTACT = {"email": "a@b.com"}


@pytest.fixture
def groups(api, service):
    """Answers the store's trait groups by name: each trait's type."""

    def read() -> dict[str, dict[str, str]]:
        path = f"{CONTROL}/{service.rpartition('/')[2]}/TraitGroups"
        listed = api.get(path, includeTraits="true").json()["traitGroups"]
        return {
            group["displayName"]: {
                name: trait["dataType"] for name, trait in group["traits"].items()
            }
            for group in listed
        }

    return read


def test_create_profile_declares_a_trait_and_its_type_by_the_first_value(
    api, service, groups
):
    traits = {
        "Contact": CONTACT | {"nickname": "Al"},
        "Account": {"accountNumber": "A-1", "tier": 2, "share": 0.5, "vip": True},
        "Support": {"cases": ["c1", "c2"], "lastIssueType": None},
    }

    made = api("POST", f"{service}/Profiles", {"traits": traits})

    assert made.status_code == 202
    declared = groups()
    assert declared["Contact"]["nickname"] == "STRING"
    assert declared["Account"] == {
        "accountNumber": "STRING",
        "tier": "NUMBER",
        "share": "NUMBER",
        "vip": "BOOLEAN",
    }
    assert declared["Support"] == {"cases": "ARRAY"}
    kept = api.get(f"{service}/Profiles/{made.json()['id']}").json()["traits"]
    assert kept["Account"] == traits["Account"]
    assert kept["Support"] == {"cases": ["c1", "c2"]}


def test_v1_profile_type_once_declared_holds(api, service, groups):
    people = f"{service}/Profiles"
    api("POST", people, {"traits": {"Contact": CONTACT, "Account": {"tier": 2}}})

    other = {"traits": {"Contact": CONTACT, "Account": {"tier": "gold"}}}
    answer = api("POST", people, other)

    assert_refused(answer, 400, 400, "traits.Account.tier")
    assert groups()["Account"] == {"tier": "NUMBER"}


def test_v1_profile_two_spellings_of_a_name_are_one_trait(api, service, groups):
    people = f"{service}/Profiles"
    for name in ("account_number", "accountNumber"):
        traits = {"Contact": CONTACT, "Account": {name: "A-1"}}
        assert api("POST", people, {"traits": traits}).status_code == 202

    assert groups()["Account"] == {"accountNumber": "STRING"}
    for group in ("Account", "Contact", "New"):
        twice = {"given_name": "Ada", "givenName": "Ada"}
        traits = {"Contact": CONTACT} | {group: twice | CONTACT}
        answer = api("POST", people, {"traits": traits})
        assert_refused(answer, 400, 400, "duplicate trait")


def test_v1_profile_groups_are_told_apart_by_case(api, service, groups):
    traits = {"Contact": CONTACT, "Account": {"tier": 2}, "account": {"tier": "gold"}}

    answer = api("POST", f"{service}/Profiles", {"traits": traits})

    assert answer.status_code == 202
    assert groups()["Account"] != groups()["account"]


def test_patch_profile_declares_as_well_and_null_still_removes(api, person, groups):
    api("PATCH", person, {"traits": {"Account": {"tier": "gold", "region": "EU"}}})

    answer = api("PATCH", person, {"traits": {"Account": {"tier": None, "vip": False}}})

    assert answer.status_code == 202
    assert groups()["Account"] == {
        "tier": "STRING",
        "region": "STRING",
        "vip": "BOOLEAN",
    }
    kept = api.get(person).json()["traits"]["Account"]
    assert kept == {"region": "EU", "vip": False}


def test_v1_profile_group_that_lost_its_nulls_on_the_way_is_no_trouble(api, person):
    answer = api("PATCH", person, {"traits": {"Account": {}}})

    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({"Account": {"tier": "gold"}}, "identifier"),
        ({"Contact": {"phone": "x"}, "Account": {"tier": 1}}, "Contact.phone"),
        ({"Contact": CONTACT, "Account": {"deep": {"er": 1}}}, "Account.deep"),
        ({"Contact": CONTACT, "Account": {"list": [[1]]}}, "Account.list"),
        ({"Contact": CONTACT, "Account": {"4": 1}}, "trait name"),
        ({"Contact": CONTACT, "two words": {"tier": 1}}, "two words"),
        ({"Contact": CONTACT, "": {"tier": 1}}, "traits."),
        ({"Contact": CONTACT, "g" * 65: {"tier": 1}}, "gggg"),
        ({"Contact": CONTACT, "Account": "gold"}, "traits"),
    ],
)
def test_v1_profile_what_is_refused_declares_nothing(api, service, traits, words):
    answer = api("POST", f"{service}/Profiles", {"traits": traits})

    assert answer.status_code == 400
    assert words in answer.json()["message"]
    assert [group.display_name for group in TraitGroup.objects.all()] == ["Contact"]
    assert not Profile.objects.exists()


def test_v1_profile_patch_of_nobody_declares_nothing(api, service):
    path = f"{service}/Profiles/{NOBODY}"

    answer = api("PATCH", path, {"traits": {"Account": {"tier": 1}}})

    assert_refused(answer, 404, 20404)
    assert TraitGroup.objects.count() == 1


def test_v1_profile_store_declares_no_more_groups_than_it_may_have(api, person):
    for first in (0, 25):
        many = {f"Group{first + n}": {"tier": 1} for n in range(25)}
        answer = api("PATCH", person, {"traits": many})

    assert_refused(answer, 400, 520053, "50")
    assert TraitGroup.objects.count() == 26


def test_v1_profile_group_declares_no_more_traits_than_it_may_have(api, person, groups):
    fits = {f"trait{n}": n for n in range(95)}

    answer = api("PATCH", person, {"traits": {"Account": fits}})
    one_more = api("PATCH", person, {"traits": {"Account": {"straw": 1}}})
    other = api("PATCH", person, {"traits": {"Other": fits | {"straw": 1}}})

    assert answer.status_code == 202
    assert_refused(one_more, 400, 520054, "95")
    assert_refused(other, 400, 520054, "95")
    assert len(groups()["Account"]) == 95


def test_v1_profile_write_of_what_is_known_leaves_the_groups_as_they_are(api, person):
    body = {"traits": {"Account": {"tier": "gold"}}}
    for _ in range(3):
        api("PATCH", person, body)

    assert TraitGroup.objects.get(display_name="Account").version == 1


def test_v1_profile_current_dialect_still_wants_its_groups_declared(
    api, service, person
):
    traits = {"traits": {"Contact": CONTACT, "Account": {"tier": "gold"}}}

    refused = api("POST", as_current(f"{service}/Profiles"), traits)
    api("PATCH", person, {"traits": {"Account": {"tier": "gold"}}})
    taken = api("POST", as_current(f"{service}/Profiles"), traits)

    assert_refused(refused, 400, 400, "traits.Account")
    assert taken.status_code == 202


def test_lookup_profiles_answers_with_objects_here_and_ids_there(api, service, person):
    question = {"idType": "email", "value": " A@B.com "}

    older = api("POST", f"{service}/Profiles/Lookup", question).json()
    current = api("POST", as_current(f"{service}/Profiles/Lookup"), question).json()

    id_ = person.rpartition("/")[2]
    assert older == {"normalizedValue": "a@b.com", "profiles": [{"id": id_}]}
    assert current == {"normalizedValue": "a@b.com", "profiles": [id_]}
