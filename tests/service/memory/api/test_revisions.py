"""Contract 11.4 and 17, row 33."""

import pytest

from console.service.memory.models import ObservationRevision
from tests.service.conftest import CONVERSATION, assert_refused


@pytest.fixture
def changed(api, profile, observe) -> str:
    """The path of an observation that was changed twice."""
    [seen] = observe("first", conversationIds=[CONVERSATION])
    one = f"{profile}/Observations/{seen['id']}"
    api("PATCH", one, {"content": "second"})
    api("PATCH", one, {"source": "crm"})
    return one


def test_revision_unchanged_observation_has_one_state(api, profile, observe):
    [seen] = observe("first")

    listed = api.get(f"{profile}/Observations/{seen['id']}/Revisions").json()

    assert listed == {
        "revisions": [seen],
        "meta": {"key": "revisions", "pageSize": 1},
    }
    assert not ObservationRevision.objects.exists()


def test_list_revisions_has_every_state_and_the_present_one_first(api, changed):
    listed = api.get(f"{changed}/Revisions").json()

    states = listed["revisions"]
    assert states[0] == api.get(changed).json()
    assert [(s["content"], s["source"]) for s in states] == [
        ("second", "crm"),
        ("second", "chat"),
        ("first", "chat"),
    ]
    assert listed["meta"] == {"key": "revisions", "pageSize": 3}


def test_revision_states_share_their_id_and_their_creation(api, changed):
    states = api.get(f"{changed}/Revisions").json()["revisions"]

    assert len({(s["id"], s["createdAt"]) for s in states}) == 1
    assert all(s["conversationIds"] == [CONVERSATION] for s in states)
    moments = [s["updatedAt"] for s in states]
    assert moments == sorted(moments, reverse=True)


def test_revision_change_back_is_a_state_too(api, changed):
    api("PATCH", changed, {"content": "first", "source": "chat"})

    states = api.get(f"{changed}/Revisions").json()["revisions"]
    assert [s["content"] for s in states] == ["first", "second", "second", "first"]


def test_list_revisions_does_not_know_order_by(api, changed):
    plain = api.get(f"{changed}/Revisions").json()

    for order in ("ASC", "nonsense"):
        assert api.get(f"{changed}/Revisions", orderBy=order).json() == plain


def test_revision_states_of_another_observation_are_not_among_them(
    api, changed, observe, profile
):
    other, _ = observe("other")

    listed = api.get(f"{profile}/Observations/{other['id']}/Revisions").json()

    assert [s["content"] for s in listed["revisions"]] == ["other"]


def test_revision_they_go_with_their_observation(api, changed):
    api("DELETE", changed)

    assert not ObservationRevision.objects.exists()
    assert_refused(api.get(f"{changed}/Revisions"), 404, 20404)
