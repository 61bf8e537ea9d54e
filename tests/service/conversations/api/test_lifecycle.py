"""Conversations 12.1, with no worker running."""

from datetime import timedelta

import pytest

from console.service.conversations.models import Transition
from tests.service.conversations.conftest import (
    CONVERSATIONS,
    NOON,
    a_participant,
    assert_refused,
)

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def path(clock, conversation) -> str:
    return f"{CONVERSATIONS}/{conversation['id']}"


def list_transitions(conversation) -> list[tuple]:
    rows = Transition.objects.filter(conversation_id=conversation["id"])
    return [
        (row.status, (row.at - NOON).total_seconds() / 60, row.reason)
        for row in rows.order_by("number")
    ]


def test_conversation_rests_and_closes_to_the_second(api, clock, path, say):
    say()
    statuses = []
    for seconds in (599, 1, 1199, 1):
        clock.shift(seconds)
        statuses.append(api.get(path).json()["status"])

    assert statuses == ["ACTIVE", "INACTIVE", "INACTIVE", "CLOSED"]


def test_conversation_transitions_are_recorded_late_in_order_with_their_due_times(
    api, clock, conversation, path, say
):
    say()
    clock.shift(timedelta(hours=5))

    found = api.get(path).json()

    assert found["status"] == "CLOSED"
    assert found["updatedAt"] == "2026-01-05T12:30:00Z"
    assert list_transitions(conversation) == [
        ("ACTIVE", 0, "created"),
        ("INACTIVE", 10, "timer"),
        ("CLOSED", 30, "timer"),
    ]


def test_list_transitions_answers_them_in_order(api, clock, path, say):
    say()
    clock.shift(timedelta(hours=5))
    api.get(path)

    found = api.get(f"{path}/Transitions").json()["transitions"]

    told = [(each["status"], each["reason"]) for each in found]
    assert told == [("ACTIVE", "created"), ("INACTIVE", "timer"), ("CLOSED", "timer")]


def test_conversation_wakes_by_a_communication_and_counts_from_it(
    api, clock, conversation, path, say
):
    say()
    clock.shift(timedelta(minutes=15))
    say("And the bag, too.")
    clock.shift(timedelta(minutes=29))
    before = api.get(path).json()["status"]
    clock.shift(timedelta(minutes=1))

    assert before == "INACTIVE"
    assert api.get(path).json()["status"] == "CLOSED"
    assert list_transitions(conversation) == [
        ("ACTIVE", 0, "created"),
        ("INACTIVE", 10, "timer"),
        ("ACTIVE", 15, "communication"),
        ("INACTIVE", 25, "timer"),
        ("CLOSED", 45, "timer"),
    ]


def test_conversation_old_chat_that_is_replayed_does_not_close_at_once(api, path, say):
    say(occurredAt="2020-01-01T00:00:00Z")

    assert api.get(path).json()["status"] == "ACTIVE"


def test_conversation_nobody_speaks_in_closes_as_well(api, clock, path):
    clock.shift(timedelta(minutes=30))

    assert api.get(path).json()["status"] == "CLOSED"


def test_conversation_latest_channel_decides(api, clock, configure, open_conversation):
    settings = {
        "SMS": {"statusTimeouts": {"closed": 60}},
        "CHAT": {"statusTimeouts": {"closed": 5}},
        "VOICE": {"statusTimeouts": None},
    }
    made = open_conversation(
        a_participant("+15558675311"),
        a_participant("ada-7", "CUSTOMER", channel="CHAT"),
        configurationId=configure("many", channelSettings=settings),
    )
    clock.shift(timedelta(minutes=59))
    before = api.get(f"{CONVERSATIONS}/{made['id']}").json()["status"]
    clock.shift(timedelta(minutes=1))

    assert before == "ACTIVE"
    assert api.get(f"{CONVERSATIONS}/{made['id']}").json()["status"] == "CLOSED"


def test_conversation_closing_before_resting_never_rests(
    api, clock, configure, open_conversation
):
    settings = {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 10}}}
    made = open_conversation(
        a_participant("+15558675311"),
        configurationId=configure("short", channelSettings=settings),
    )
    clock.shift(timedelta(minutes=20))

    assert api.get(f"{CONVERSATIONS}/{made['id']}").json()["status"] == "CLOSED"
    assert [status for status, _, _ in list_transitions(made)] == ["ACTIVE", "CLOSED"]


def test_conversation_without_timeouts_ends_after_three_years(
    api, clock, configure, open_conversation
):
    made = open_conversation(
        a_participant("+15558675311"),
        configurationId=configure("endless", channelSettings={}),
    )
    clock.shift(timedelta(days=3 * 365 - 1))
    before = api.get(f"{CONVERSATIONS}/{made['id']}").json()["status"]
    clock.shift(timedelta(days=1))

    assert before == "ACTIVE"
    assert api.get(f"{CONVERSATIONS}/{made['id']}").json()["status"] == "CLOSED"


def test_list_conversations_by_status_knows_what_time_has_brought(
    api, clock, conversation, path, say
):
    say()
    clock.shift(timedelta(minutes=10))

    def list_ids(*statuses: str) -> list[str]:
        found = api.get(CONVERSATIONS, status=list(statuses)).json()
        return [each["id"] for each in found["conversations"]]

    assert list_ids("INACTIVE") == [conversation["id"]]
    assert list_ids("ACTIVE") == []
    assert list_ids("ACTIVE", "INACTIVE") == [conversation["id"]]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_update_conversation_closes_it_for_good(api, path, say, method):
    say()
    closed = api(method, path, {"status": "CLOSED"})

    assert closed.json()["status"] == "CLOSED"
    assert api(method, path, {"status": "CLOSED"}).status_code == 200
    assert_refused(api(method, path, {"status": "ACTIVE"}), 400, 20001, "CLOSED")
    assert_refused(
        api("PATCH", path, {"name": "later"}), 400, 20001, "status", "CLOSED"
    )
    message = {
        "author": {"address": "+15558675310", "channel": "SMS"},
        "content": {"type": "TEXT", "text": "too late"},
        "recipients": [{"address": "+15550001000", "channel": "SMS"}],
    }
    assert_refused(api("POST", f"{path}/Communications", message), 400, 20001)
    assert_refused(
        api("POST", f"{path}/Participants", a_participant("+15558675319")), 400, 20001
    )


def test_conversation_woken_by_hand_rests_ten_minutes_later(api, clock, path, say):
    say()
    clock.shift(timedelta(minutes=12))
    woken = api("PATCH", path, {"status": "ACTIVE"}).json()["status"]
    clock.shift(timedelta(minutes=9))
    later = api.get(path).json()["status"]

    assert (woken, later) == ("ACTIVE", "ACTIVE")


def test_conversation_keeps_the_configuration_that_it_began_with(
    api, clock, configuration, path, say
):
    say()
    changed = api(
        "PATCH",
        f"/v2/ControlPlane/Configurations/{configuration}",
        {"channelSettings": {"SMS": {"statusTimeouts": {"closed": 1}}}},
    )
    clock.shift(timedelta(minutes=2))

    assert changed.status_code == 202
    assert api.get(path).json()["status"] == "ACTIVE"
    assert api.get(path).json()["configuration"]["channelSettings"]["SMS"] == {
        "statusTimeouts": {"inactive": 10, "closed": 30}
    }


def test_conversation_patch_takes_nulls_for_what_is_left_out(api, path):
    changes = {"status": None, "configuration": None, "name": "Pole"}

    found = api("PATCH", path, changes).json()

    assert (found["status"], found["name"]) == ("ACTIVE", "Pole")
