from datetime import UTC, datetime

import httpx
import pytest

from console.client.errors import MemoryUnexpected
from console.contract.memory.identifier import IdentifierSet, LookupResult
from tests.client.conftest import (
    CANONICAL,
    PROFILE,
    PROFILE_BODY,
    PROFILE_PATH,
    PROFILES_PATH,
    Memory,
    accepted,
    paged,
)


def test_profiles_are_listed_by_id():
    memory = Memory(paged("profiles", PROFILE, CANONICAL))

    page = memory.store.list_profiles(order="ASC")

    assert page.items == (PROFILE, CANONICAL)
    assert memory.sent == [f"GET {PROFILES_PATH}?pageSize=50&orderBy=ASC"]


def test_a_created_profile_is_its_id():
    memory = Memory(httpx.Response(202, json={"id": PROFILE, "message": "ok"}))

    profile_id = memory.store.create_profile(
        {"Contact": {"email": "jo@example.com"}}
    ).id

    assert profile_id == PROFILE
    assert memory.body() == {"traits": {"Contact": {"email": "jo@example.com"}}}


def test_a_created_profile_without_an_id_leaves_the_outcome_open():
    with pytest.raises(MemoryUnexpected, match="id") as caught:
        Memory(accepted()).store.create_profile({})

    assert caught.value.maybe_done


def test_a_profile_keeps_its_traits_but_no_nulls():
    groups = {"Contact": {"firstName": "Jo", "city": None}, "Loyalty": None}
    memory = Memory(PROFILE_BODY | {"traits": groups})

    profile = memory.store.fetch_profile(PROFILE, trait_groups=["Contact", "Loyalty"])

    assert profile.traits == {"Contact": {"firstName": "Jo"}}
    assert "Jo" not in repr(profile)
    assert memory.sent == [f"GET {PROFILE_PATH}?traitGroups=Contact%2CLoyalty"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"traits": ["x"]}, ".traits"),
        ({"traits": {"Contact": "x"}}, ".traits[...]"),
        ({"traits": {"Contact": {"a": {"b": 1}}}}, ".traits[...][...]"),
        ({"createdAt": "yesterday"}, ".createdAt"),
        ({"createdAt": "2026-01-05T09:00:00"}, ".createdAt"),
        ({"createdAt": "0001-01-01T00:00:00+14:00"}, ""),
    ],
)
def test_a_misshapen_profile_is_refused_by_its_field(body, place):
    with pytest.raises(MemoryUnexpected) as caught:
        Memory(PROFILE_BODY | body).store.fetch_profile(PROFILE)

    assert f"at “${place}”" in caught.value.message


def test_another_customers_profile_is_never_shown():
    memory = Memory(PROFILE_BODY | {"id": CANONICAL})

    with pytest.raises(MemoryUnexpected, match="something else"):
        memory.store.fetch_profile(PROFILE)


def test_a_trait_is_removed_by_none():
    memory = Memory(accepted())

    memory.store.patch_profile(PROFILE, {"Contact": {"city": None}})

    assert memory.sent == [f"PATCH {PROFILE_PATH}"]
    assert memory.body() == {"traits": {"Contact": {"city": None}}}


def test_a_profile_is_deleted():
    memory = Memory(accepted())

    memory.store.delete_profile(PROFILE)

    assert memory.sent == [f"DELETE {PROFILE_PATH}"]


def test_lookup_keeps_the_value_out_of_the_address():
    memory = Memory({"normalizedValue": "jo@example.com", "profiles": [PROFILE]})

    found = memory.store.lookup("email", "JO@example.com")

    assert found == LookupResult(normalized_value="jo@example.com", profiles=(PROFILE,))
    assert "jo@" not in repr(found)
    assert memory.sent == [f"POST {PROFILES_PATH}/Lookup"]
    assert memory.body() == {"idType": "email", "value": "JO@example.com"}


def test_lookup_of_nobody_has_no_profiles():
    memory = Memory({"normalizedValue": "jo@example.com", "profiles": []})

    assert memory.store.lookup("email", "jo@example.com").profiles == ()


def test_identifiers_are_listed_by_type():
    sets = [{"idType": "email", "values": ["a@example.com", "b@example.com"]}]
    memory = Memory({"identifiers": sets})

    identifiers = memory.store.list_identifiers(PROFILE)

    assert identifiers == (
        IdentifierSet(id_type="email", values=("a@example.com", "b@example.com")),
    )


def test_an_identifier_is_added():
    memory = Memory(accepted())

    memory.store.add_identifier(PROFILE, "email", "jo@example.com")

    assert memory.body(0) == {"idType": "email", "value": "jo@example.com"}
    assert memory.sent == [f"POST {PROFILE_PATH}/Identifiers"]


def test_traits_are_listed_flat():
    trait = {
        "name": "languages",
        "traitGroup": "Contact",
        "value": ["de", 2, True, 0.5],
        "timestamp": "2026-01-04T12:00:00+02:00",
    }
    memory = Memory(paged("traits", trait))

    page = memory.store.list_traits(PROFILE, trait_groups=["Contact"])

    assert page.items[0].value == ["de", 2, True, 0.5]
    assert page.items[0].timestamp == datetime(2026, 1, 4, 10, tzinfo=UTC)
    assert page.items[0].timestamp.tzinfo is UTC
    assert memory.sent == [
        f"GET {PROFILE_PATH}/Traits?pageSize=100&traitGroups=Contact"
    ]
