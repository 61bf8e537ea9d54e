"""MEMORY_VISIBILITY_LAG_S: acknowledged now, seen later. Contract section 6."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from console.service.memory.models import Profile
from console.service.models import Operation, PendingWrite
from tests.service.conftest import (
    CONTROL,
    NOBODY,
    a_summary,
    an_observation,
    assert_refused,
)

LAG_S = 2.0


@pytest.fixture
def profiles(store) -> str:
    return f"/v1/Stores/{store}/Profiles"


@pytest.fixture
def lagging(settings, profile):
    """From here on; what was made before can be seen."""
    settings.MEMORY_VISIBILITY_LAG_S = LAG_S


@pytest.fixture
def later():
    """The time after the lag has passed."""
    moment = timezone.now() + timedelta(seconds=LAG_S + 0.1)
    with time_machine.travel(moment, tick=True) as traveller:
        traveller.move_to(timezone.now() - timedelta(seconds=LAG_S + 0.1), tick=True)
        yield lambda: traveller.shift(timedelta(seconds=LAG_S + 0.1))


def listed(api, profile: str) -> list[str]:
    answer = api.get(f"{profile}/Observations").json()
    return [observation["content"] for observation in answer["observations"]]


def recalled(api, profile: str) -> list[str]:
    answer = api("POST", f"{profile}/Recall", {"query": "tea"}).json()
    return [observation["content"] for observation in answer["observations"]]


def test_delay_shows_an_observation_when_the_lag_has_passed(
    api, profile, lagging, later
):
    body = {"observations": [an_observation("likes tea")]}

    answer = api("POST", f"{profile}/Observations", body)

    assert answer.status_code == 202
    assert listed(api, profile) == recalled(api, profile) == []
    later()
    assert listed(api, profile) == recalled(api, profile) == ["likes tea"]
    assert not PendingWrite.objects.exists()


def test_delay_takes_an_operation_from_pending_to_completed(api, lagging, later):
    answer = api("POST", CONTROL, {"displayName": "client-2"})
    address = answer.headers["Location"]

    pending = api.get(address).json()
    before = api.get(CONTROL).json()["stores"]
    later()
    completed = api.get(address).json()

    assert (pending["status"], "result" in pending) == ("PENDING", False)
    assert "completedAt" not in pending
    assert completed["status"] == "COMPLETED"
    assert completed["operationId"] == answer.headers["Operation-Id"]
    assert completed["createdAt"] == pending["createdAt"] < completed["completedAt"]
    assert completed["result"]["id"] not in before
    assert completed["result"]["id"] in api.get(CONTROL).json()["stores"]


def test_delay_fails_the_operation_of_a_taken_name_after_the_lag(api, lagging, later):
    address = api("POST", CONTROL, {"displayName": "client-1"}).headers["Location"]

    assert api.get(address).json()["status"] == "PENDING"
    later()
    assert api.get(address).json()["status"] == "FAILED"


def test_delay_gives_a_new_profile_the_id_that_was_answered(
    api, profiles, lagging, later
):
    made = api("POST", profiles, {"traits": {"Contact": {"email": "new@b.com"}}})
    path = f"{profiles}/{made.json()['id']}"

    assert_refused(api.get(path), 404, 20404)
    later()
    assert api.get(path).json()["traits"]["Contact"]["email"] == "new@b.com"


def test_delay_makes_one_profile_of_a_person_created_twice_under_both_ids(
    api, profiles, lagging, later
):
    body = {"traits": {"Contact": {"email": "new@b.com"}}}
    first, second = (api("POST", profiles, body).json()["id"] for _ in range(2))

    later()

    assert api.get(f"{profiles}/{first}").status_code == 200
    moved = api.get(f"{profiles}/{second}")
    assert moved.headers["Canonical-Profile-Id"] == first
    assert Profile.objects.count() == 2


def test_delay_refuses_at_once_what_is_not_valid_and_keeps_nothing(
    api, profile, lagging
):
    nobody = profile.rsplit("/", 1)[0] + f"/{NOBODY}"
    body = {"observations": [an_observation("")]}

    assert_refused(api("POST", f"{profile}/Observations", body), 400, 520046)
    assert_refused(api("DELETE", nobody), 404, 20404)
    assert_refused(
        api("PATCH", profile, {"traits": {"Contact": {"unknown": "x"}}}), 400, 400
    )
    assert not PendingWrite.objects.exists()
    assert not Operation.objects.filter(status="PENDING").exists()


def test_delay_applies_writes_in_their_order(api, profile, lagging, later):
    for city in ("Paris", "Rome", "Oslo"):
        api("PATCH", profile, {"traits": {"Contact": {"city": city}}})
    api("POST", f"{profile}/ConversationSummaries", {"summaries": [a_summary()]})

    later()

    assert api.get(profile).json()["traits"]["Contact"]["city"] == "Oslo"
    assert api.get(f"{profile}/ConversationSummaries").json()["summaries"]


def test_delay_applies_a_write_to_a_merged_profile_to_the_canonical_one(
    api, profile, make_profile, settings, later
):
    other = make_profile("later@b.com")
    settings.MEMORY_VISIBILITY_LAG_S = LAG_S
    identifier = {"idType": "email", "value": "a@b.com"}
    api("POST", f"{other}/Identifiers", identifier)
    api("POST", f"{other}/Observations", {"observations": [an_observation("tea")]})

    later()

    assert listed(api, profile) == ["tea"]
    assert api.get(other).status_code == 301


def test_delay_drops_a_write_to_what_was_deleted_meanwhile(
    api, store, profile, lagging, later
):
    group = {"displayName": "Account", "traits": {}}
    groups = f"{CONTROL}/{store}/TraitGroups"
    api("DELETE", profile)
    api("POST", f"{profile}/Observations", {"observations": [an_observation()]})
    api("DELETE", f"{CONTROL}/{store}")
    address = api("POST", groups, group).headers["Location"]

    later()

    assert api.get(address).json()["status"] == "FAILED"
    assert not PendingWrite.objects.exists()
    assert not Profile.objects.exists()


def test_delay_reads_a_compressed_body_again(api, profile, lagging, later):
    import gzip
    import json

    body = gzip.compress(json.dumps({"observations": [an_observation("tea")]}).encode())
    api.send("POST", f"{profile}/Observations", body, **{"Content-Encoding": "gzip"})

    later()

    assert listed(api, profile) == ["tea"]


def test_delay_switched_off_applies_what_waits_at_once(api, profile, lagging, settings):
    api("POST", f"{profile}/Observations", {"observations": [an_observation("tea")]})
    settings.MEMORY_VISIBILITY_LAG_S = 0.0

    assert listed(api, profile) == ["tea"]


def test_delay_lets_no_account_wait_for_another(api, make_api, lagging, later):
    other = make_api("other")
    answer = other("POST", CONTROL, {"displayName": "theirs"})

    later()
    api.get(CONTROL)

    assert PendingWrite.objects.count() == 1
    assert other.get(answer.headers["Location"]).json()["status"] == "COMPLETED"
