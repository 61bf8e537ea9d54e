"""Contract 16.3: Recall's own limits."""

import pytest

from tests.service.conftest import NOBODY, assert_refused


@pytest.fixture
def recall(api, person):
    def ask(**question):
        answer = api("POST", f"{person}/Recall", question)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def much(note, sum_up):
    """Thirty observations and thirty summaries, the last ones newest."""
    for tens in range(3):
        contents = [f"tea {10 * tens + n}" for n in range(10)]
        note(*contents)
        items = [{"conversationId": "CH1", "content": text} for text in contents]
        sum_up({"summaries": items})


@pytest.mark.parametrize("question", [{}, {"query": "tea"}, {"conversationId": "CH1"}])
@pytest.mark.parametrize(
    ("limits", "observations", "summaries"),
    [
        ({}, 5, 5),
        ({"observationsLimit": None, "summariesLimit": None}, 5, 5),
        ({"observationsLimit": 0, "summariesLimit": 0}, 0, 0),
        ({"observationsLimit": 10, "summariesLimit": 3}, 10, 3),
        ({"observationsLimit": 20, "summariesLimit": 20}, 20, 20),
        ({"observationsLimit": 21, "summariesLimit": 100}, 20, 20),
        ({"observationsLimit": 10**20, "communicationsLimit": 10**20}, 20, 5),
    ],
)
def test_create_recall_gives_as_many_as_asked_for_and_never_more_than_twenty(
    recall, much, question, limits, observations, summaries
):
    recalled = recall(**question, **limits)

    assert len(recalled["observations"]) == observations
    assert len(recalled["summaries"]) == summaries
    assert recalled["communications"] == []
    assert recalled.keys() == {"observations", "summaries", "communications", "meta"}


def test_v1_recall_without_a_question_the_newest_come_first_and_without_score(
    recall, much
):
    recalled = recall()["observations"]

    contents = [item["content"] for item in recalled]
    assert contents == ["tea 29", "tea 28", "tea 27", "tea 26", "tea 25"]
    assert all("score" not in item for item in recalled)


def test_v1_recall_dates_and_threshold_mean_what_they_mean_today(recall, note):
    note("likes tea", occurredAt="2026-01-01T00:00:00Z")
    note("likes tea too", occurredAt="2026-01-02T00:00:00Z")
    note("has a dog named Rex", occurredAt="2026-01-02T00:00:00Z")

    window = recall(endDate="2026-01-02T00:00:00Z")["observations"]
    relevant = recall(query="tea", relevanceThreshold=0.05)["observations"]

    assert [item["content"] for item in window] == ["likes tea"]
    assert {item["content"] for item in relevant} == {"likes tea", "likes tea too"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("query", "q" * 1025),
        ("observationsLimit", -1),
        ("summariesLimit", "5"),
        ("communicationsLimit", 5.5),
        ("observationsLimit", True),
        ("relevanceThreshold", 1.1),
        ("beginDate", "yesterday"),
        ("endDate", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_v1_recall_question_that_does_not_fit_is_refused_by_field(
    api, person, field, value
):
    answer = api("POST", f"{person}/Recall", {field: value})

    assert_refused(answer, 400, 520046, field)


def test_v1_recall_nobody_cannot_be_asked(api, service):
    answer = api("POST", f"{service}/Profiles/{NOBODY}/Recall", {})

    assert_refused(answer, 404, 20404)
