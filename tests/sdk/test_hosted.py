"""Clients that only know the hosted service's names, led here by a proxy."""

import asyncio
import json

import pytest
from tac.context.memory import MemoryClient
from twilio.rest import Client
from twilio.rest.memory.v1.store import StoreList

from tests.client import vendor
from tests.npm import PackagesMissing, or_skip
from tests.sdk.node_client import SCRIPTS, NodeClient
from tests.sdk.python import make_store


@pytest.fixture
def memory(proxied, account):
    """The client from PyPI without another address."""
    client = Client(account["accountSid"], account["authToken"])
    yield client.memory.v1
    client.http_client.session.close()


@pytest.fixture
def node(proxied, packages, account) -> NodeClient:
    more = {
        "HTTP_PROXY": proxied["HTTPS_PROXY"],  # what twilio-node reads
        "NODE_OPTIONS": f"--require {SCRIPTS / 'through_proxy.js'}",
        "ACTIONS_MEMORA_ENV": "production",
    }
    return NodeClient(packages, "", account, **proxied, **more)


def test_the_client_from_pypi_is_led_here(memory):
    named = StoreList.ServiceRequest({"displayName": "shop"})

    made = memory.stores.create_with_http_info(named)

    assert made.data.status_url.startswith("https://memory.twilio.com/v1/")
    assert len(memory.stores.list()) == 1


def test_a_host_that_is_not_served_is_not_led_here(proxied):
    with pytest.raises(OSError, match="403"):
        Client("AC" + "0" * 32, "x").api.v2010.accounts.list()


def test_agent_connect_remembers_and_recalls(memory, account):
    store = make_store(memory, "agent")
    client = MemoryClient(store, account["apiKey"], account["apiSecret"])

    async def converse():
        made = await client.create_profile({"contact": {"phone": "+14155550100"}})
        await client.create_observation(made, "Prefers tea to coffee")
        said = {
            "content": "Asked for a refund of order 7",
            "conversationId": "conv_conversation_01k0000000000000000000000b",
            "occurredAt": "2026-01-05T09:00:00Z",
        }
        await client.create_conversation_summaries(made, [said])
        return (
            made,
            await client.lookup_profile("phone", "(415) 555-0100"),
            await client.get_profile(made, trait_groups=["Contact"]),
            await client.retrieve_memory(made, query="what does she drink?"),
        )

    made, found, profile, recalled = asyncio.run(converse())

    assert found.profiles == [made]
    assert profile.traits == {"Contact": {"phone": "+14155550100"}}
    assert [item.content for item in recalled.observations] == ["Prefers tea to coffee"]
    assert [item.content for item in recalled.summaries] == [
        "Asked for a refund of order 7"
    ]


def test_segments_destination_sends_whoever_has_an_identifier(node):
    told = node.walk("segment")

    assert told["stores"] == [told["store"]]
    assert set(told["identifiers"]) >= {"Contact.$.email", "Contact.$.phone"}
    assert told["sent"] == [202, 202, 202]
    # `n/a` names nobody: that item is skipped, the others are stored.
    assert told["people"] == 2


@pytest.fixture
def description():
    try:
        return vendor.load_description()
    except PackagesMissing as missing:
        or_skip(missing, "the MCP server is not run")


# The description first: npm would ask for it through the proxy, which leads it nowhere.
def test_the_mcp_server_looks_up_notes_and_recalls(description, node, tmp_path):
    # JSON is YAML, which is all that it reads.
    (tmp_path / "specs").mkdir()
    file = tmp_path / "specs" / "twilio_memory_v1.yaml"
    file.write_text(json.dumps(description))
    node.environment["MEMORY_DESCRIPTION"] = str(file.parent)

    told = node.walk("mcp")

    assert told["profileId"] in told["found"]
    assert "accepted" in told["noted"]
    assert "Prefers tea" in told["recalled"]
    assert "accepted" in told["gone"]
