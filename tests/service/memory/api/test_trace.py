"""Our extension to contract 11.6: how a Recall came about."""

import pytest

from console.service.memory.embedding_jobs import make_vectors
from console.service.memory.models import IndexEntry
from tests.service.conftest import CONVERSATION, NOBODY, assert_refused


@pytest.fixture
def recall(api, profile):
    def ask(**question):
        answer = api("POST", f"{profile}/Recall", question)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def test_nobody_sees_it_who_did_not_ask(recall, observe):
    observe("likes tea")

    assert recall(query="tea")["observations"]
    assert "trace" not in recall(query="tea")
    assert "trace" not in recall(query="tea", trace=False, traceItems=[NOBODY])


def test_every_recalled_item_is_explained(recall, observe, summarise):
    observe("likes tea", "has a dog", conversationIds=[CONVERSATION])
    summarise("asked about tea")
    make_vectors.func()

    answer = recall(query="which teas?", trace=True)

    trace = answer["trace"]
    assert (trace["mode"], trace["embedder"]) == ("query", "use-3")
    assert trace["texts"] == {"observations": 2, "summaries": 1, "withoutVector": 0}
    assert trace["stepsMs"].keys() == {"query", "read", "rank", "fetch"}
    items = {item["id"]: item for item in trace["items"]}
    recalled = answer["observations"] + answer["summaries"]
    assert items.keys() == {item["id"] for item in recalled}
    for item in recalled:
        found = items[item["id"]]
        assert (found["score"], found["recalled"]) == (item["score"], True)
        adds = sum(part["adds"] for part in found["parts"].values())
        assert found["bias"] + adds == pytest.approx(found["logOdds"], abs=0.01)
    best = items[answer["observations"][0]["id"]]
    assert (best["place"], best["stems"], best["byMeaning"]) == (1, ["tea"], True)
    assert (best["placeByWords"], best["placeByMeaning"]) == (1, 1)
    assert best["summary"] == answer["summaries"][0]["id"]


def test_the_query_is_shown_as_it_was_understood(recall, observe):
    observe("likes tea")

    [query] = recall(query="tea or cocoa in May 2026?", trace=True)["trace"]["queries"]

    assert query["stems"] == ["tea", "cocoa", "may", "2026"]
    assert query["unknownStems"] == ["cocoa", "may", "2026"]
    assert query["dates"] == {"month": 5, "year": 2026}
    assert (query["weight"], query["byMeaning"]) == (1.0, True)


def test_what_waits_for_its_vector_is_recalled_by_words_and_says_so(recall, observe):
    observe("keeps a cat")

    before = recall(query="which pets?", trace=True)
    by_words = recall(query="cats", trace=True)
    make_vectors.func()
    after = recall(query="which pets?", trace=True)

    assert before["trace"]["texts"]["withoutVector"] == 1
    assert before["trace"]["items"][0]["byMeaning"] is False
    assert by_words["observations"][0]["score"] > 0.3
    assert after["trace"]["texts"]["withoutVector"] == 0
    assert after["observations"][0]["score"] > 2 * before["observations"][0]["score"]


def test_vectors_of_another_model_are_not_compared(recall, observe):
    observe("keeps a cat")
    make_vectors.func()
    IndexEntry.objects.filter(model="use-3").update(model="older-model")

    trace = recall(query="cats", trace=True)["trace"]

    assert trace["texts"]["withoutVector"] == 1
    assert trace["items"][0]["parts"]["meaning"] == {"value": 0.0, "adds": 0.0}


def test_what_was_not_recalled_can_be_asked_about(recall, observe):
    tea, dog = observe("has a dog", "likes tea")
    [old] = [
        item
        for item in observe("owned a cat", occurredAt="2020-01-01T00:00:00Z")
        if item["content"] == "owned a cat"
    ]

    answer = recall(
        query="tea",
        beginDate="2026-01-01T00:00:00Z",
        observationsLimit=1,
        trace=True,
        traceItems=[dog["id"], tea["id"], old["id"], NOBODY],
    )

    items = {item["id"]: item for item in answer["trace"]["items"]}
    assert {id_: item["recalled"] for id_, item in items.items()} == {
        answer["observations"][0]["id"]: True,
        ({tea["id"], dog["id"]} - {answer["observations"][0]["id"]}).pop(): False,
    }
    assert sorted(item["place"] for item in items.values()) == [1, 2]
    assert answer["trace"]["elsewhere"] == [old["id"], NOBODY]


def test_copies_are_recalled_once_and_named(recall, observe):
    written = observe("likes tea", "likes tea", "has a dog")
    make_vectors.func()

    answer = recall(query="tea", trace=True)

    ids = {item["id"] for item in written if "tea" in item["content"]}
    shown = [item["id"] for item in answer["observations"]]
    [first] = ids & set(shown)
    assert len(shown) == 2
    [item] = [each for each in answer["trace"]["items"] if each["id"] == first]
    assert item["copies"] == list(ids - {first})


def test_a_conversation_shows_its_turns(recall, observe, summarise):
    observe("the blue tent leaks", conversationIds=[CONVERSATION])
    [summary] = summarise("wants the tent repaired", conversationId=CONVERSATION)
    observe("bought a tent in May")

    trace = recall(conversationId=CONVERSATION, trace=True)["trace"]

    assert trace["mode"] == "conversation"
    assert [query["weight"] for query in trace["queries"]] == [1.0, 0.85]
    assert trace["queries"][0]["turn"] == summary["id"]
    assert all(query["byMeaning"] is False for query in trace["queries"])


def test_a_conversations_turns_have_the_vectors_they_were_stored_with(recall, observe):
    observe("the blue tent leaks", conversationIds=[CONVERSATION])
    observe("shelter for camping was bought")
    make_vectors.func()

    answer = recall(conversationId=CONVERSATION, trace=True)

    assert answer["trace"]["queries"][0]["byMeaning"] is True
    [other] = [
        item
        for item in answer["trace"]["items"]
        if item["id"] == answer["observations"][1]["id"]
    ]
    assert other["parts"]["meaning"]["adds"] > 1


def test_newest_first_has_nothing_to_explain(recall, observe):
    observe("likes tea")

    trace = recall(trace=True)["trace"]

    assert (trace["mode"], trace.keys()) == ("recent", {"mode", "stepsMs"})


def test_an_item_of_the_store_is_found_by_its_id_alone(
    api, recall, observe, summarise, make_profile
):
    other = make_profile("b@b.com")
    [here], [there] = observe("likes tea"), observe("has a dog", path=other)
    [summary] = summarise("asked about tea", path=other)
    gone = observe("moved", path=other)[0]
    api("DELETE", f"{other}/Observations/{gone['id']}")
    ids = [each["id"] for each in (here, there, summary, gone)]
    nothing = {"observationsLimit": 0, "summariesLimit": 0}

    trace = recall(trace=True, traceItems=[*ids, NOBODY, "x"], **nothing)["trace"]

    found = {each["id"]: each for each in trace["whereabouts"]}
    holder = other.rpartition("/")[2]
    assert {*found} == {*ids}
    assert found[there["id"]] == {"id": there["id"], "profileId": holder}
    assert found[summary["id"]]["profileId"] == holder
    assert found[here["id"]]["profileId"] != holder
    assert found[gone["id"]].keys() == {"id", "deletedAt"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("trace", "yes"), ("traceItems", "x"), ("traceItems", ["x"] * 101)],
)
def test_a_wish_that_does_not_fit_is_refused_by_field(api, profile, field, value):
    answer = api("POST", f"{profile}/Recall", {field: value})

    assert_refused(answer, 400, 520046, field)
