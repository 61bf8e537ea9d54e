"""Conversations by both official clients."""

from tests.sdk.answers import assert_read, assert_refused
from tests.sdk.python import OCCURRED_AT
from tests.sdk.python.conversations import CUSTOMER, SHOP

AGENT = {"channel": "SMS", "address": SHOP}


def assert_settled(told, **related):
    """A 202 led to a finished operation that is about `related`."""
    assert told == {
        "accepted": 202,
        "status": "COMPLETED",
        "related": related,
        "error": None,
        "addressed": True,
        "dated": True,
    }


def test_configurations_are_created_read_changed_and_deleted(walk):
    told = walk("configurations")

    id_ = told["ids"][-1]
    whole = {
        "id": id_,
        "displayName": "desk-4",
        "description": "Texts",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": told["store"],
        "channelSettings": {
            "SMS": {
                "statusTimeouts": {"inactive": 10, "closed": 30},
                "captureRules": [{"from": "*", "to": SHOP}],
            },
            "VOICE": {},
        },
        "statusCallbacks": [{"url": "https://agent.example/hook", "method": "POST"}],
        "memoryExtractionEnabled": False,
        "version": 1,
    }
    chat = {"CHAT": {"statusTimeouts": {"closed": 5}}}
    replaced = whole | {"description": "Replaced", "channelSettings": chat}
    replaced |= {"statusCallbacks": [], "version": 2}
    merged = chat | {"SMS": {"statusTimeouts": {"inactive": 3}}}
    changed = replaced | {"channelSettings": merged, "version": 3}
    for write in ("created", "updated", "patched", "deleted"):
        assert_settled(told[write], configurationId=id_)
    assert told["again"] == {"configurationId": id_}
    assert_refused(told["taken"], 409, 20409, "displayName")
    assert_read(told["read"], [f"desk-{number}" for number in (4, 3, 2, 1, 0)])
    assert (told["byStore"], told["byOther"]) == (5, [])
    assert told["fetched"] == whole
    assert told["replaced"] == replaced
    assert told["changed"] == changed | {"memoryExtractionEnabled": True}
    assert_refused(told["gone"], 404, 20404, "Configuration not found")


def test_conversations_are_created_read_changed_and_deleted(walk):
    told = walk("conversations")

    ids, last = told["ids"], told["ids"][-1]
    made = {
        "id": last,
        "configurationId": None,
        "status": "ACTIVE",
        "name": "Tent pole",
        "metadata": {"order": "1", "shop": "Bern"},
    }
    assert told["created"] == [201, made]
    assert told["inline"]["memoryExtractionEnabled"] is True
    assert told["inline"]["description"] == ""
    assert told["people"] == [CUSTOMER]
    assert_refused(told["taken"], 409, 20409, "participants")
    assert_read(told["read"], ids[::-1])
    # The clients ask for a second page by its token alone.
    assert_read(told["filtered"], ids[-2::-1])
    assert told["byChannel"] == told["resting"] == [last]
    assert told["either"] == ids[::-1]
    assert told["updated"] == made | {"status": "INACTIVE"}
    ulm = {"metadata": {"order": "1", "shop": "Ulm"}, "status": "INACTIVE"}
    assert told["patched"] == made | ulm
    assert told["callbacks"] == []
    assert told["closed"] == "CLOSED"
    assert_refused(told["reopened"], 400, 20001, "CLOSED")
    assert_settled(told["deleted"], conversationId=last)
    assert_refused(told["gone"], 404, 20404, "Conversation not found")


def test_participants_are_added_read_and_replaced(walk):
    told = walk("participants")

    agent = {"name": "Kim", "type": "HUMAN_AGENT", "addresses": [AGENT]}
    others = [f"+1555867532{number}" for number in range(3)]
    assert told["created"] == [201, agent]
    assert_read(told["read"], [CUSTOMER, "Kim", *others])
    assert told["fetched"] == agent
    assert told["profiles"] == 4
    assert_refused(told["taken"], 409, 20409, "addresses[0]")
    assert told["updated"] == agent | {"name": "Kim B.", "type": "AI_AGENT"}
    assert_refused(told["unknown"], 404, 20404, "Participant not found")


def test_communications_are_said_corrected_and_read(walk):
    told = walk("communications")

    customer, shop = told["people"]
    assert told["created"] == [201, {"type": "TEXT", "text": "turn 0"}]
    turns = [f"turn {number}" for number in range(4)]
    assert_read(told["read"], [*turns, "my tent pole"])
    assert told["byChannel"] == ["turn 0"]
    author = {"channel": "SMS", "address": CUSTOMER, "participantId": customer}
    recipient = AGENT | {"participantId": shop, "deliveryStatus": "DELIVERED"}
    assert told["fetched"] == {
        "author": author,
        "recipients": [recipient],
        "channelId": "SM1",
        "occurredAt": OCCURRED_AT,
    }
    assert told["corrected"] == {
        "type": "TRANSCRIPTION",
        "text": "my tent pole",
        "transcription": {"channel": 0},
    }
    assert_refused(told["unknown"], 404, 20404, "Communication not found")
    assert_refused(told["nobody"], 400, 20001, "recipients")


def test_actions_say_something_and_are_fetched(walk):
    told = walk("actions")

    status, action = told["created"]
    said, *what = told["said"]
    assert (status, action["type"], action["status"]) == (
        202,
        "SEND_MESSAGE",
        "COMPLETED",
    )
    assert action["related"] == {"communicationId": said}
    assert action["failureReason"] is None
    assert told["fetched"] == action
    assert what == ["A new pole is on its way.", "SM2"]
    assert_refused(told["silent"], 400, 20001, "payload.content")
    assert_refused(told["late"], 400, 20001, "CLOSED")
    assert_refused(told["unknown"], 404, 20404, "Action not found")
