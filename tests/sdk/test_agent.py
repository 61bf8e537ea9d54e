"""Twilio Agent Connect, unmodified, from the first message to what is remembered."""

import json
from contextlib import contextmanager

import pytest
from tac.models.outbound import (
    InitiateChatConversationOptions,
    InitiateMessagingConversationOptions,
)
from twilio.rest.conversations.v2.communication import CommunicationList
from twilio.rest.conversations.v2.configuration import ConfigurationList
from twilio.rest.conversations.v2.conversation import ConversationList
from twilio.rest.memory.v1.recall import RecallList

from console.service.conversations.models import Delivery, Transition
from tests.sdk.agent import Agent, listening
from tests.sdk.python import make_profile, make_store, wait_for

CUSTOMER, SHOP = "+15558675310", "+15550001000"
CHATTER, THREAD = "user-ada", "CH00000000000000000000000000000001"


class Model:
    """The language model: it says what it was told to say, and keeps its prompts."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def complete(self, path, headers, body):
        messages = json.loads(body)["messages"]
        self.prompts.append(messages[0]["content"])
        reply = f"Noted: {messages[1]['content']}"
        return {"choices": [{"message": {"role": "assistant", "content": reply}}]}


class Desk:
    """What a test asks of agent and memory."""

    def __init__(self, agent, model, python, store):
        self.agent, self.model = agent, model
        self.talks, self.memory = python.conversations, python.memory
        self.store = store

    def open(self, *participants, **more) -> str:
        request = ConversationList.CreateConversationWithConfigRequest(
            {
                "configurationId": self.agent.tac.config.conversation_configuration_id,
                "participants": list(participants),
                **more,
            }
        )
        return self.talks.conversations.create(request).id

    def say(self, conversation, text, author, recipient, **more):
        """As a carrier hands it over."""
        request = CommunicationList.CreateCommunicationInConversationRequest(
            {
                "author": author,
                "content": {"type": "TEXT", "text": text},
                "recipients": [recipient],
                **more,
            }
        )
        return self.talks.communications(conversation).create(request)

    def list_texts(self, conversation) -> list[str]:
        listed = self.talks.communications(conversation).list()
        return [each.content["text"] for each in listed]

    def await_texts(self, conversation, count) -> list[str]:
        wait_for(lambda: len(self.list_texts(conversation)) >= count)
        return self.list_texts(conversation)

    def close(self, conversation) -> None:
        """And wait until the worker has learned from it."""
        request = ConversationList.PatchConversationByIdRequest({"status": "CLOSED"})
        self.talks.conversations(conversation).patch(request)
        closed = Transition.objects.filter(
            conversation_id=conversation, status="CLOSED"
        )
        wait_for(lambda: closed.get().learning == "DONE")

    def find_profile(self, conversation) -> str:
        people = self.talks.participants(conversation).list()
        [customer] = [each for each in people if each.type == "CUSTOMER"]
        return customer.profile_id

    def recall(self, profile, **asked):
        request = RecallList.MemoryRetrievalRequest(asked)
        recalled = self.memory.recall(self.store, profile)
        return recalled.create(request, content_encoding="gzip")


@contextmanager
def environment(monkeypatch, account, configuration):
    variables = {
        "TWILIO_ACCOUNT_SID": account["accountSid"],
        "TWILIO_AUTH_TOKEN": account["authToken"],
        "TWILIO_API_KEY": account["apiKey"],
        "TWILIO_API_SECRET": account["apiSecret"],
        "TWILIO_PHONE_NUMBER": SHOP,
        "TWILIO_WHATSAPP_NUMBER": f"whatsapp:{SHOP}",
        "TWILIO_CONVERSATION_CONFIGURATION_ID": configuration,
        "TAC_ANALYTICS_DISABLED": "true",
    }
    with monkeypatch.context() as patch:
        patch.delenv("NO_PROXY")  # the other client's
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def desk(proxied, python, account, worker, settings, monkeypatch):
    settings.MEMORY_ALLOW_PRIVATE = True
    talks, store = python.conversations, make_store(python.memory, "agent")
    wanted = {
        "displayName": "agent",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": store,
        "channelSettings": {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 60}}},
        "memoryExtractionEnabled": True,
    }
    request = ConfigurationList.CreateConfigurationRequest(wanted)
    made = talks.configurations.create(create_configuration_request=request)
    configuration = made.related["configurationId"]
    model = Model()
    with (
        environment(monkeypatch, account, configuration),
        listening(model.complete) as address,
    ):
        agent = Agent(address)
        with agent.serving() as webhook:
            change = ConfigurationList.PatchConfigurationRequest(
                {"statusCallbacks": [{"url": webhook}]}
            )
            talks.configurations(configuration).patch(
                patch_configuration_request=change
            )
            yield Desk(agent, model, python, store)
            wait_for(lambda: not Delivery.objects.exclude(due_at=None).exists())


def test_agent_connect_answers_a_text_message_and_it_is_remembered(desk):
    known = make_profile(desk.memory, desk.store, phone=CUSTOMER, firstName="Ada")
    customer = {"channel": "SMS", "address": CUSTOMER}
    shop = {"channel": "SMS", "address": SHOP}
    # As capture leaves it: nobody has a type yet.
    conversation = desk.open()
    text = "I moved to Bergen last week, and my tent pole broke."

    desk.say(conversation, text, customer, shop)
    said = desk.await_texts(conversation, 2)

    assert said == [text, f"Noted: {text}"]
    assert "Ada" in desk.model.prompts[0]
    assert desk.find_profile(conversation) == known
    types = {each.type for each in desk.talks.participants(conversation).list()}
    assert types == {"CUSTOMER", "AI_AGENT"}

    desk.close(conversation)
    found = desk.recall(known, query="where does she live?")

    assert "Bergen" in found.observations[0]["content"]
    assert "tent pole" in found.summaries[0]["content"]

    again = desk.open()
    desk.say(again, "Is there news of my tent?", customer, shop)
    desk.await_texts(again, 2)

    assert "Bergen" in desk.model.prompts[1]
    assert desk.agent.errors == []


def test_agent_connect_makes_a_customer_of_a_stranger_without_a_name(desk):
    conversation = desk.open()
    text = "Do you repair tunnel tents in Bergen?"
    stranger, shop = (
        {"channel": "WHATSAPP", "address": f"whatsapp:{address}"}
        for address in ("+15558675319", SHOP)
    )

    desk.say(conversation, text, stranger, shop)
    desk.await_texts(conversation, 2)
    profile = desk.find_profile(conversation)
    desk.say(conversation, "I bought mine from you in 2019.", stranger, shop)
    desk.await_texts(conversation, 4)
    desk.close(conversation)

    found = desk.recall(profile, query="bought").observations
    assert any("2019" in each["content"] for each in found)
    assert not any("+1555" in each["content"] for each in found)
    assert desk.agent.errors == []


def test_agent_connect_answers_a_chat_in_its_thread(desk):
    ada = {"channel": "CHAT", "address": CHATTER}
    customer = {"type": "CUSTOMER", "addresses": [ada | {"channelId": THREAD}]}
    conversation = desk.open(customer)
    bot = {"channel": "CHAT", "address": "ai-assistant"}
    text = "I would like a refund for order 4711, please."

    desk.say(conversation, text, ada, bot, channelId=THREAD)
    desk.await_texts(conversation, 2)

    reply = desk.talks.communications(conversation).list()[1]
    assert reply.content["text"] == f"Noted: {text}"
    assert reply.channel_id == THREAD
    assert desk.agent.errors == []

    profile = desk.find_profile(conversation)
    desk.close(conversation)
    found = desk.recall(profile, query="refund")

    assert "4711" in found.observations[0]["content"]


def test_agent_connect_begins_conversations_and_takes_up_open_ones(desk):
    asked = InitiateMessagingConversationOptions(
        to=CUSTOMER, message="Your pole is here."
    )

    begun = desk.agent.do(desk.agent.sms.initiate_outbound_conversation(asked))
    again = desk.agent.do(desk.agent.sms.initiate_outbound_conversation(asked))

    assert again.conversation_id == begun.conversation_id
    assert desk.list_texts(begun.conversation_id) == ["Your pole is here."] * 2

    customer = {"channel": "SMS", "address": CUSTOMER}
    shop = {"channel": "SMS", "address": SHOP}
    desk.say(begun.conversation_id, "Great, I live in Oslo now.", customer, shop)
    said = desk.await_texts(begun.conversation_id, 4)

    assert said[3] == "Noted: Great, I live in Oslo now."
    # Its own messages are no question to it.
    assert len(desk.model.prompts) == 1

    asked = InitiateChatConversationOptions(
        to=CHATTER, message="Hello!", channel_id=THREAD
    )
    chat = desk.agent.do(desk.agent.chat.initiate_outbound_conversation(asked))

    assert desk.list_texts(chat.conversation_id) == ["Hello!"]
    assert desk.agent.errors == []


def test_voice_call_is_looked_up_recalled_transcribed_and_remembered(desk):
    phone = make_profile(desk.memory, desk.store, phone=CUSTOMER, firstName="Ada")
    caller = {"channel": "VOICE", "address": CUSTOMER}
    shop = {"channel": "VOICE", "address": SHOP}
    first = desk.open({"type": "CUSTOMER", "addresses": [caller]})
    desk.say(first, "I have a red tunnel tent from your shop.", caller, shop)
    desk.close(first)

    agent = desk.agent
    client = agent.tac.conversation_memory_client
    [profile] = agent.do(client.lookup_profile("phone", CUSTOMER)).profiles
    before = agent.do(client.retrieve_memory(profile))
    call = "CA00000000000000000000000000000001"
    conversation = desk.open(
        {"type": "CUSTOMER", "addresses": [caller | {"channelId": call}]}
    )
    for text in ("my pole", "my pole broke on", "My pole broke on Mount Ulriken."):
        content = {
            "type": "TRANSCRIPTION",
            "text": text,
            "transcription": {"channel": 0, "confidence": 0.9, "engine": "scripted"},
        }
        piece = {"content": content, "channelId": call, "resourceId": "GT1:0"}
        desk.say(conversation, text, caller, shop, **piece)
    agent.do(client.create_observation(profile, "Wants to be called after six."))
    desk.close(conversation)

    assert profile == phone
    assert "tunnel tent" in before.observations[0].content
    assert desk.list_texts(conversation) == ["My pole broke on Mount Ulriken."]
    texts = [
        each["content"] for each in desk.recall(profile, query="pole").observations
    ]
    assert any("Mount Ulriken" in text for text in texts)
    assert not any("broke on" in t and "Ulriken" not in t for t in texts)
    recent = desk.recall(profile, conversationId=conversation, communicationsLimit=5)
    assert [each["content"]["text"] for each in recent.communications] == [
        "My pole broke on Mount Ulriken."
    ]
    called = desk.talks.conversations.list(channel_id=call)
    assert [each.id for each in called] == [conversation]
