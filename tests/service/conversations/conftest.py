"""Conversations as a client meets them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from tests.service.conftest import (  # noqa: F401
    Api,
    api,
    assert_refused,
    http,
    leave_the_memorys_urls,
    make_api,
    make_profile,
    make_store,
    profile,
    store,
)

CONFIGURATIONS = "/v2/ControlPlane/Configurations"
CONVERSATIONS = "/v2/Conversations"
CUSTOMER, SHOP = "+15558675310", "+15550001000"
NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def a_party(address: str, channel: str = "SMS", **more: Any) -> dict[str, Any]:
    return {"address": address, "channel": channel} | more


def a_participant(address: str = CUSTOMER, type_: str = "CUSTOMER", **more: Any) -> Any:
    channel = more.pop("channel", "SMS")
    addresses = [a_party(address, channel)]
    return {"type": type_, "addresses": addresses} | more


def a_message(text: str = "My tent pole broke.", **more: Any) -> dict[str, Any]:
    return {
        "author": a_party(CUSTOMER),
        "content": {"type": "TEXT", "text": text},
        "recipients": [a_party(SHOP)],
    } | more


@pytest.fixture
def clock():
    """Noon of 5 January 2026; `clock.shift(timedelta)` lets time pass."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def configure(api: Api, store: str) -> Callable[..., str]:  # noqa: F811
    """Makes a configuration; answers its id."""

    def make(name: str = "support", **more: Any) -> str:
        body = {
            "displayName": name,
            "description": "",
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryStoreId": store,
            "channelSettings": {
                "SMS": {"statusTimeouts": {"inactive": 10, "closed": 30}}
            },
        } | more
        operation = api.result(api("POST", CONFIGURATIONS, body))
        return operation["related"]["configurationId"]

    return make


@pytest.fixture
def configuration(configure) -> str:
    return configure()


@pytest.fixture
def open_conversation(api: Api, configuration: str) -> Callable[..., Any]:  # noqa: F811
    """Opens one between the customer and the shop; answers it."""

    def make(*participants: Any, **more: Any) -> Any:
        both = [a_participant(), a_participant(SHOP, "HUMAN_AGENT", name="Kim")]
        body = {
            "configurationId": configuration,
            "participants": list(participants) or both,
        } | more
        answer = api("POST", CONVERSATIONS, body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


@pytest.fixture
def conversation(open_conversation) -> Any:
    return open_conversation()


@pytest.fixture
def path(conversation: Any) -> str:
    return f"{CONVERSATIONS}/{conversation['id']}"


@pytest.fixture
def say(api: Api, path: str) -> Callable[..., Any]:  # noqa: F811
    """Says something in the conversation; answers the communication."""

    def make(text: str = "My tent pole broke.", **more: Any) -> Any:
        answer = api("POST", f"{path}/Communications", a_message(text, **more))
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make
