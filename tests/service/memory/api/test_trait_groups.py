"""Contract 10.3."""

import pytest

from console.service.memory.models import Trait, TraitGroup
from tests.service.conftest import CONTROL, assert_refused

STRING = {"dataType": "STRING"}


@pytest.fixture
def groups(store) -> str:
    return f"{CONTROL}/{store}/TraitGroups"


def test_create_trait_group_answers_with_an_operation_named_for_the_group(api, groups):
    body = {
        "displayName": "Account",
        "description": "Who pays",
        "traits": {"accountNumber": STRING | {"description": "digits"}},
    }

    operation = api.result(api("POST", groups, body))

    assert operation["result"]["id"] == "Account"
    fetched = api.get(operation["resultUrl"])
    assert fetched.headers["ETag"] == '"1"'
    assert fetched.json() == {
        "traitGroup": body | {"version": 1},
        "meta": {"key": "traits", "pageSize": 1},
    }


def test_trait_group_every_rule_comes_back_as_it_was_given(api, groups, declare):
    traits = {
        "code": STRING
        | {"validationRule": {"ruleType": "STRING", "pattern": "^[A-Z]+$"}},
        "age": {
            "dataType": "NUMBER",
            "validationRule": {"ruleType": "NUMBER", "min": 0, "max": 120.5},
        },
        "vip": {"dataType": "BOOLEAN", "validationRule": {"ruleType": "BOOLEAN"}},
        "tags": {
            "dataType": "ARRAY",
            "validationRule": {"ruleType": "ARRAY", "minItems": 0, "maxItems": 3},
        },
        "chatName": STRING | {"idTypePromotion": "chat"},
    }

    declare("Every", **traits)

    shown = api.get(f"{groups}/Every").json()["traitGroup"]["traits"]
    assert shown == traits
    assert isinstance(shown["age"]["validationRule"]["min"], int)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("first_name", "firstName"),
        ("First Name", "firstName"),
        ("firstName", "firstName"),
        ("FirstName", "firstName"),
        ("_tier_", "tier"),
        ("plan.level-2", "plan.level-2"),
        ("a", "a"),
    ],
)
def test_trait_names_become_lower_camel_case(api, groups, declare, given, kept):
    declare("Account", **{given: STRING})

    assert list(TraitGroup.objects.get(display_name="Account").traits) == [kept]


@pytest.mark.parametrize("name", ["", " ", "1st", "größe", "a" * 65, "a/b", "$where"])
def test_trait_group_name_that_is_none_is_refused(api, groups, name):
    body = {"displayName": "Account", "traits": {name: STRING}}

    assert_refused(api("POST", groups, body), 400, 400, "trait name")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "displayName: required"),
        ({"displayName": "a b"}, "displayName"),
        ({"displayName": "a\n"}, "displayName"),
        ({"displayName": "a" * 65}, "displayName"),
        ({"displayName": "A", "description": "d" * 1025}, "description"),
        ({"displayName": "A", "version": 3}, "version: unknown field"),
        ({"displayName": "A", "traits": []}, "traits"),
        ({"displayName": "A", "traits": {"x": {}}}, "dataType: required"),
        ({"displayName": "A", "traits": {"x": {"dataType": "DATE"}}}, "dataType"),
        ({"displayName": "A", "traits": {"x": {"dataType": ""}}}, "dataType"),
        (
            {"displayName": "A", "traits": {"x": STRING | {"type": 1}}},
            "type: unknown field",
        ),
        (
            {"displayName": "A", "traits": {"x": STRING | {"description": "d" * 1025}}},
            "description",
        ),
    ],
)
def test_create_trait_group_refuses_what_does_not_fit(api, groups, body, field):
    answer = api("POST", groups, body)

    assert answer.status_code == 400
    assert field in answer.json()["message"]
    assert not TraitGroup.objects.filter(protected=False).exists()


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        (STRING | {"idTypePromotion": "badge"}, "idTypePromotion"),
        (STRING | {"idTypePromotion": "b" * 31}, "traits"),
        ({"dataType": "ARRAY", "idTypePromotion": "email"}, "idTypePromotion"),
        ({"dataType": "BOOLEAN", "idTypePromotion": "email"}, "idTypePromotion"),
        (STRING | {"validationRule": {"ruleType": "NUMBER"}}, "ruleType"),
        (STRING | {"validationRule": {}}, "ruleType"),
        (STRING | {"validationRule": {"ruleType": "DATE"}}, "ruleType"),
        (STRING | {"validationRule": {"ruleType": "STRING", "min": 1}}, "min"),
        (
            STRING | {"validationRule": {"ruleType": "STRING", "minLength": -1}},
            "at least 0",
        ),
        (
            STRING | {"validationRule": {"ruleType": "STRING", "maxLength": 0}},
            "at least 1",
        ),
        (STRING | {"validationRule": {"ruleType": "STRING", "pattern": "("}}, "RE2"),
        (
            STRING | {"validationRule": {"ruleType": "STRING", "pattern": "(?=a)"}},
            "pattern: not a valid RE2 expression",
        ),
        (
            STRING | {"validationRule": {"ruleType": "STRING", "pattern": "a" * 1001}},
            "at most 1000",
        ),
    ],
)
def test_trait_group_definition_has_to_make_sense(api, groups, definition, field):
    body = {"displayName": "Account", "traits": {"x": definition}}

    answer = api("POST", groups, body)

    assert answer.status_code == 400
    assert field in answer.json()["message"]


def test_trait_group_two_spellings_of_one_trait_are_refused(api, groups):
    traits = {"first_name": STRING, "firstName": STRING}

    answer = api("POST", groups, {"displayName": "Account", "traits": traits})

    assert_refused(answer, 400, 400, "traits.firstName: duplicate trait")


def test_trait_group_group_holds_95_traits(api, groups, declare):
    declare("Full", **{f"t{n}": STRING for n in range(95)})

    more = {"traits": {"another": STRING}}
    assert_refused(api("PATCH", f"{groups}/Full", more), 400, 520054, "95")
    assert len(TraitGroup.objects.get(display_name="Full").traits) == 95


def test_trait_group_store_holds_50_groups(api, groups, declare):
    for number in range(49):
        declare(f"G{number}")

    answer = api("POST", groups, {"displayName": "OneMore"})

    assert_refused(answer, 400, 520053, "50")


def test_trait_group_name_that_is_taken_fails_the_operation(api, declare):
    declare("Account")

    operation = declare("Account")

    assert operation["status"] == "FAILED"
    assert operation["error"]["code"] == 520055


def test_trait_group_names_are_case_sensitive(api, groups, declare):
    declare("contact")

    assert_refused(api.get(f"{groups}/CONTACT"), 404, 520047)
    assert api.get(f"{groups}/contact").status_code == 200


def test_list_trait_groups_holds_traits_when_asked(api, groups):
    without = api.get(groups).json()["traitGroups"]
    with_traits = api.get(groups, includeTraits="true").json()["traitGroups"]

    assert "traits" not in without[0]
    assert len(with_traits[0]["traits"]) == 11


def test_fetch_trait_group_leaves_its_traits_out_when_asked(api, groups):
    answer = api.get(f"{groups}/Contact", includeTraits="false")

    assert "traits" not in answer.json()["traitGroup"]
    assert answer.json()["meta"]["key"] == "traits"
    assert answer.headers["ETag"] == '"1"'


def test_trait_group_flag_is_true_or_false(api, groups):
    for path in (groups, f"{groups}/Contact"):
        answer = api.get(path, includeTraits="yes")
        assert_refused(answer, 400, 400, "includeTraits")


def test_patch_trait_group_works_key_by_key(api, groups, declare):
    declare("Account", tier=STRING | {"description": "old"}, region=STRING)
    body = {"description": "new", "traits": {"tier": STRING, "points": STRING}}

    operation = api.result(api("PATCH", f"{groups}/Account", body))

    group = api.get(f"{groups}/Account").json()["traitGroup"]
    assert operation["result"]["id"] == "Account"
    assert group == {
        "displayName": "Account",
        "description": "new",
        "version": 2,
        "traits": {"points": STRING, "region": STRING, "tier": STRING},
    }


def test_trait_group_empty_patch_is_normal(api, groups, declare):
    declare("Account", tier=STRING)

    assert api("PATCH", f"{groups}/Account", {}).status_code == 202
    assert "tier" in api.get(f"{groups}/Account").json()["traitGroup"]["traits"]


def test_patch_trait_group_does_not_rename(api, groups, declare):
    declare("Account")

    answer = api("PATCH", f"{groups}/Account", {"displayName": "Other"})

    assert_refused(answer, 400, 520046, "displayName: unknown field")


@pytest.mark.parametrize(("etag", "status"), [('"1"', 202), ('"7"', 412)])
def test_patch_trait_group_heeds_if_match(api, groups, declare, etag, status):
    declare("Account")

    answer = api("PATCH", f"{groups}/Account", {}, headers={"If-Match": etag})

    assert answer.status_code == status
    if status == 412:
        assert_refused(answer, 412, 520043)


def test_trait_group_empty_type_takes_a_trait_from_every_profile(
    api, groups, declare, profile
):
    declare("Account", tier=STRING, region=STRING)
    traits = {"Account": {"tier": "gold", "region": "EU"}}
    api("PATCH", profile, {"traits": traits})

    api.result(
        api("PATCH", f"{groups}/Account", {"traits": {"tier": {"dataType": ""}}})
    )

    assert api.get(profile).json()["traits"]["Account"] == {"region": "EU"}


def test_a_trait_that_is_not_there_cannot_be_taken(api, groups, declare):
    declare("Account")
    body = {"traits": {"tier": {"dataType": ""}}}

    assert_refused(api("PATCH", f"{groups}/Account", body), 400, 400, "traits.tier")


def test_trait_group_built_in_group_and_its_identifiers_stay(api, groups):
    contact = f"{groups}/Contact"

    assert_refused(api("DELETE", contact), 409, 520050, "Contact")
    for definition in ({"dataType": ""}, STRING):
        body = {"traits": {"email": definition}}
        assert_refused(api("PATCH", contact, body), 400, 520050, "Contact.email")
    assert api.get(contact).json()["traitGroup"]["version"] == 1


def test_trait_group_built_in_group_takes_more_traits(api, groups, profile):
    contact = f"{groups}/Contact"

    api.result(api("PATCH", contact, {"traits": {"nickname": STRING}}))

    body = {"traits": {"Contact": {"nickname": "Al"}}}
    assert api("PATCH", profile, body).status_code == 202


def test_delete_trait_group_takes_the_group_from_every_profile(
    api, groups, declare, profile
):
    declare("Account", tier=STRING)
    api("PATCH", profile, {"traits": {"Account": {"tier": "gold"}}})

    operation = api.result(api("DELETE", f"{groups}/Account"))

    assert operation["result"]["id"] == "Account"
    assert not Trait.objects.filter(trait_group="Account").exists()
    assert "Account" not in api.get(profile).json()["traits"]
    assert_refused(api("DELETE", f"{groups}/Account"), 404, 520047)
    assert_refused(api("PATCH", f"{groups}/Account", {}), 404, 520047)
