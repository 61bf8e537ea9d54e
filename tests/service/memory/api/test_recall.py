"""Contract 11.6."""

import pytest
import time_machine

from tests.service.conftest import (
    CONVERSATION,
    NOBODY,
    OTHER_CONVERSATION,
    assert_refused,
)

TEXTS = ("prefers sms over calls", "has a dog named Rex", "calls about the invoice")


@pytest.fixture
def recall(api, profile):
    def ask(**question):
        answer = api("POST", f"{profile}/Recall", question)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def contents(recalled, kind: str = "observations") -> list[str]:
    return [item["content"] for item in recalled[kind]]


def test_create_recall_answers_with_its_four_parts(recall, observe, summarise):
    observe("likes tea", conversationIds=[CONVERSATION])
    summarise("asked about tea", source="desk")

    recalled = recall(query="tea")

    assert recalled.keys() == {"observations", "summaries", "communications", "meta"}
    assert recalled["communications"] == []
    assert recalled["meta"].keys() == {"queryTime"}
    assert isinstance(recalled["meta"]["queryTime"], int)
    assert recalled["observations"][0].keys() == {
        "id",
        "content",
        "source",
        "occurredAt",
        "createdAt",
        "updatedAt",
        "conversationIds",
        "score",
    }
    assert recalled["summaries"][0].keys() == {
        "id",
        "content",
        "conversationId",
        "source",
        "occurredAt",
        "createdAt",
        "updatedAt",
        "score",
    }


def test_recall_nothing_known_is_nothing_recalled(recall):
    for question in ({}, {"query": "tea"}, {"conversationId": CONVERSATION}):
        recalled = recall(**question)
        assert recalled["observations"] == recalled["summaries"] == []


def test_recall_query_ranks_and_scores(recall, observe):
    observe(*TEXTS)

    recalled = recall(query="does she call or sms?")["observations"]

    assert recalled[0]["content"] == TEXTS[0]
    scores = [item["score"] for item in recalled]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert scores[0] > scores[1] > 2 * scores[2]


def test_recall_without_question_the_newest_come_first_and_nothing_is_scored(
    recall, observe, summarise
):
    observe("middle", occurredAt="2026-01-02T00:00:00Z")
    observe("newest", occurredAt="2026-01-03T00:00:00Z")
    observe("oldest", occurredAt="2026-01-01T00:00:00Z")
    summarise("early", occurredAt="2026-01-01T00:00:00Z")
    summarise("late", occurredAt="2026-01-09T00:00:00Z")

    for question in ({}, {"query": ""}, {"query": "  "}, {"relevanceThreshold": 1}):
        recalled = recall(**question)
        assert contents(recalled) == ["newest", "middle", "oldest"]
        assert contents(recalled, "summaries") == ["late", "early"]
        for item in recalled["observations"] + recalled["summaries"]:
            assert "score" not in item


def test_recall_conversation_asks_by_what_is_kept_of_it(recall, observe, summarise):
    observe("the blue tent leaks", conversationIds=[CONVERSATION])
    summarise("wants the tent repaired", conversationId=CONVERSATION)
    observe("bought a tent in May", "allergic to nuts", conversationIds=[])

    recalled = recall(conversationId=CONVERSATION)

    assert contents(recalled)[:2] == ["the blue tent leaks", "bought a tent in May"]
    assert recalled["observations"][2]["score"] < 0.05
    assert recalled["summaries"][0]["score"] > 0


def test_recall_conversation_nobody_remembers_is_answered_by_recency(recall, observe):
    observe("older", occurredAt="2026-01-01T00:00:00Z")
    observe("newer", conversationIds=[CONVERSATION])

    recalled = recall(conversationId=OTHER_CONVERSATION)

    assert contents(recalled) == ["newer", "older"]
    assert "score" not in recalled["observations"][0]


def test_recall_query_wins_over_a_conversation(recall, observe):
    observe("likes tea", conversationIds=[CONVERSATION])
    observe("has a dog")

    recalled = recall(query="dog", conversationId=CONVERSATION)

    assert contents(recalled)[0] == "has a dog"


def test_recall_long_conversation_asks_by_its_last_ten_turns(recall, observe):
    observe("alpha", occurredAt="2026-01-01T00:00:00Z", conversationIds=[CONVERSATION])
    for number in range(10):
        observe(f"filler{number}", conversationIds=[CONVERSATION])

    recalled = recall(conversationId=CONVERSATION)

    [alpha] = [i for i in recalled["observations"] if i["content"] == "alpha"]
    others = [i["score"] for i in recalled["observations"] if i is not alpha]
    # Its neighbour lifts it a little; its own words, which nobody asked for, do not.
    assert alpha["score"] < min(others) / 2
    assert all(i["score"] for i in recalled["observations"] if i is not alpha)


def test_recall_limits_hold_for_each_kind(recall, observe, summarise):
    for start in range(0, 30, 10):
        observe(*(f"tea number {n}" for n in range(start, start + 10)))
    summarise(*(f"tea talk {n}" for n in range(10)))

    for question in ({}, {"query": "tea"}):
        assert len(recall(**question)["observations"]) == 20
        assert len(recall(**question)["summaries"]) == 5
        few = recall(**question, observationsLimit=3, summariesLimit=0)
        assert len(few["observations"]) == 3
        assert few["summaries"] == []
        many = recall(**question, observationsLimit=100, summariesLimit=100)
        assert (len(many["observations"]), len(many["summaries"])) == (30, 10)
        none = recall(**question, observationsLimit=0, summariesLimit=1)
        assert none["observations"] == []
        assert len(none["summaries"]) == 1


def test_recall_threshold_keeps_scores_from_it_on(recall, observe):
    observe(*TEXTS)
    ranked = recall(query="sms calls")["observations"]

    for item in ranked:
        threshold = item["score"]
        kept = recall(query="sms calls", relevanceThreshold=threshold)["observations"]
        assert kept == [i for i in ranked if i["score"] >= threshold]
    assert recall(query="sms calls", relevanceThreshold=1)["observations"] == []


@pytest.mark.parametrize("question", [{}, {"query": "tea"}])
def test_recall_window_starts_with_its_first_moment_and_ends_before_its_last(
    recall, observe, summarise, question
):
    for day in (1, 2, 3):
        moment = f"2026-01-0{day}T00:00:00Z"
        observe(f"tea {day}", occurredAt=moment)
        summarise(f"tea {day}", occurredAt=moment)

    def days(**window: str) -> set[str]:
        recalled = recall(**question, **window)
        found = set(contents(recalled))
        assert found == set(contents(recalled, "summaries"))
        return found

    assert days(beginDate="2026-01-02T00:00:00Z") == {"tea 2", "tea 3"}
    assert days(beginDate="2026-01-02T00:00:00.001Z") == {"tea 3"}
    assert days(endDate="2026-01-02T00:00:00Z") == {"tea 1"}
    assert days(endDate="2026-01-02T01:00:00+01:00") == {"tea 1"}
    both = {"beginDate": "2026-01-02T00:00:00Z", "endDate": "2026-01-03T00:00:00Z"}
    assert days(**both) == {"tea 2"}
    upside_down = {"beginDate": both["endDate"], "endDate": both["beginDate"]}
    assert days(**upside_down) == set()


@pytest.mark.parametrize("question", [{}, {"query": "same"}, {"query": "nothing"}])
def test_recall_equals_always_stand_in_one_order(recall, observe, question):
    observe("same", "same", "same", "same", "same")

    ids = [[i["id"] for i in recall(**question)["observations"]] for _ in range(3)]

    assert ids[0] == ids[1] == ids[2] == sorted(ids[0], reverse=True)


def test_recall_nothing_of_another_profile_is_recalled(
    api, recall, observe, make_profile
):
    other = make_profile("other@b.com")
    observe("tea for the neighbour", path=other, conversationIds=[CONVERSATION])
    observe("coffee")

    for question in ({}, {"query": "tea"}, {"conversationId": CONVERSATION}):
        assert contents(recall(**question)) == ["coffee"]


def test_recall_what_was_changed_is_recalled_as_changed(api, recall, profile, observe):
    [seen] = observe("likes tea")

    api("PATCH", f"{profile}/Observations/{seen['id']}", {"content": "likes coffee"})

    assert recall(query="tea", relevanceThreshold=0.3)["observations"] == []
    assert contents(recall(query="coffee", relevanceThreshold=0.3)) == ["likes coffee"]


def test_recall_what_was_deleted_is_not_recalled(api, recall, profile, observe):
    [seen] = observe("likes tea")

    api("DELETE", f"{profile}/Observations/{seen['id']}")

    assert recall(query="tea")["observations"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("query", 5),
        ("query", "q" * 1025),
        ("conversationId", "x"),
        ("conversationId", ""),
        ("observationsLimit", -1),
        ("observationsLimit", 101),
        ("summariesLimit", 101),
        ("communicationsLimit", 101),
        ("observationsLimit", "5"),
        ("observationsLimit", 5.5),
        ("observationsLimit", True),
        ("relevanceThreshold", -0.1),
        ("relevanceThreshold", 1.1),
        ("relevanceThreshold", "high"),
        ("beginDate", "2026-02-30T00:00:00Z"),
        ("endDate", "2026-01-05T00:00:00"),
        ("endDate", 5),
        ("beginDate", "0001-01-01T00:00:00+14:00"),
        ("endDate", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_recall_question_that_does_not_fit_is_refused_by_field(
    api, profile, field, value
):
    answer = api("POST", f"{profile}/Recall", {field: value})

    assert_refused(answer, 400, 520046, field)


@pytest.mark.parametrize(
    "body",
    [
        {"query": None, "observationsLimit": None, "relevanceThreshold": None},
        {"unknown": True, "communicationsLimit": 5},
        {"query": "q" * 1024},
        {"query": "% _ \" NEAR( * ' -- \\"},
        {"query": "word " * 200},
        {"observationsLimit": 20, "summariesLimit": 5},
    ],
)
def test_recall_what_may_be_asked_is_answered(recall, observe, body):
    observe("likes tea")

    assert contents(recall(**body)) == ["likes tea"]


def test_recall_nobody_cannot_be_asked(api, store, profile):
    nobody = f"/v1/Stores/{store}/Profiles/{NOBODY}/Recall"

    assert_refused(api("POST", nobody, {}), 404, 20404)
    assert api("POST", f"{profile}/Recall").status_code == 200


def test_recall_means_yesterday_in_the_stores_zone(api, store, observe, recall):
    path = f"/v1/ControlPlane/Stores/{store}/IdentityResolutionSettings"
    kept = api.get(path).json()
    body = {name: kept[name] for name in ("identifierConfigs", "matchingRules")}
    observe("called at noon", occurredAt="2026-01-06T17:00:00Z")
    observe("called at night", occurredAt="2026-01-06T03:00:00Z")

    # 23:30 on the sixth of January in New York.
    with time_machine.travel("2026-01-07T04:30:00Z", tick=False):
        before = recall(query="who called yesterday?")
        api.result(api("PUT", path, body | {"timeZone": "America/New_York"}))
        after = recall(query="who called yesterday?")

    assert contents(before) == ["called at noon", "called at night"]
    assert contents(after) == ["called at night", "called at noon"]
    assert api.get(path).json()["timeZone"] == "America/New_York"


@pytest.fixture
def year(api, profile, observe, summarise):
    """On the second of January 2027 nearly everything became another."""
    with time_machine.travel("2027-01-01T09:00:00Z", tick=False):
        observe("likes tea", "has a dog", "lives in Leeds", "call +15558675310")
        summarise("talked of tea")
    kept = api.get(f"{profile}/Observations").json()["observations"]
    at = {each["content"]: f"{profile}/Observations/{each['id']}" for each in kept}
    [summary] = api.get(f"{profile}/ConversationSummaries").json()["summaries"]
    with time_machine.travel("2027-01-02T09:00:00Z", tick=False):
        api("PATCH", at["likes tea"], {"content": "likes coffee"})
        api("PATCH", at["call +15558675310"], {"content": "call the office"})
        api("PATCH", at["has a dog"], {"retractedFor": "it died"})
        api("DELETE", at["lives in Leeds"])
        path = f"{profile}/ConversationSummaries/{summary['id']}"
        api("PATCH", path, {"content": "talked of coffee"})
        observe("likes jam")


def test_recall_as_of_a_moment_is_of_what_was_known_then(year, recall):
    then = {"asOf": "2027-01-01T12:00:00Z"}

    newest = recall(**then)
    ranked = recall(query="tea", relevanceThreshold=0.3, trace=True, **then)

    assert set(contents(newest)) == {"likes tea", "has a dog", "call +15558675310"}
    assert newest["asOf"] == {"at": then["asOf"], "erased": 1, "rewritten": 1}
    assert contents(newest, "summaries") == ["talked of coffee"]
    assert contents(ranked) == ["likes tea"]
    assert ranked["trace"]["texts"]["observations"] == 3


def test_recall_as_of_later_or_earlier_than_all(year, recall):
    # Answered in UTC and whole seconds, however it was sent.
    before, now = recall(asOf="2025-12-31T19:00:00.75-05:00"), recall()
    after = recall(asOf="2027-01-02T09:00:00Z")

    assert contents(before) == []
    assert before["asOf"] == {"at": "2026-01-01T00:00:00Z", "erased": 0, "rewritten": 0}
    assert sorted(contents(after)) == sorted(contents(now))
    assert "likes jam" in contents(after)
    assert after["asOf"]["erased"] == 0
    assert "asOf" not in now


def test_recall_as_of_a_moment_keeps_to_dates_limits_and_masks(year, recall):
    then = {"asOf": "2027-01-01T12:00:00Z", "masked": True, "trace": True}

    cut = recall(observationsLimit=1, endDate="2026-01-05T09:00:00Z", **then)
    masked = recall(query="867 5310 call", **then)

    assert contents(cut) == []
    assert contents(masked)[0] == "call +15558675310"
    assert masked["masked"] is True
    [traced, *_] = masked["trace"]["items"]
    assert traced["stems"] == ["call"]


def test_recall_as_of_a_moment_of_a_conversation_asks_by_what_was_kept_then(
    api, profile, recall, observe
):
    for day, text in (("01", "likes tea"), ("02", "likes jam")):
        with time_machine.travel(f"2027-01-{day}T09:00:00Z", tick=False):
            observe(text, conversationIds=[CONVERSATION])

    question = {"conversationId": CONVERSATION, "asOf": "2027-01-01T12:00:00Z"}
    answer = recall(**question, trace=True)

    assert contents(answer) == ["likes tea"]
    assert len(answer["trace"]["queries"]) == 1
