"""Our extension to contract 11.6: ranked as if the texts had been stored masked."""

import re

import pytest

from console.contract.ids import new_id
from console.service.memory import recall as recalling
from console.service.memory.embedding_jobs import make_vectors

TEXTS = (
    "Call +1 555 {} after six.",
    "Prefers oat milk.",
    "Call +1 555 {} after six.",
    "Order 4521 was late.",
)
QUERIES = ("867 5310", "294 1710", "555", "call after six", "oat milk", "4521 5310")


@pytest.fixture
def recall(api, make_profile):
    """Asks about a new profile whose phone number ends in `number`, 10 as its last two."""

    def make(number: str):
        profile = make_profile(f"{number[:3]}@b.com")
        conversation = new_id("conv_conversation")
        for text in TEXTS:
            item = {
                "content": text.format(number),
                "source": "chat",
                "occurredAt": "2026-01-05T09:00:00Z",
                "conversationIds": [conversation],
            }
            made = api("POST", f"{profile}/Observations", {"observations": [item]})
            assert made.status_code == 202, made.text
        make_vectors.func()

        def ask(**question):
            if question.get("conversationId"):
                question["conversationId"] = conversation
            answer = api("POST", f"{profile}/Recall", {"trace": True} | question)
            assert answer.status_code == 200, answer.text
            return answer.json()

        return ask

    return make


def compare(answer, number: str) -> str:
    """An answer without its ids, its milliseconds and the number itself."""
    trace = answer["trace"] | {"stepsMs": {}}
    text = str(answer | {"trace": trace, "meta": {}}).replace(number, "number")
    text = re.sub(r"'\w+At': '[^']*'", "", text)
    ids = iter(range(1000))
    names = {id_: str(next(ids)) for id_ in re.findall(r"(?:mem|conv)_\w+", text)}
    return re.sub(r"(?:mem|conv)_\w+", lambda match: names[match[0]], text)


@pytest.mark.parametrize(
    "question", [*({"query": text} for text in QUERIES), {"conversationId": "its"}]
)
def test_masked_recall_is_equal_whatever_is_masked(recall, question):
    answers = {
        number: recall(number)(**question, masked=True)
        for number in ("867 5310", "294 1710")
    }

    one, other = (compare(answer, number) for number, answer in answers.items())
    assert one == other
    assert answers["867 5310"]["masked"] is True


def test_recall_differs_where_nobody_asks_to_mask(recall):
    one, other = recall("867 5310"), recall("294 1710")

    asked = {"query": "867 5310"}
    assert compare(one(**asked), "867 5310") != compare(other(**asked), "294 1710")
    assert "masked" not in one(**asked)
    assert "masked" not in one(masked=True)


def test_masked_recall_gives_whole_texts_and_explains_what_is_left(recall):
    answer = recall("867 5310")(query="call 867 about order 4521", masked=True)

    contents = {item["id"]: item["content"] for item in answer["observations"]}
    assert "Call +1 555 867 5310 after six." in contents.values()
    stems = {contents[item["id"]]: item["stems"] for item in answer["trace"]["items"]}
    assert stems["Call +1 555 867 5310 after six."] == ["call"]
    assert stems["Order 4521 was late."] == ["order", "4521"]
    assert "867" in answer["trace"]["queries"][0]["unknownStems"]
    assert answer["trace"]["texts"]["withoutVector"] == 0


def test_masked_recall_of_many_masked_texts_has_vectors_for_the_newest(
    recall, monkeypatch
):
    monkeypatch.setattr(recalling, "VECTORS_MAX", 1)

    answer = recall("867 5310")(query="call", masked=True)

    assert answer["trace"]["texts"]["withoutVector"] == 1


def test_masked_recall_between_dates_looks_through_no_other_texts(
    api, make_profile, monkeypatch
):
    monkeypatch.setattr(recalling, "VECTORS_MAX", 1)
    profile = make_profile()
    for day in (1, 2, 3):
        item = {
            "content": f"Call +1 555 867 531{day}.",
            "source": "chat",
            "occurredAt": f"2026-01-0{day}T09:00:00Z",
        }
        api("POST", f"{profile}/Observations", {"observations": [item]})
    make_vectors.func()
    question = {"query": "call", "masked": True, "trace": True}

    answer = api(
        "POST", f"{profile}/Recall", question | {"endDate": "2026-01-02T00:00:00Z"}
    )

    texts = answer.json()["trace"]["texts"]
    assert (texts["observations"], texts["withoutVector"]) == (1, 0)
