"""Contract 16.1 and 16.2: observations."""

from datetime import UTC, datetime

import pytest
import time_machine

from console.service.memory.models import Observation
from tests.service.conftest import an_observation, assert_refused
from tests.service.memory.api.v1_services.conftest import as_current

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_v1_observation_what_names_no_time_occurred_when_it_was_received(note):
    with time_machine.travel(NOON, tick=False):
        seen = note("one", "two", occurredAt=None)

    times = {(item["occurredAt"], item["createdAt"]) for item in seen}
    assert times == {("2026-01-05T12:00:00Z", "2026-01-05T12:00:00Z")}
    assert all("conversationIds" not in item for item in seen)


def test_v1_observation_time_that_is_named_is_kept(note):
    [seen] = note("x", occurredAt="2026-01-01T00:00:00.5+01:00")

    assert seen["occurredAt"] == "2025-12-31T23:00:00Z"


@pytest.mark.parametrize(
    ("items", "field"),
    [
        (None, "observations: required"),
        ([], "observations"),
        ([an_observation()] * 11, "observations"),
        ([an_observation(), an_observation(content="")], "[1].content"),
        ([an_observation(content="x" * 4097)], "[0].content"),
        ([an_observation(source=None)], "[0].source"),
        ([an_observation(source="crm:1")], "[0].source"),
        ([an_observation(occurredAt="yesterday")], "[0].occurredAt"),
        ([an_observation(conversationIds=["c"] * 11)], "[0].conversationIds"),
    ],
)
def test_create_observations_writes_a_batch_whole_or_not_at_all(
    api, person, items, field
):
    answer = api("POST", f"{person}/Observations", {"observations": items})

    assert_refused(answer, 400, 520046, field)
    assert not Observation.objects.exists()


def test_patch_observation_changes_what_is_given(api, person, note):
    [seen] = note("likes tea", conversationIds=["CH1"])
    path = f"{person}/Observations/{seen['id']}"

    api("PATCH", path, {"conversationIds": ["CH2"]})
    api("PATCH", path, {"content": "likes coffee"})

    changed = api.get(path).json()
    assert changed["content"] == "likes coffee"
    assert changed["conversationIds"] == ["CH2"]
    assert len(api.get(f"{path}/Revisions").json()["revisions"]) == 3


def test_list_observations_keeps_to_its_filters(api, person, note):
    path = f"{person}/Observations"
    with time_machine.travel(NOON, tick=False):
        note("early", source="chat")
    note("late", source="crm/import")

    def contents(**filters: str) -> list[str]:
        listed = api.get(path, **filters).json()["observations"]
        return [item["content"] for item in listed]

    assert contents(orderBy="ASC") == ["early", "late"]
    assert contents(source="chat") == ["early"]
    assert contents(createdAfter="2026-01-05T12:00:01Z") == ["late"]
    assert contents(createdBefore="2026-01-05T12:00:01Z") == ["early"]


def test_v1_observation_it_is_one_observation_in_both_dialects(api, person, note):
    [seen] = note("likes tea", conversationIds=["any id"])
    path = f"{person}/Observations/{seen['id']}"

    assert api.get(as_current(path)).json() == api.get(path).json() == seen
    assert api("DELETE", as_current(path)).status_code == 202
    assert_refused(api.get(path), 404, 20404)
