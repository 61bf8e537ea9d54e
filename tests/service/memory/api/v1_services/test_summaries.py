"""Contract 16.1 and 16.2: summaries, flat or as an array."""

from datetime import UTC, datetime

import pytest
import time_machine

from console.service.memory.models import Summary
from tests.service.conftest import assert_refused
from tests.service.memory.api.v1_services.conftest import as_current

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FLAT = {"conversationId": "CH1", "content": "wants a refund", "source": "manual"}


@pytest.mark.parametrize("body", [FLAT, {"summaries": [FLAT]}])
def test_create_summaries_takes_both_forms(sum_up, body):
    with time_machine.travel(NOON, tick=False):
        [written] = sum_up(body)

    assert written == {
        "id": written["id"],
        **FLAT,
        "occurredAt": "2026-01-05T12:00:00Z",
        "createdAt": "2026-01-05T12:00:00Z",
        "updatedAt": "2026-01-05T12:00:00Z",
    }


def test_v1_summary_flat_one_needs_only_its_conversation_and_its_words(sum_up):
    [written] = sum_up({"conversationId": "CH1", "content": "x", "source": None})

    assert written["content"] == "x"
    assert "source" not in written


def test_v1_summary_time_that_is_named_is_kept(sum_up):
    moment = {"occurredAt": "2026-01-01T00:00:00Z"}

    written = sum_up(FLAT | moment, {"summaries": [FLAT | moment]})

    assert {each["occurredAt"] for each in written} == {"2026-01-01T00:00:00Z"}


def test_v1_summary_array_holds_up_to_ten(sum_up):
    written = sum_up({"summaries": [FLAT | {"content": str(n)} for n in range(10)]})

    assert [each["content"] for each in written] == [str(n) for n in range(9, -1, -1)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content: required"),
        ({"content": "x"}, "conversationId: required"),
        ({"conversationId": "CH1"}, "content: required"),
        (FLAT | {"content": ""}, "content"),
        (FLAT | {"content": "x" * 4097}, "content"),
        (FLAT | {"source": "a:b"}, "source"),
        (FLAT | {"occurredAt": "2026-01-05"}, "occurredAt"),
        (FLAT | {"occurredAt": "9999-12-31T23:59:59-14:00"}, "occurredAt"),
        ({"summaries": []}, "summaries"),
        ({"summaries": [FLAT] * 11}, "summaries"),
        ({"summaries": FLAT}, "summaries"),
        ({"summaries": [FLAT, {"content": "x"}]}, "summaries[1].conversationId"),
        ({"summaries": [FLAT]} | FLAT, "content: unknown field beside summaries"),
        ({"summaries": [FLAT], "source": "manual"}, "source: unknown field"),
    ],
)
def test_v1_summary_what_does_not_fit_is_refused_by_field(api, person, body, field):
    answer = api("POST", f"{person}/ConversationSummaries", body)

    assert_refused(answer, 400, 520046, field)
    assert not Summary.objects.exists()


def test_patch_summary_and_its_deletion_reach_both_dialects(api, person, sum_up):
    [written] = sum_up(FLAT)
    path = f"{person}/ConversationSummaries/{written['id']}"

    api("PATCH", path, {"conversationId": "CH2"})

    changed = api.get(path).json()
    assert changed["conversationId"] == "CH2"
    assert changed["content"] == FLAT["content"]
    assert api.get(as_current(path)).json() == changed
    assert api("DELETE", path).status_code == 202
    assert_refused(api.get(as_current(path)), 404, 20404)
