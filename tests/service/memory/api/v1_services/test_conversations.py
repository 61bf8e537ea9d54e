"""Contract 16.2: a conversation's id is any text of 1 to 64 characters."""

import pytest

from tests.service.conftest import CONVERSATION, assert_refused

ODD = [
    "CH0123456789abcdef0123456789abcdef",
    CONVERSATION,
    'quo"ted',
    "back\\slash",
    "both\\\"'",
    "100%",
    "under_score",
    "ünïcode–対話🙂",
    "\\u00e9",
    " ",
    "[1, 2]",
    "null",
    "7",
    "c" * 64,
]
# What a careless comparison would take for one of those above.
ALIKE = [
    "ch0123456789ABCDEF0123456789abcdef",
    'quo\\"ted',
    "back\\\\slash",
    "100 per cent",
    "under-score",
    "ÜNÏCODE–対話🙂",
    "é",
    f'x"{CONVERSATION}',
    CONVERSATION.upper(),
    "c" * 63,
    "70",
]


@pytest.mark.parametrize("id_", ODD)
def test_an_observation_is_found_by_the_id_of_its_conversation(api, person, note, id_):
    for other in {*ODD, *ALIKE} - {id_}:
        note("of another", conversationIds=[other])
    note("first place", conversationIds=[id_, "z"])
    note("last place", conversationIds=[*"123456", "8", "9", "10", id_])

    found = api.get(f"{person}/Observations", conversationId=id_).json()["observations"]

    assert [item["content"] for item in found] == ["last place", "first place"]
    assert found[1]["conversationIds"] == [id_, "z"]


@pytest.mark.parametrize("id_", ODD)
def test_list_summaries_finds_one_by_the_id_of_its_conversation(
    api, person, sum_up, id_
):
    sum_up(*({"conversationId": each, "content": each} for each in {*ODD, *ALIKE}))

    path = f"{person}/ConversationSummaries"
    found = api.get(path, conversationId=id_).json()["summaries"]

    assert [item["conversationId"] for item in found] == [id_]


@pytest.mark.parametrize("id_", ODD)
def test_recall_asks_by_the_id_of_a_conversation(api, person, note, sum_up, id_):
    note("the blue tent leaks", conversationIds=[id_])
    note("allergic to nuts", conversationIds=[f"{id_[:60]}..."])

    recalled = api("POST", f"{person}/Recall", {"conversationId": id_}).json()

    found = [(each["content"], "score" in each) for each in recalled["observations"]]
    assert found == [("the blue tent leaks", True), ("allergic to nuts", True)]


def test_pages_of_one_conversation_keep_to_it(api, person, note):
    note("one", "two", "three", conversationIds=["CH1"])
    note("of another", conversationIds=["CH2"])
    path = f"{person}/Observations"

    first = api.get(path, conversationId="CH1", pageSize="2").json()
    second = api.get(path, pageToken=first["meta"]["nextToken"]).json()

    found = [*first["observations"], *second["observations"]]
    assert [item["content"] for item in found] == ["three", "two", "one"]


@pytest.mark.parametrize("id_", ["", "c" * 65, 5, ["CH1"], "line\u0000", "bell\u0007"])
def test_an_id_that_does_not_fit_is_refused_wherever_it_is_given(api, person, id_):
    item = {"content": "x", "source": "desk"}
    for child, body in {
        "Observations": {"observations": [item | {"conversationIds": [id_]}]},
        "ConversationSummaries": item | {"conversationId": id_},
        "Recall": {"conversationId": id_},
    }.items():
        answer = api("POST", f"{person}/{child}", body)
        assert_refused(answer, 400, 520046, "conversationId")


@pytest.mark.parametrize("child", ["Observations", "ConversationSummaries"])
def test_a_filter_that_is_too_long_is_refused(api, person, child):
    answer = api.get(f"{person}/{child}", conversationId="c" * 65)

    assert_refused(answer, 400, 400, "conversationId", "64")
