"""Conversations 10 and 11, and what goes with a conversation, a profile and a store."""

from unittest.mock import patch

import pytest

from console.service.conversations import models
from console.service.conversations.models import Communication
from console.service.memory import embedding_jobs
from console.service.memory.embedding_jobs import (
    embed_pending,
    get_embedder,
    make_vectors,
)
from console.service.models import StoreScoped, find_models
from tests.service.conversations.conftest import (
    CONVERSATIONS,
    CUSTOMER,
    SHOP,
    a_message,
    a_participant,
    a_party,
    assert_refused,
)

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


class Counted:
    """The real embedder, with what it was asked, and something that happens then."""

    def __init__(self, happening=lambda: None) -> None:
        self.model, self.texts, self._happening = get_embedder(), [], happening
        self.id = self.model.id

    def embed(self, texts):
        self._happening()
        self.texts += texts
        return self.model.embed(texts)


def test_communication_that_arrived_last_dates_its_conversation(api, path, say):
    before = api.get(path).json()
    say("One.", occurredAt="2025-11-30T08:00:00Z")
    say("Two.", occurredAt="2025-11-30T09:00:00Z")

    shown = api.get(path).json()
    [listed] = api.get(CONVERSATIONS).json()["conversations"]
    assert "lastCommunicationAt" not in before
    assert shown["lastCommunicationAt"] == "2025-11-30T09:00:00Z"
    assert listed == shown | {"opening": "One."}


def test_list_of_conversations_says_what_each_is_about(api, path, say):
    back = {"author": a_party(SHOP), "recipients": [a_party(CUSTOMER)]}
    say("Hello, are you there?")
    say("We are. What can we do for you on this fine day?", **back)
    say("My tent pole broke on the second night. " + "It was windy. " * 10)
    say("And I would like to have another one.")

    [listed] = api.get(CONVERSATIONS).json()["conversations"]

    assert listed["opening"].startswith("My tent pole broke on the second night. It")
    assert listed["opening"].endswith("It was")
    assert "opening" not in api.get(path).json()


def test_create_communication_answers_with_who_said_it_to_whom(conversation, say):
    said = say(
        "My tent pole broke.", channelId="SM1", occurredAt="2026-01-05T09:00:00Z"
    )

    customer, agent = conversation["participants"]
    assert said["author"] == {
        "address": CUSTOMER,
        "channel": "SMS",
        "participantId": customer["id"],
    }
    assert said["recipients"] == [
        {
            "address": SHOP,
            "channel": "SMS",
            "participantId": agent["id"],
            "deliveryStatus": "DELIVERED",
        }
    ]
    assert said["content"] == {"type": "TEXT", "text": "My tent pole broke."}
    assert (said["channelId"], said["occurredAt"]) == ("SM1", "2026-01-05T09:00:00Z")


def test_list_communications_is_oldest_first_and_pages_both_ways(api, path, say):
    texts = [f"turn {number}" for number in range(5)]
    for text in texts:
        say(text)

    first = api.get(f"{path}/Communications", pageSize=3).json()
    second = api.get(
        f"{path}/Communications", pageToken=first["meta"]["nextToken"]
    ).json()

    found = first["communications"] + second["communications"]
    assert [each["content"]["text"] for each in found] == texts


def test_fetch_communication_answers_what_the_list_does(api, path, say):
    said = say("My tent pole broke.")

    [listed] = api.get(f"{path}/Communications").json()["communications"]

    assert api.get(f"{path}/Communications/{said['id']}").json() == listed


def test_communication_resource_id_corrects_the_first(api, path, say):
    content = {
        "type": "TRANSCRIPTION",
        "text": "my ten",
        "transcription": {"channel": 0},
    }
    first = say(content=content, resourceId="GT1:0", occurredAt="2026-01-05T09:00:00Z")
    content = content | {"text": "my tent pole"}

    second = say(content=content, resourceId="GT1:0")

    assert second["id"] == first["id"]
    assert second["content"]["text"] == "my tent pole"
    assert second["occurredAt"] == "2026-01-05T09:00:00Z"
    assert len(api.get(f"{path}/Communications").json()["communications"]) == 1


def test_communication_of_somebody_new_adds_them(api, path, say):
    said = say(author=a_party("+15557770000"))

    people = api.get(f"{path}/Participants").json()["participants"]
    assert said["author"]["participantId"] == people[2]["id"]
    assert people[2]["type"] == "UNKNOWN"
    assert people[2]["name"] == "+15557770000"


def test_communication_by_an_address_in_another_spelling_is_the_same_person(
    conversation, say
):
    said = say(author=a_party("+1 (555) 867-5310"))

    assert said["author"]["participantId"] == conversation["participants"][0]["id"]


def test_communication_refusals_name_the_field(api, path):
    def post(**changes):
        return api("POST", f"{path}/Communications", a_message() | changes)

    stranger = a_party(CUSTOMER, participantId="conv_participant_x")
    assert_refused(post(author=stranger), 400, 20001, "author.participantId")
    assert_refused(
        post(recipients=[stranger]), 400, 20001, "recipients[0].participantId"
    )
    assert_refused(post(recipients=[]), 400, 20001, "recipients")
    assert_refused(
        post(content={"type": "IMAGE", "text": "x"}), 400, 20001, "content.type"
    )
    assert_refused(post(author={"address": CUSTOMER}), 400, 20001, "author", "channel")


def test_conversation_is_found_by_a_channel_id(api, conversation, say):
    say(channelId="CA123")

    found = api.get(CONVERSATIONS, channelId="CA123", status="ACTIVE").json()

    assert [each["id"] for each in found["conversations"]] == [conversation["id"]]
    assert api.get(CONVERSATIONS, channelId="CA124").json()["conversations"] == []


def test_create_action_says_it_and_is_completed(api, conversation, path):
    _customer, agent = conversation["participants"]
    body = {
        "type": "SEND_MESSAGE",
        "payload": {
            "from": {"participantId": agent["id"]},
            "to": [{"address": CUSTOMER, "channel": "SMS"}],
            "content": {"text": "A new pole is on its way."},
        },
    }

    answer = api("POST", f"{path}/Actions", body)

    action = answer.json()
    assert (answer.status_code, action["status"]) == (202, "COMPLETED")
    assert api.get(f"{path}/Actions/{action['id']}").json() == action
    [said] = api.get(f"{path}/Communications").json()["communications"]
    assert said["id"] == action["related"]["communicationId"]
    assert said["author"]["participantId"] == agent["id"]
    assert said["recipients"][0]["deliveryStatus"] == "DELIVERED"


def test_fetch_action_refuses_one_that_is_not_there(api, path):
    assert_refused(api("GET", f"{path}/Actions/nobody"), 404, 20404, "not found")


@pytest.mark.parametrize(
    "settings", [{"channelId": "CH1"}, {"SMS": {"channelId": "CH1"}}]
)
def test_action_is_said_in_the_thread_of_its_channel_settings(api, path, settings):
    payload = {
        "from": {"address": SHOP, "channel": "SMS"},
        "to": [{"address": CUSTOMER, "channel": "SMS"}],
        "content": {"text": "Hello."},
        "channelSettings": settings | {"messagingServiceSid": "MG1"},
    }

    api("POST", f"{path}/Actions", {"type": "SEND_MESSAGE", "payload": payload})

    [said] = api.get(f"{path}/Communications", channelId="CH1").json()["communications"]
    assert said["channelId"] == "CH1"


def test_action_refusals_name_the_field(api, path):
    def post(**changes):
        payload = {
            "from": {"address": SHOP, "channel": "SMS"},
            "to": [{"address": CUSTOMER, "channel": "SMS"}],
            "content": {"text": "Hello."},
        } | changes
        return api(
            "POST", f"{path}/Actions", {"type": "SEND_MESSAGE", "payload": payload}
        )

    assert_refused(post(content={}), 400, 20001, "payload.content")
    assert_refused(post(to=[{"participantId": "x"}]), 400, 20001, "payload.to[0]")
    assert_refused(
        post(channelSettings={"channelId": 7}), 400, 20001, "channelSettings.channelId"
    )
    assert_refused(post(**{"from": {"address": SHOP}}), 400, 20001, "payload.from")


def count_rows(conversation_id: str) -> int:
    tables = find_models(models.ConversationScoped)
    assert len(tables) >= 8
    return sum(
        model.objects.filter(conversation_id=conversation_id).count()
        for model in tables
    )


def test_delete_conversation_leaves_no_row(api, conversation, path, say):
    say(channelId="CA1")
    before = count_rows(conversation["id"])

    operation = api.result(api("DELETE", path))

    assert operation["related"] == {"conversationId": conversation["id"]}
    assert before > 4
    assert count_rows(conversation["id"]) == 0
    assert_refused(api("GET", path), 404, 20404)


def test_conversation_goes_with_its_customers_profile(
    api, store, conversation, path, say
):
    say()
    profile_id = conversation["participants"][0]["profileId"]

    gone = api("DELETE", f"/v1/Stores/{store}/Profiles/{profile_id}")

    assert gone.status_code == 202
    assert count_rows(conversation["id"]) == 0
    assert_refused(api("GET", path), 404, 20404)


def test_conversation_of_two_customers_loses_one_with_his_words(
    api, store, configure, open_conversation
):
    id_ = configure("group", conversationGroupingType="GROUP_BY_PARTICIPANT_ADDRESSES")
    made = open_conversation(
        a_participant(), a_participant("+15558675311"), configurationId=id_
    )
    path = f"{CONVERSATIONS}/{made['id']}"
    for address in (CUSTOMER, "+15558675311"):
        said = a_message(f"this is {address}", author=a_party(address))
        assert api("POST", f"{path}/Communications", said).status_code == 201

    api("DELETE", f"/v1/Stores/{store}/Profiles/{made['participants'][0]['profileId']}")

    [kept] = api.get(f"{path}/Communications").json()["communications"]
    assert kept["content"]["text"] == "this is +15558675311"
    people = api.get(f"{path}/Participants").json()["participants"]
    assert [each["id"] for each in people[:1]] == [made["participants"][1]["id"]]


def test_conversation_goes_with_its_store(api, store, conversation, say):
    say()

    assert api("DELETE", f"/v1/ControlPlane/Stores/{store}").status_code == 202

    assert count_rows(conversation["id"]) == 0
    assert not any(
        model.objects.filter(store_id=store).exists()
        for model in find_models(StoreScoped)
    )


def test_recall_of_a_conversation_asks_by_what_was_said_and_quotes_it(
    api, store, conversation, say
):
    person = (
        f"/v1/Stores/{store}/Profiles/{conversation['participants'][0]['profileId']}"
    )
    observations = [
        {"content": text, "source": "chat", "occurredAt": "2026-01-05T09:00:00Z"}
        for text in ("Likes herbal tea.", "Owns a red tunnel tent.", "Lives in Bergen.")
    ]
    api("POST", f"{person}/Observations", {"observations": observations})
    for text in ("Hello!", "The pole of my tunnel tent broke.", "Can you help?"):
        say(text)

    recalled = api(
        "POST",
        f"{person}/Recall",
        {"conversationId": conversation["id"], "communicationsLimit": 2, "trace": True},
    ).json()

    assert recalled["trace"]["mode"] == "conversation"
    assert recalled["observations"][0]["content"] == "Owns a red tunnel tent."
    said = recalled["communications"]
    assert [each["content"]["text"] for each in said] == [
        "The pole of my tunnel tent broke.",
        "Can you help?",
    ]
    customer, agent = conversation["participants"]
    assert said[0]["author"] == {
        "id": customer["id"],
        "name": CUSTOMER,
        "address": CUSTOMER,
        "channel": "SMS",
        "type": "CUSTOMER",
        "profileId": customer["profileId"],
    }
    assert said[0]["recipients"][0]["name"] == agent["name"] == "Kim"


def test_recall_goes_by_a_turn_as_it_was_corrected(api, store, conversation, say):
    person = conversation["participants"][0]["profileId"]
    path = f"/v1/Stores/{store}/Profiles/{person}"
    known = {"source": "chat", "occurredAt": "2026-01-05T09:00:00Z"}
    texts = ("Likes herbal tea.", "Owns a red tunnel tent.")
    items = [known | {"content": text} for text in texts]
    api("POST", f"{path}/Observations", {"observations": items})
    asked = {"conversationId": conversation["id"]}
    found = []

    for text in ("Which tent is it?", "Which tent is it?", "Which tea is it?"):
        say(text, resourceId="piece-1")
        recalled = api("POST", f"{path}/Recall", asked).json()["observations"]
        found.append([(each["content"], each["score"]) for each in recalled])

    assert found[0] == found[1]
    assert found[1][0][0] == "Owns a red tunnel tent."
    assert found[2][0][0] == "Likes herbal tea."


def test_recall_finds_the_last_ten_turns_embedded(api, store, conversation, say):
    person = conversation["participants"][0]["profileId"]
    asked = {"conversationId": conversation["id"]}
    for number in range(12):
        say(f"The tent has broken on day {number}.", resourceId=f"piece-{number}")
    make_vectors.func()
    say("Pole number 12 has broken.")
    make_vectors.func()
    say("On day eleven it was.", resourceId="piece-11")
    model = Counted()

    with patch.object(embedding_jobs, "get_embedder", lambda: model):
        api("POST", f"/v1/Stores/{store}/Profiles/{person}/Recall", asked)

    said = Communication.objects.order_by("sequence")
    assert [bool(each.vector) for each in said] == [False] * 3 + [True] * 8 + [
        False,
        True,
    ]
    assert model.texts == ["On day eleven it was."]


def test_embedding_leaves_a_turn_that_is_corrected_meanwhile_to_the_next_run(say):
    say("The pole broke.", resourceId="piece-1")
    correct = Counted(lambda: say("The peg broke.", resourceId="piece-1"))

    during = sum(embed_pending(correct))
    vector_then = Communication.objects.get().vector
    after = sum(embed_pending(get_embedder()))

    assert correct.texts == ["The pole broke."]
    assert (during, vector_then, after) == (0, b"", 1)


def test_recall_quotes_no_conversation_of_other_customers(
    api, make_profile, conversation, say
):
    say("My tent pole broke.")
    other = make_profile("bob@example.com")

    asked = {"conversationId": conversation["id"], "communicationsLimit": 5}
    recalled = api("POST", f"{other}/Recall", asked).json()

    assert conversation["participants"][0]["profileId"] not in other
    assert recalled["communications"] == []
