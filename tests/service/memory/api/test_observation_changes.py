"""Changing and deleting an observation. Contract 11.4."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from console.service.memory.models import Observation
from tests.service.conftest import CONVERSATION, OTHER_CONVERSATION, assert_refused


@pytest.fixture
def path(profile) -> str:
    return f"{profile}/Observations"


def test_patch_observation_changes_what_is_given(api, path, observe):
    [before] = observe("likes tea", conversationIds=[CONVERSATION])
    one = f"{path}/{before['id']}"

    answer = api("PATCH", one, {"content": "likes coffee", "source": None})

    after = api.get(one).json()
    assert answer.status_code == 202
    assert answer.json().keys() == {"message"}
    assert after == before | {
        "content": "likes coffee",
        "updatedAt": after["updatedAt"],
    }


def test_patch_observation_can_change_every_field(api, path, observe):
    [before] = observe("likes tea", conversationIds=[CONVERSATION])
    one = f"{path}/{before['id']}"
    changes = {
        "source": "crm",
        "occurredAt": "2026-01-01T00:00:00Z",
        "conversationIds": [OTHER_CONVERSATION],
    }

    api("PATCH", one, changes)
    assert api.get(one).json().items() >= changes.items()
    api("PATCH", one, {"conversationIds": []})
    assert "conversationIds" not in api.get(one).json()


def test_patch_observation_with_nothing_changes_nothing(api, path, observe):
    [before] = observe("likes tea")
    one = f"{path}/{before['id']}"

    for body in ({}, None, {"content": None}, {"content": "likes tea"}, {"new": 1}):
        assert api("PATCH", one, body).status_code == 202

    assert api.get(one).json() == before
    assert len(api.get(f"{one}/Revisions").json()["revisions"]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"content": ""},
        {"content": "x" * 4097},
        {"source": "a:b"},
        {"occurredAt": "2026-01-05"},
        {"conversationIds": ["x"]},
    ],
)
def test_patch_observation_refuses_what_does_not_fit(api, path, observe, changes):
    [before] = observe("likes tea")
    one = f"{path}/{before['id']}"

    answer = api("PATCH", one, {"content": "changed"} | changes)

    assert_refused(answer, 400, 520046, *changes)
    assert api.get(one).json() == before


def test_patch_observation_never_sets_updated_at_back(api, path, observe):
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        [before] = observe("likes tea")
    one = f"{path}/{before['id']}"

    with time_machine.travel(now - timedelta(hours=1), tick=False):
        api("PATCH", one, {"content": "likes coffee"})

    assert api.get(one).json()["updatedAt"] == "2026-01-05T12:00:00Z"


def test_delete_observation_is_final(api, path, observe):
    [kept, gone] = observe("gone", "kept")
    one = f"{path}/{gone['id']}"

    answer = api("DELETE", one)

    assert answer.status_code == 202
    assert answer.json().keys() == {"message"}
    for method in ("GET", "PATCH", "DELETE"):
        assert_refused(api(method, one), 404, 20404)
    assert_refused(api.get(f"{one}/Revisions"), 404, 20404)
    assert api.get(path).json()["observations"] == [kept]


def test_delete_observation_takes_no_fields(api, path, observe):
    [seen] = observe("x")

    answer = api("DELETE", f"{path}/{seen['id']}", {"b": 1, "a": 2})

    assert_refused(answer, 400, 520046, "a, b")
    assert Observation.objects.count() == 1


def test_delete_observation_takes_no_parameter_that_it_does_not_know(
    api, path, observe
):
    [seen] = observe("likes tea")

    refused = api("DELETE", f"{path}/{seen['id']}", params={"force": "1"})

    assert_refused(refused, 400, 400, "force")
    assert api.get(f"{path}/{seen['id']}").status_code == 200
