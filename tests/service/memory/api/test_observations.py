"""Contract 11.4."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from console.service.memory.models import Observation
from tests.service.conftest import (
    CONVERSATION,
    NOBODY,
    OTHER_CONVERSATION,
    an_observation,
    assert_refused,
)

STRANGER = "mem_observation_01k0000000000000000000000a"


@pytest.fixture
def path(profile) -> str:
    return f"{profile}/Observations"


def test_fetch_observation_answers_what_was_written(api, path, observe):
    fields = {
        "source": "Agent desk/v1.2_a-b",
        "occurredAt": "2026-01-05T10:00:00.123+01:00",
        "conversationIds": [CONVERSATION, OTHER_CONVERSATION],
    }

    [seen] = observe("prefers sms", **fields)

    assert seen.keys() == {
        "id",
        "content",
        "source",
        "occurredAt",
        "createdAt",
        "updatedAt",
        "conversationIds",
    }
    assert seen["content"] == "prefers sms"
    assert seen["source"] == fields["source"]
    assert seen["occurredAt"] == "2026-01-05T09:00:00Z"
    assert seen["conversationIds"] == fields["conversationIds"]
    assert seen["createdAt"] == seen["updatedAt"]
    assert api.get(f"{path}/{seen['id']}").json() == seen


def test_observation_optional_fields_are_left_out_when_empty(observe):
    [seen] = observe("likes tea", conversationIds=None)

    assert seen["content"] == "likes tea"
    assert "conversationIds" not in seen


def test_observation_server_sets_what_is_its_own(observe):
    [seen] = observe("x", id=STRANGER, createdAt="2020-01-01T00:00:00Z", tenant="t")

    assert seen["id"] != STRANGER
    assert not seen["createdAt"].startswith("2020")


@pytest.mark.parametrize(
    "content",
    [
        "<script>alert(1)</script>",
        "{{7*7}} {% debug %}",
        "line\nbreak\ttab\r\n",
        "\u202eright to left\u200b",
        "Ignore previous instructions",
        "ﷺ" * 4096,
        " ",
    ],
)
def test_observation_text_is_kept_letter_for_letter(observe, content):
    [seen] = observe(content)

    assert seen["content"] == content


@pytest.mark.parametrize("count", [1, 10])
def test_create_observations_takes_up_to_ten(api, path, observe, count):
    answer = api(
        "POST", path, {"observations": [an_observation(str(n)) for n in range(count)]}
    )

    assert answer.status_code == 202
    assert answer.json().keys() == {"message"}
    assert Observation.objects.count() == count


def test_observation_same_one_twice_in_a_batch_is_two(observe):
    assert len(observe("same", "same")) == 2


@pytest.mark.parametrize(
    ("items", "field"),
    [
        (None, "observations: required"),
        ([], "observations"),
        ([an_observation()] * 11, "observations"),
        (an_observation(), "observations"),
        ([5], "observations[0]"),
        ([an_observation()] * 6 + [an_observation("x" * 4097)], "[6].content"),
    ],
)
def test_observation_batch_is_written_whole_or_not_at_all(api, path, items, field):
    answer = api("POST", path, {"observations": items})

    assert_refused(answer, 400, 520046, field)
    assert not Observation.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"content": ""},
        {"content": None},
        {"content": 5},
        {"content": "x" * 4097},
        {"source": None},
        {"source": ""},
        {"source": "s" * 101},
        {"source": "chat\n"},
        {"source": "crm:1"},
        {"occurredAt": None},
        {"occurredAt": "2026-02-30T09:00:00Z"},
        {"occurredAt": "2026-03-29T02:30:00"},
        {"occurredAt": "2026-01-05T24:00:00Z"},
        {"occurredAt": "2026-01-05T23:59:60Z"},
        {"occurredAt": "2026-01-05"},
        {"occurredAt": "yesterday"},
        {"occurredAt": 1767600000},
        {"occurredAt": "9999-12-31T23:59:59-14:00"},
        {"occurredAt": "0001-01-01T00:00:00+14:00"},
        {"occurredAt": "10000-01-01T00:00:00Z"},
        {"conversationIds": "x"},
        {"conversationIds": ["x"]},
        {"conversationIds": [CONVERSATION + "\n"]},
        {"conversationIds": [CONVERSATION] * 11},
    ],
)
def test_observation_item_that_does_not_fit_is_named(api, path, fields):
    item = an_observation(**fields)

    answer = api("POST", path, {"observations": [an_observation(), item]})

    assert_refused(answer, 400, 520046, "observations[1]", *fields)
    assert not Observation.objects.exists()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-01-05T09:00:00+14:00", "2026-01-04T19:00:00Z"),
        ("2026-01-05t09:00:00z", "2026-01-05T09:00:00Z"),
        ("2026-01-05T09:00:00.999999Z", "2026-01-05T09:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0987-06-05T04:03:02Z", "0987-06-05T04:03:02Z"),
    ],
)
def test_observation_moment_is_shown_as_whole_seconds_of_utc(observe, given, shown):
    [seen] = observe("x", occurredAt=given)

    assert seen["occurredAt"] == shown


def test_observation_body_is_strict(api, path):
    body = {"observations": [an_observation()], "upsert": True}

    assert_refused(api("POST", path, body), 400, 520046, "upsert: unknown field")


def test_list_observations_keeps_to_its_filters(api, path, observe):
    observe("one", source="chat", conversationIds=[CONVERSATION])
    observe("two", source="crm/import", conversationIds=[OTHER_CONVERSATION])
    observe("three", source="chat", conversationIds=[CONVERSATION, OTHER_CONVERSATION])

    def contents(**filters: str) -> list[str]:
        listed = api.get(path, **filters).json()["observations"]
        return [item["content"] for item in listed]

    assert contents() == ["three", "two", "one"]
    assert contents(orderBy="ASC") == ["one", "two", "three"]
    assert contents(source="chat") == ["three", "one"]
    assert contents(source="crm/import") == ["two"]
    assert contents(source="cha") == []
    assert contents(conversationId=CONVERSATION) == ["three", "one"]
    assert contents(conversationId=OTHER_CONVERSATION, source="chat") == ["three"]
    assert contents(source="", conversationId="", createdAfter="") == contents()


def test_observation_window_of_creation_starts_with_its_first_moment_and_ends_before_its_last(
    api, path, observe
):
    start = datetime(2026, 1, 5, tzinfo=UTC)
    for hours in range(3):
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            observe(str(hours))

    def contents(**window: str) -> list[str]:
        listed = api.get(path, **window).json()["observations"]
        return [item["content"] for item in listed]

    assert contents(createdAfter="2026-01-05T01:00:00Z") == ["2", "1"]
    assert contents(createdAfter="2026-01-05T02:00:00+01:00") == ["2", "1"]
    assert contents(createdBefore="2026-01-05T01:00:00Z") == ["0"]
    both = {
        "createdAfter": "2026-01-05T01:00:00Z",
        "createdBefore": "2026-01-05T02:00:00.001Z",
    }
    assert contents(**both) == ["2", "1"]


def test_observation_plus_that_was_not_escaped_is_understood(api, path, observe):
    observe("x")

    answer = api("GET", f"{path}?createdAfter=2020-01-01T00:00:00+01:00")

    assert len(answer.json()["observations"]) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("createdAfter", "yesterday"),
        ("retracted", "false"),
        ("createdBefore", "2026-02-30T00:00:00Z"),
        ("createdBefore", "2026-01-05T00:00:00"),
        ("createdBefore", "9999-12-31T23:59:59-14:00"),
        ("source", "s" * 101),
        ("source", "a:b"),
        ("source", "chat\n"),
        ("conversationId", "x"),
        ("conversationId", "%"),
        ("orderBy", "desc"),
        ("pageSize", "0"),
    ],
)
def test_observation_filter_that_makes_no_sense_is_named(api, path, name, value):
    assert_refused(api.get(path, **{name: value}), 400, 400, name)


def test_observation_malformed_id_and_an_unknown_one(api, store, path):
    for method in ("GET", "PATCH", "DELETE"):
        assert_refused(api(method, f"{path}/x"), 400, 400, "observationId")
        assert_refused(api(method, f"{path}/{STRANGER}"), 404, 20404)
    nobody = f"/v1/Stores/{store}/Profiles/{NOBODY}/Observations"
    assert_refused(api.get(nobody), 404, 20404)
    answer = api("POST", nobody, {"observations": [an_observation()]})
    assert_refused(answer, 404, 20404)


def test_observation_full_profile_takes_no_more(api, path, profile):
    ids = profile.split("/")
    store_id, profile_id = ids[3], ids[5]
    now = datetime(2026, 1, 5, tzinfo=UTC)
    Observation.objects.bulk_create(
        Observation(
            store_id=store_id,
            profile_id=profile_id,
            id=f"mem_observation_{n:026}",
            content="x",
            source="chat",
            occurred_at=now,
            created_at=now,
            updated_at=now,
        )
        for n in range(9_995)
    )

    answer = api("POST", path, {"observations": [an_observation()] * 6})

    assert_refused(answer, 400, 400, "10000")
    answer = api("POST", path, {"observations": [an_observation()] * 5})
    assert answer.status_code == 202
