"""Observations with their revisions, summaries, recall."""

from typing import Any

from twilio.rest.memory.v1.conversation_summary import ConversationSummaryList
from twilio.rest.memory.v1.observation import ObservationList
from twilio.rest.memory.v1.recall import RecallList

from tests.sdk.python import (
    CONVERSATION,
    OCCURRED_AT,
    OTHER_CONVERSATION,
    make_profile,
    make_store,
    read_all,
    refusal,
    tell,
)

DATES = ("id", "createdAt", "updatedAt")


def observations(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "observations")
    person = make_profile(memory, store, email="o@example.com")
    seen = memory.observations(store, person)
    created = seen.create_with_http_info(_observed(*range(4)))
    late = {"source": "desk/mail", "conversationIds": [CONVERSATION]}
    seen.create(_observed(4, **late))
    read = read_all(seen, lambda item: item.content)
    [newest] = seen.list(limit=1, conversation_id=CONVERSATION)
    one = seen(newest.id)
    fields = ("content", "source", "occurredAt", "conversationIds", *DATES)
    fetched = tell(one.fetch(), *fields)
    patched = one.patch(ObservationList.ObservationBase({"content": "change 0"}))
    for number in range(1, 4):
        change = ObservationList.ObservationBase({"content": f"change {number}"})
        one.patch(change)
    revisions = memory.revisions(store, person, newest.id)
    return {
        "created": [created.status_code, created.data.message],
        "read": read,
        "oldest": [item.content for item in seen.list(order_by="ASC")],
        "bySource": [item.content for item in seen.list(source="desk/mail")],
        "byOther": seen.list(conversation_id=OTHER_CONVERSATION),
        "since": len(seen.list(created_after=seen.list()[-1].created_at)),
        "before": len(seen.list(created_before=OCCURRED_AT)),
        "newest": newest.id,
        "fetched": fetched,
        "patched": patched.message,
        "revisions": read_all(revisions, lambda item: item.content),
        "revised": sorted({item.id for item in revisions.list()}),
        "deleted": one.delete()["message"],
        "gone": refusal(one.fetch),
        "left": [item.content for item in seen.list()],
    }


def _observed(*numbers: int, **fields: Any) -> Any:
    items = [
        {"content": f"fact {number}", "source": "chat", "occurredAt": OCCURRED_AT}
        | fields
        for number in numbers
    ]
    return ObservationList.CreateObservationsRequest({"observations": items})


def summaries(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "summaries")
    person = make_profile(memory, store, email="s@example.com")
    said = memory.conversation_summaries(store, person)
    created = said.create_with_http_info(_summed(*range(4)))
    said.create(_summed(4, conversationId=OTHER_CONVERSATION, source="desk"))
    [newest] = said.list(limit=1, conversation_id=OTHER_CONVERSATION)
    one = said(newest.id)
    fields = ("content", "source", "occurredAt", "conversationId", *DATES)
    change = ConversationSummaryList.SummaryCorePatch({"content": "changed"})
    return {
        "created": [created.status_code, created.data.message],
        "read": read_all(said, lambda item: item.content),
        "byConversation": len(said.list(conversation_id=CONVERSATION)),
        "newest": newest.id,
        "fetched": tell(one.fetch(), *fields),
        "patched": one.patch(change).message,
        "changed": tell(one.fetch(), "content", "source", "occurredAt"),
        "deleted": one.delete()["message"],
        "gone": refusal(one.fetch),
        "left": len(said.list()),
    }


def _summed(*numbers: int, **fields: Any) -> Any:
    items = [
        {
            "content": f"talk {number}",
            "conversationId": CONVERSATION,
            "occurredAt": OCCURRED_AT,
        }
        | fields
        for number in numbers
    ]
    return ConversationSummaryList.CreateSummariesRequest({"summaries": items})


def recall(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "recall")
    person = make_profile(memory, store, email="r@example.com")
    seen = memory.observations(store, person)
    seen.create(_observed(0, content="Prefers SMS over calls."))
    seen.create(_observed(1, content="Owns a red bicycle."))
    memory.conversation_summaries(store, person).create(_summed(0))

    def ask(**asked: Any) -> Any:
        request = RecallList.MemoryRetrievalRequest(asked)
        # No compression is done: the header is all that the client adds.
        return memory.recall(store, person).create(request, content_encoding="gzip")

    ranked = ask(query="bicycle", relevanceThreshold=0.1)
    recent = ask()
    return {
        "ranked": [item["content"] for item in ranked.observations],
        "scores": [item["score"] for item in ranked.observations],
        "occurred": ranked.observations[0]["occurredAt"],
        "recent": [item["content"] for item in recent.observations],
        "unscored": [item.get("score") for item in recent.observations],
        "summaries": [item["content"] for item in recent.summaries],
        "none": [ask(observationsLimit=0, summariesLimit=1).observations],
        "early": ask(endDate=OCCURRED_AT).observations,
        "communications": recent.communications,
        "queryTime": recent.meta["queryTime"],
    }
