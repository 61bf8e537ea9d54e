"""A profile that became part of another (contract, section 7)."""

import httpx
import pytest

from console.client.errors import MemoryMoved, MemoryUnexpected
from tests.client.conftest import (
    CANONICAL,
    OBSERVATION,
    OBSERVATION_BODY,
    ORIGIN,
    PROFILE,
    PROFILE_BODY,
    PROFILE_PATH,
    PROFILES_PATH,
    Memory,
    accepted,
    paged,
)

CANONICAL_PATH = f"{PROFILES_PATH}/{CANONICAL}"
CANONICAL_BODY = PROFILE_BODY | {"id": CANONICAL}


def moved(location: str, status: int = 308, **headers: str) -> httpx.Response:
    body = {"message": "moved", "uri": location}
    return httpx.Response(status, json=body, headers={"Location": location} | headers)


@pytest.mark.parametrize("status", [301, 308])
def test_a_read_follows_and_shows_the_merge(status):
    memory = Memory(moved(ORIGIN + CANONICAL_PATH, status), CANONICAL_BODY)

    profile = memory.store.fetch_profile(PROFILE)

    assert profile.id == CANONICAL
    assert profile.id == CANONICAL
    assert memory.sent == [f"GET {PROFILE_PATH}", f"GET {CANONICAL_PATH}"]


def test_a_list_keeps_its_query_on_the_way():
    memory = Memory(
        moved(f"{ORIGIN}{CANONICAL_PATH}/Observations"),
        paged("observations", OBSERVATION_BODY),
    )

    page = memory.store.list_observations(PROFILE, source="web chat")

    assert page.canonical_id == CANONICAL
    assert memory.sent[1].startswith(f"GET {CANONICAL_PATH}/Observations?")
    assert "source=web+chat" in memory.sent[1]


def test_a_write_is_repeated_with_its_body():
    memory = Memory(moved(ORIGIN + CANONICAL_PATH), accepted())

    memory.store.patch_profile(PROFILE, {"Contact": {"firstName": "Jo"}})

    assert memory.sent[1] == f"PATCH {CANONICAL_PATH}"
    assert memory.body(1) == {"traits": {"Contact": {"firstName": "Jo"}}}


def test_recall_shows_the_path_that_answered():
    answer = {
        "observations": [],
        "summaries": [],
        "communications": [],
        "meta": {"queryTime": 3},
    }
    memory = Memory(moved(f"{ORIGIN}{CANONICAL_PATH}/Recall"), answer)

    recall = memory.store.recall(PROFILE)

    assert recall.canonical_id == CANONICAL
    assert recall.exchange.path == f"{CANONICAL_PATH}/Recall"


def test_a_200_can_name_the_merged_profile_too():
    headers = {"Canonical-Profile-Id": CANONICAL}
    memory = Memory(httpx.Response(200, json=CANONICAL_BODY, headers=headers))

    profile = memory.store.fetch_profile(PROFILE)

    assert profile.id == CANONICAL


def test_a_200_that_names_the_profile_asked_for_is_no_merge():
    headers = {"Canonical-Profile-Id": PROFILE}
    memory = Memory(httpx.Response(200, json=PROFILE_BODY, headers=headers))

    profile = memory.store.fetch_profile(PROFILE)

    assert profile.id == PROFILE


def test_a_200_that_names_no_profile_id_is_refused():
    headers = {"Canonical-Profile-Id": "<script>"}
    memory = Memory(httpx.Response(200, json=PROFILE_BODY, headers=headers))

    with pytest.raises(MemoryUnexpected, match="no profile id"):
        memory.store.fetch_profile(PROFILE)


@pytest.mark.parametrize(
    "headers",
    [
        {"Location": f"{ORIGIN}{CANONICAL_PATH}/Observations/{OBSERVATION}"},
        {"Canonical-Profile-Id": CANONICAL},
    ],
)
def test_a_deletion_is_never_repeated_on_the_merged_profile(headers):
    memory = Memory(httpx.Response(308, headers=headers))

    with pytest.raises(MemoryMoved, match="Nothing was deleted") as caught:
        memory.store.delete_observation(PROFILE, OBSERVATION)

    assert caught.value.canonical_id == CANONICAL
    assert len(memory.requests) == 1


def test_a_redirect_without_a_location_is_refused():
    headers = {"Canonical-Profile-Id": CANONICAL}
    memory = Memory(httpx.Response(308, headers=headers))

    with pytest.raises(MemoryUnexpected, match="redirect"):
        memory.store.fetch_profile(PROFILE)


@pytest.mark.parametrize(
    "location",
    [
        f"https://elsewhere.example{CANONICAL_PATH}",
        f"{ORIGIN}:8443{CANONICAL_PATH}",
        f"http://memory.example{CANONICAL_PATH}",
        f"//elsewhere.example{CANONICAL_PATH}",
        f"{ORIGIN}/v1/Stores/mem_store_{'0' * 26}/Profiles/{CANONICAL}",
        f"{ORIGIN}{CANONICAL_PATH}/Recall",
        f"{ORIGIN}{PROFILE_PATH}",
        f"{ORIGIN}{PROFILES_PATH}/../{CANONICAL}",
        f"{ORIGIN}/",
        "",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_redirect_to_anywhere_else_is_refused(location, method):
    memory = Memory(moved(location))
    call = {
        "GET": lambda: memory.store.fetch_profile(PROFILE),
        "PATCH": lambda: memory.store.patch_profile(PROFILE, {}),
        "DELETE": lambda: memory.store.delete_profile(PROFILE),
    }[method]

    with pytest.raises(MemoryUnexpected, match="redirect") as caught:
        call()

    assert not caught.value.maybe_done
    assert len(memory.requests) == 1


def test_a_relative_location_in_the_same_store_is_followed():
    memory = Memory(moved(CANONICAL_PATH), CANONICAL_BODY)

    profile = memory.store.fetch_profile(PROFILE)

    assert profile.id == CANONICAL


def test_a_header_that_contradicts_the_location_is_refused():
    headers = {"Canonical-Profile-Id": PROFILE}
    memory = Memory(moved(ORIGIN + CANONICAL_PATH, **headers))

    with pytest.raises(MemoryUnexpected, match="redirect"):
        memory.store.fetch_profile(PROFILE)


def test_a_loop_of_merges_ends_after_three_hops():
    memory = Memory(
        moved(ORIGIN + CANONICAL_PATH),
        moved(ORIGIN + PROFILE_PATH),
        moved(ORIGIN + CANONICAL_PATH),
        moved(ORIGIN + PROFILE_PATH),
        moved(ORIGIN + CANONICAL_PATH),
    )

    with pytest.raises(MemoryUnexpected, match="without an end"):
        memory.store.fetch_profile(PROFILE)

    assert len(memory.requests) == 4


@pytest.mark.parametrize("status", [300, 302, 303, 304, 307])
def test_other_redirects_are_not_followed(status):
    memory = Memory(moved(ORIGIN + CANONICAL_PATH, status))

    with pytest.raises(MemoryUnexpected, match="does not follow"):
        memory.store.fetch_profile(PROFILE)


def test_a_redirect_of_something_that_is_no_profile_is_refused():
    memory = Memory(moved(f"{ORIGIN}/v1/ControlPlane/Stores/else"))

    with pytest.raises(MemoryUnexpected, match="redirect"):
        memory.account.list_stores()
