"""Contract 11.5."""

import pytest

from console.service.memory.models import Summary
from tests.service.conftest import (
    CONVERSATION,
    NOBODY,
    OTHER_CONVERSATION,
    a_summary,
    assert_refused,
)

STRANGER = "mem_summary_01k0000000000000000000000a"


@pytest.fixture
def path(profile) -> str:
    return f"{profile}/ConversationSummaries"


def test_fetch_summary_answers_what_was_written(api, path, summarise):
    [seen] = summarise("asked for a refund", source="agent desk/1")

    assert seen == {
        "id": seen["id"],
        "content": "asked for a refund",
        "conversationId": CONVERSATION,
        "source": "agent desk/1",
        "occurredAt": "2026-01-05T09:00:00Z",
        "createdAt": seen["createdAt"],
        "updatedAt": seen["createdAt"],
    }
    assert api.get(f"{path}/{seen['id']}").json() == seen


def test_summary_source_is_left_out_when_there_is_none(summarise):
    [seen] = summarise("x", source=None)

    assert seen["content"] == "x"
    assert "source" not in seen


def test_summary_conversation_may_have_several(summarise):
    seen = summarise("first", "second")

    assert {item["conversationId"] for item in seen} == {CONVERSATION}
    assert len(seen) == 2


def test_list_summaries_keeps_to_a_conversation(api, path, summarise):
    summarise("one")
    summarise("two", conversationId=OTHER_CONVERSATION)

    listed = api.get(path, conversationId=CONVERSATION).json()

    assert [item["content"] for item in listed["summaries"]] == ["one"]
    assert listed["meta"] == {"key": "summaries", "pageSize": 1}
    answer = api.get(path, conversationId="nonsense")
    assert_refused(answer, 400, 400, "conversationId")


def test_list_summaries_is_newest_first_whatever_is_asked(api, path, summarise):
    summarise("one")
    summarise("two")

    for order in ("ASC", "DESC", "nonsense"):
        listed = api.get(path, orderBy=order).json()["summaries"]
        assert [item["content"] for item in listed] == ["two", "one"]


@pytest.mark.parametrize(
    ("items", "field"),
    [
        (None, "summaries: required"),
        ([], "summaries"),
        ([a_summary()] * 11, "summaries"),
        ([a_summary()] * 6 + [a_summary("")], "summaries[6].content"),
        ([a_summary(content=None)], "summaries[0].content: required"),
        ([a_summary("x" * 4097)], "summaries[0].content"),
        ([a_summary(conversationId="x")], "summaries[0].conversationId"),
        ([a_summary(conversationId=None)], "summaries[0].conversationId"),
        ([a_summary(occurredAt="2026-01-05")], "summaries[0].occurredAt"),
        ([a_summary(occurredAt=None)], "summaries[0].occurredAt"),
        ([a_summary(occurredAt="9999-12-31T23:59:59-14:00")], "occurredAt"),
        ([a_summary(source="")], "summaries[0].source"),
        ([a_summary(source="a:b")], "summaries[0].source"),
    ],
)
def test_create_summaries_writes_a_batch_whole_or_not_at_all(api, path, items, field):
    answer = api("POST", path, {"summaries": items})

    assert_refused(answer, 400, 520046, field)
    assert not Summary.objects.exists()


def test_patch_summary_changes_what_is_given(api, path, summarise):
    [before] = summarise("old")
    one = f"{path}/{before['id']}"
    changes = {"content": "new", "conversationId": OTHER_CONVERSATION, "source": "crm"}

    answer = api("PATCH", one, changes | {"occurredAt": None})

    after = api.get(one).json()
    assert answer.status_code == 202
    assert answer.json().keys() == {"message"}
    assert after == before | changes | {"updatedAt": after["updatedAt"]}


def test_summary_empty_patch_changes_nothing(api, path, summarise):
    [before] = summarise("old")
    moment = Summary.objects.get().updated_at

    for body in ({}, None, {"content": None}, {"content": "old"}):
        assert api("PATCH", f"{path}/{before['id']}", body).status_code == 202

    assert Summary.objects.get().updated_at == moment


def test_patch_summary_refuses_what_does_not_fit(api, path, summarise):
    [before] = summarise("old")

    answer = api("PATCH", f"{path}/{before['id']}", {"content": ""})

    assert_refused(answer, 400, 520046, "content")


def test_delete_summary_is_final(api, path, summarise):
    [seen] = summarise("x")
    one = f"{path}/{seen['id']}"

    assert_refused(api("DELETE", one, {"why": "x"}), 400, 520046, "why")
    assert api("DELETE", one).json().keys() == {"message"}
    for method in ("GET", "PATCH", "DELETE"):
        assert_refused(api(method, one), 404, 20404)


def test_summary_malformed_id_and_an_unknown_one(api, store, path):
    for method in ("GET", "PATCH", "DELETE"):
        assert_refused(api(method, f"{path}/x"), 400, 400, "summaryId")
        assert_refused(api(method, f"{path}/{STRANGER}"), 404, 20404)
    nobody = f"/v1/Stores/{store}/Profiles/{NOBODY}/ConversationSummaries"
    assert_refused(api("POST", nobody, {"summaries": [a_summary()]}), 404, 20404)
