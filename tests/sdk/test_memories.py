"""Observations, summaries and recall by both official clients."""

from tests.sdk.answers import ACCEPTED, assert_read, assert_refused
from tests.sdk.python import CONVERSATION, OCCURRED_AT, OTHER_CONVERSATION


def test_observations_are_created_read_changed_and_deleted(walk):
    told = walk("observations")

    facts = [f"fact {number}" for number in range(5)]
    assert told["created"] == [202, ACCEPTED]
    assert_read(told["read"], facts[::-1])
    assert told["oldest"] == [*facts[:4], "change 3"]
    assert told["bySource"] == ["change 3"]
    assert told["byOther"] == []
    assert (told["since"], told["before"]) == (5, 0)
    created_at = told["fetched"].pop("createdAt")
    assert told["fetched"] == {
        "id": told["newest"],
        "content": "fact 4",
        "source": "desk/mail",
        "occurredAt": OCCURRED_AT,
        "conversationIds": [CONVERSATION],
        "updatedAt": created_at,
    }
    assert told["patched"] == told["deleted"] == ACCEPTED
    assert_refused(told["gone"], 404, 20404, "Observation not found")
    assert told["left"] == facts[3::-1]


def test_revisions_are_listed_over_pages(walk):
    told = walk("observations")

    changes = [f"change {number}" for number in range(4)]
    assert_read(told["revisions"], [*changes[::-1], "fact 4"])
    assert told["revised"] == [told["newest"]]


def test_summaries_are_created_read_changed_and_deleted(walk):
    told = walk("summaries")

    created_at = told["fetched"].pop("createdAt")
    assert told["created"] == [202, ACCEPTED]
    assert_read(told["read"], [f"talk {number}" for number in range(4, -1, -1)])
    assert told["byConversation"] == 4
    assert told["fetched"] == {
        "id": told["newest"],
        "content": "talk 4",
        "source": "desk",
        "occurredAt": OCCURRED_AT,
        "conversationId": OTHER_CONVERSATION,
        "updatedAt": created_at,
    }
    assert told["patched"] == told["deleted"] == ACCEPTED
    assert told["changed"]["content"] == "changed"
    assert told["changed"]["source"] == "desk"
    assert_refused(told["gone"], 404, 20404, "Summary not found")
    assert told["left"] == 4


def test_recall_answers_by_meaning_and_by_recency(walk):
    told = walk("recall")

    assert told["ranked"] == ["Owns a red bicycle."]
    assert 0.1 <= told["scores"][0] <= 1
    assert told["occurred"] == OCCURRED_AT
    assert told["recent"] == ["Owns a red bicycle.", "Prefers SMS over calls."]
    assert told["unscored"] == [None, None]
    assert told["summaries"] == ["talk 0"]
    assert told["none"] == [[]]
    assert told["early"] == told["communications"] == []
    assert 0 <= told["queryTime"] < 600_000
