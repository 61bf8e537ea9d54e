"""Conversations: configurations, participants, what is said, actions."""

from typing import Any

from twilio.base.values import unset
from twilio.rest.conversations.v2.action import ActionList
from twilio.rest.conversations.v2.communication import CommunicationList
from twilio.rest.conversations.v2.configuration import ConfigurationList
from twilio.rest.conversations.v2.conversation import ConversationList
from twilio.rest.conversations.v2.participant import ParticipantList

from tests.sdk.python import OCCURRED_AT, make_store, read_all, refusal, tell

CUSTOMER, SHOP = "+15558675310", "+15550001000"
CONFIGURATION = (
    "id",
    "displayName",
    "description",
    "conversationGroupingType",
    "memoryStoreId",
    "channelSettings",
    "statusCallbacks",
    "memoryExtractionEnabled",
    "version",
)
PARTICIPANT = ("name", "type", "addresses")


def configurations(client: Any) -> dict[str, Any]:
    talks, store = client.conversations, make_store(client.memory, "configurations")
    ids = [_configure(talks, store, f"desk-{number}") for number in range(4)]
    asked = _configuration(store, "desk-4", description="Texts")
    key = "0f5b8c7e-3a52-4a3f-9a42-0d3b1f0c9a11"
    created = talks.configurations.create_with_http_info(key, asked)
    again = talks.configurations.create(key, asked)
    one = talks.configurations(created.data.related["configurationId"])
    fetched = tell(one.fetch(), *CONFIGURATION)
    whole = ConfigurationList.UpdateConfigurationRequest(
        {
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryStoreId": store,
            "description": "Replaced",
            "channelSettings": {"CHAT": {"statusTimeouts": {"closed": 5}}},
        }
    )
    updated = one.update_with_http_info(unset, whole)
    replaced = tell(one.fetch(), *CONFIGURATION)
    change = ConfigurationList.PatchConfigurationRequest(
        {
            "memoryExtractionEnabled": True,
            "channelSettings": {"SMS": {"statusTimeouts": {"inactive": 3}}},
        }
    )
    other = make_store(client.memory, "elsewhere")
    return {
        "store": store,
        "ids": [*ids, one.fetch().id],
        "created": _settle(talks, created),
        "again": again.related,
        "taken": refusal(lambda: talks.configurations.create(unset, asked)),
        "read": read_all(talks.configurations, lambda item: item.display_name),
        "byStore": len(talks.configurations.list(memory_store_id=store)),
        "byOther": talks.configurations.list(memory_store_id=other),
        "fetched": fetched,
        "updated": _settle(talks, updated),
        "replaced": replaced,
        "patched": _settle(talks, one.patch_with_http_info(unset, change)),
        "changed": tell(one.fetch(), *CONFIGURATION),
        "deleted": _settle(talks, one.delete_with_http_info()),
        "gone": refusal(one.fetch),
    }


def _settle(talks: Any, accepted: Any) -> dict[str, Any]:
    """A 202, and the operation behind it; the body of a DELETE is a dictionary."""
    operation = talks.operations(accepted.headers["Operation-Id"]).fetch()
    body = accepted.data
    url = body["statusUrl"] if isinstance(body, dict) else body.status_url
    dated = operation.completed_at >= operation.created_at
    return tell(operation, "status", "related", "error") | {
        "accepted": accepted.status_code,
        "addressed": url == operation.status_url == accepted.headers["Location"],
        "dated": dated,
    }


def _configuration(store: str, name: str, **more: Any) -> Any:
    return ConfigurationList.CreateConfigurationRequest(
        {
            "displayName": name,
            "description": "",
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryStoreId": store,
            "channelSettings": {
                "SMS": {
                    "statusTimeouts": {"inactive": 10, "closed": 30},
                    "captureRules": [{"from": "*", "to": SHOP}],
                },
                "VOICE": {"statusTimeouts": None},
            },
            "statusCallbacks": [{"url": "https://agent.example/hook"}],
        }
        | more
    )


def _configure(talks: Any, store: str, name: str) -> str:
    request = _configuration(store, name, statusCallbacks=[])
    return talks.configurations.create(unset, request).related["configurationId"]


def conversations(client: Any) -> dict[str, Any]:
    talks, store = client.conversations, make_store(client.memory, "conversations")
    configuration = _configure(talks, store, "desk")
    ids = [_open(talks, configuration, f"+1555867531{n}").id for n in range(4)]
    asked = ConversationList.CreateConversationWithConfigRequest(
        {
            "configuration": {
                "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
                "memoryStoreId": store,
                "memoryExtractionEnabled": True,
                "statusCallbacks": [{"url": "https://agent.example/hook"}],
            },
            "name": "Tent pole",
            "metadata": {"order": "1", "shop": "Bern"},
            "participants": [_person(channelId="CA4")],
        }
    )
    created = talks.conversations.create_with_http_info(asked)
    one = talks.conversations(created.data.id)
    fields = ("id", "configurationId", "status", "name", "metadata")
    quiet = ConversationList.PatchConversationByIdRequest(
        {"metadata": {"shop": "Ulm"}, "configuration": {"statusCallbacks": []}}
    )
    rests = ConversationList.UpdateConversationByIdRequest({"status": "INACTIVE"})
    closes = ConversationList.PatchConversationByIdRequest({"status": "CLOSED"})
    fetched = one.fetch()
    return {
        "ids": [*ids, created.data.id],
        "created": [created.status_code, tell(created.data, *fields)],
        "inline": fetched.configuration,
        "people": [each["name"] for each in fetched.participants],
        "taken": refusal(lambda: _open(talks, configuration, "+1 555 867-5310")),
        "read": read_all(talks.conversations, lambda item: item.id),
        "byChannel": [c.id for c in talks.conversations.list(channel_id="CA4")],
        "updated": tell(one.update(rests), *fields),
        "filtered": read_all(talks.conversations, lambda c: c.id, status=["ACTIVE"]),
        "resting": _list_ids(talks, "INACTIVE"),
        "either": _list_ids(talks, "ACTIVE", "INACTIVE"),
        "patched": tell(one.patch(quiet), *fields),
        "callbacks": one.fetch().configuration["statusCallbacks"],
        "closed": one.patch(closes).status,
        "reopened": refusal(lambda: one.update(rests)),
        "deleted": _settle(talks, one.delete_with_http_info()),
        "gone": refusal(one.fetch),
    }


def _list_ids(talks: Any, *statuses: str) -> list[str]:
    return [each.id for each in talks.conversations.list(status=statuses)]


def _person(address: str = CUSTOMER, **more: Any) -> dict[str, Any]:
    address_ = {"channel": "SMS", "address": address} | more
    return {"type": "CUSTOMER", "addresses": [address_]}


def _open(talks: Any, configuration: str, *addresses: str) -> Any:
    return talks.conversations.create(
        ConversationList.CreateConversationWithConfigRequest(
            {
                "configurationId": configuration,
                "participants": [_person(each) for each in addresses],
            }
        )
    )


def participants(client: Any) -> dict[str, Any]:
    talks, store = client.conversations, make_store(client.memory, "participants")
    conversation = _open(talks, _configure(talks, store, "desk"), CUSTOMER).id
    people = talks.participants(conversation)
    agent = {
        "name": "Kim",
        "type": "HUMAN_AGENT",
        "addresses": [{"channel": "SMS", "address": SHOP}],
    }
    request = ParticipantList.CreateParticipantInConversationRequest
    created = people.create_with_http_info(request(agent))
    for number in range(3):
        people.create(request(_person(f"+1555867532{number}")))
    one = people(created.data.id)
    change = ParticipantList.UpdateParticipantInConversationRequest(
        {"name": "Kim B.", "type": "AI_AGENT"}
    )
    profiles = {each.profile_id for each in people.list()}
    return {
        "created": [created.status_code, tell(created.data, *PARTICIPANT)],
        "read": read_all(people, lambda item: item.name),
        "fetched": tell(one.fetch(), *PARTICIPANT),
        "profiles": len(profiles - {None}),
        "taken": refusal(lambda: people.create(request(agent))),
        "updated": tell(one.update(change), *PARTICIPANT),
        "unknown": refusal(people("conv_participant_x").fetch),
    }


def communications(client: Any) -> dict[str, Any]:
    talks, store = client.conversations, make_store(client.memory, "communications")
    conversation = _open(talks, _configure(talks, store, "desk"), CUSTOMER).id
    said = talks.communications(conversation)
    created = said.create_with_http_info(_message("turn 0", channelId="SM1"))
    for number in range(1, 4):
        said.create(_message(f"turn {number}"))
    heard = {"type": "TRANSCRIPTION", "transcription": {"channel": 0}}
    for text in ("my ten", "my tent pole"):
        content = heard | {"text": text}
        last = said.create(_message("", content=content, resourceId="GT1:0"))
    one = said(created.data.id)
    fetched = one.fetch()
    return {
        "created": [created.status_code, created.data.content],
        "read": read_all(said, lambda item: item.content["text"]),
        "byChannel": [c.content["text"] for c in said.list(channel_id="SM1")],
        "fetched": tell(fetched, "author", "recipients", "channelId", "occurredAt"),
        "people": [p.id for p in talks.participants(conversation).list()],
        "corrected": last.content,
        "unknown": refusal(said("conv_communication_x").fetch),
        "nobody": refusal(lambda: said.create(_message("x", recipients=[]))),
    }


def _message(text: str, **more: Any) -> Any:
    return CommunicationList.CreateCommunicationInConversationRequest(
        {
            "author": {"channel": "SMS", "address": CUSTOMER},
            "content": {"type": "TEXT", "text": text},
            "recipients": [{"channel": "SMS", "address": SHOP}],
            "occurredAt": OCCURRED_AT,
        }
        | more
    )


def actions(client: Any) -> dict[str, Any]:
    talks, store = client.conversations, make_store(client.memory, "actions")
    conversation = _open(talks, _configure(talks, store, "desk"), CUSTOMER).id
    sent = talks.actions(conversation)
    created = sent.create_with_http_info(_send("A new pole is on its way."))
    fields = ("id", "type", "status", "conversationId", "related", "failureReason")
    [said] = talks.communications(conversation).list()
    closes = ConversationList.UpdateConversationByIdRequest({"status": "CLOSED"})
    silent = refusal(lambda: sent.create(_send("")))
    talks.conversations(conversation).update(closes)
    return {
        "created": [created.status_code, tell(created.data, *fields)],
        "fetched": tell(sent(created.data.id).fetch(), *fields),
        "said": [said.id, said.content["text"], said.channel_id],
        "silent": silent,
        "late": refusal(lambda: sent.create(_send("Too late."))),
        "unknown": refusal(sent("conv_action_x").fetch),
    }


def _send(text: str) -> Any:
    return ActionList.CreateConversationActionRequest(
        {
            "type": "SEND_MESSAGE",
            "payload": {
                "from": {"channel": "SMS", "address": SHOP},
                "to": [{"channel": "SMS", "address": CUSTOMER}],
                "content": {"text": text},
                "channelSettings": {"SMS": {"channelId": "SM2"}},
            },
        }
    )
