"""Trait values and their list. Contract 11.1 and 11.2."""

from datetime import UTC, datetime

import pytest
import time_machine

from console.service.memory.models import Trait
from tests.service.conftest import assert_refused

DEFINITIONS = {
    "code": {
        "dataType": "STRING",
        "validationRule": {
            "ruleType": "STRING",
            "pattern": "^[A-Z]{2,3}$",
            "minLength": 2,
            "maxLength": 3,
        },
    },
    "short": {
        "dataType": "STRING",
        "validationRule": {"ruleType": "STRING", "minLength": 2, "maxLength": 3},
    },
    "note": {"dataType": "STRING"},
    "points": {"dataType": "NUMBER"},
    "age": {
        "dataType": "NUMBER",
        "validationRule": {"ruleType": "NUMBER", "min": 0, "max": 120},
    },
    "vip": {"dataType": "BOOLEAN"},
    "tags": {
        "dataType": "ARRAY",
        "validationRule": {"ruleType": "ARRAY", "minItems": 1, "maxItems": 3},
    },
    "any": {"dataType": "ARRAY"},
}


@pytest.fixture
def write(api, profile, declare):
    declare("Account", **DEFINITIONS)

    def patch(**traits):
        return api("PATCH", profile, {"traits": {"Account": traits}})

    return patch


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", "AB"),
        ("short", "日本語"),
        ("note", ""),
        ("note", "n" * 1024),
        ("note", "two\nlines\tand a tab"),
        ("note", "<script>alert(1)</script>{{7*7}}"),
        ("note", "=HYPERLINK(1)"),
        ("note", "e\u0301 and 𝔘"),
        ("points", 0),
        ("points", -(2**31)),
        ("points", 2**31 - 1),
        ("points", 1.5),
        ("age", 120),
        ("vip", False),
        ("tags", ["a", 1, True]),
        ("any", []),
        ("any", ["x"] * 100),
    ],
)
def test_trait_value_stays_as_it_was_written(api, profile, write, name, value):
    answer = write(**{name: value})

    assert answer.status_code == 202
    shown = api.get(profile).json()["traits"]["Account"][name]
    assert shown == value
    assert type(shown) is type(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", "abc"),
        ("code", "ABCD"),
        ("code", "AB\n"),
        ("short", "a"),
        ("short", "abcd"),
        ("note", 5),
        ("note", True),
        ("note", ["x"]),
        ("note", {"x": 1}),
        ("note", "n" * 1025),
        ("points", "5"),
        ("points", True),
        ("points", 2**31),
        ("points", -(2**31) - 1),
        ("points", [1]),
        ("age", -1),
        ("age", 120.1),
        ("vip", "true"),
        ("vip", 1),
        ("tags", "a"),
        ("tags", []),
        ("tags", ["a"] * 4),
        ("any", ["x"] * 101),
        ("any", [["nested"]]),
        ("any", [{"x": 1}]),
        ("any", ["x" * 1025]),
        ("any", [2**31]),
    ],
)
def test_trait_value_that_does_not_fit_is_refused(api, profile, write, name, value):
    answer = write(**{"vip": True, "note": "not written either"} | {name: value})

    assert_refused(answer, 400, 400, f"traits.Account.{name}")
    assert "Account" not in api.get(profile).json()["traits"]


def test_trait_refused_value_is_not_repeated_in_the_message(write):
    answer = write(points="secret-of-a-customer")

    assert "points" in answer.json()["message"]
    assert "secret" not in answer.json()["message"]


def test_list_traits_is_flat_and_newest_first(api, profile, write):
    write(vip=True)
    write(note="x")

    listed = api.get(f"{profile}/Traits").json()

    assert [t["name"] for t in listed["traits"]] == ["note", "vip", "email"]
    assert listed["traits"][0].keys() == {"name", "traitGroup", "value", "timestamp"}
    assert listed["meta"] == {"key": "traits", "pageSize": 3}


def test_list_traits_keeps_to_the_groups_asked_for(api, profile, write):
    write(vip=True, note="x")

    listed = api.get(f"{profile}/Traits", traitGroups="Account,Nothing").json()

    assert {t["traitGroup"] for t in listed["traits"]} == {"Account"}
    assert len(listed["traits"]) == 2
    answer = api.get(f"{profile}/Traits", traitGroups="g" * 257)
    assert_refused(answer, 400, 400, "traitGroups")


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [(1, 1, False), (1, 2, True), (1, 1.0, True), ("x", "x", False)],
)
def test_trait_timestamp_is_that_of_the_last_change(write, before, after, moves):
    name = "note" if isinstance(before, str) else "points"
    first, later = (datetime(2026, 1, day, tzinfo=UTC) for day in (5, 6))

    with time_machine.travel(first, tick=False):
        write(**{name: before})
    with time_machine.travel(later, tick=False):
        write(**{name: after})

    assert Trait.objects.get(name=name).updated_at == (later if moves else first)


def test_trait_changed_definition_leaves_old_values(api, store, profile, write):
    write(note="x")
    path = f"/v1/ControlPlane/Stores/{store}/TraitGroups/Account"

    api("PATCH", path, {"traits": {"note": {"dataType": "NUMBER"}}})

    assert api.get(profile).json()["traits"]["Account"]["note"] == "x"
    assert_refused(write(note="y"), 400, 400, "traits.Account.note")
    assert write(note=1).status_code == 202
