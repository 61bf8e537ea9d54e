"""Conversations that reach the memory as they should, set up through the API."""

from dataclasses import replace
from datetime import timedelta

import msgspec

from console.contract.conversations.communication import (
    CreateCommunication,
    SentParty,
    TextContent,
)
from console.contract.conversations.configuration import CreateConfiguration
from console.contract.conversations.conversation import (
    CreateConversation,
    PatchConversation,
)
from console.contract.memory.trait_group import NewTraitDefinition, PatchTraitGroup
from console.monitoring.checks import find_first, judge_all
from console.monitoring.evidence import Evidence, gather_evidence
from console.service.conversations.learning import learn
from console.tenants.models import Tenant
from console.tenants.vault import open_account, open_store

OURS, THEIRS = "+14155550111", "+14155550122"
SAID = (
    "My parcel 4521 from Lisbon came broken on Friday.",
    "Please send the new one to 12 Harbour Street.",
)
LATER = timedelta(minutes=5)
BY_ADDRESS = "GROUP_BY_PARTICIPANT_ADDRESSES"


class World:
    """A tenant; `fields` have the contract's names."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant, self.account = tenant, open_account(tenant)
        self.store = open_store(tenant)
        self.talks = self.store.conversations

    def api(self, method: str, path: str, body: dict | None = None) -> dict:
        return self.account._talks.send(method, path, dict, body=body).content

    def configure(self, name: str = "support", **fields) -> str:
        wanted = settings(self.tenant.store_id, displayName=name) | fields
        body = msgspec.convert(wanted, CreateConfiguration)
        return self.talks.create_configuration(body)

    def put(self, configuration_id: str, **fields) -> None:
        path = f"/v2/ControlPlane/Configurations/{configuration_id}"
        self.api("PUT", path, settings(self.tenant.store_id) | fields)

    def patch(self, configuration_id: str, **fields) -> None:
        self.api("PATCH", f"/v2/ControlPlane/Configurations/{configuration_id}", fields)

    def promote(self, **traits: str) -> None:
        group = PatchTraitGroup(
            traits={
                name: NewTraitDefinition(data_type="STRING", id_type_promotion=id_type)
                for name, id_type in traits.items()
            }
        )
        self.account.wait_for(self.store.patch_trait_group("Contact", group))

    def talk(
        self,
        configuration_id: str,
        *said: str,
        channel: str = "SMS",
        people: tuple[tuple[str, str], ...] = (),
        closes: bool = True,
        learns: bool = True,
    ) -> str:
        """Who is first says it all, to who is second; by default a customer does."""
        people = people or (("CUSTOMER", THEIRS), ("HUMAN_AGENT", OURS))
        parties = [{"channel": channel, "address": address} for _, address in people]
        wanted = {
            "configurationId": configuration_id,
            "participants": [
                {"type": type_, "addresses": [party]}
                for (type_, _), party in zip(people, parties, strict=True)
            ],
        }
        made = self.talks.create_conversation(
            msgspec.convert(wanted, CreateConversation)
        )
        author, recipient = (msgspec.convert(x, SentParty) for x in parties[:2])
        for text in said:
            content = TextContent(text=text)
            body = CreateCommunication(
                author=author, content=content, recipients=[recipient]
            )
            self.talks.create_communication(made.id, body)
        if closes:
            change = PatchConversation(status="CLOSED")
            self.talks.patch_conversation(made.id, change)
        if learns:
            learn.func()
        return made.id

    def list_wrong(self, asked: str = "", **changes) -> list[str]:
        """The checks that find something, the first hop that fails before all."""
        return list_wrong(look(self.tenant, asked, **changes))


def look(tenant: Tenant, asked: str = "", **changes) -> Evidence:
    """Five minutes from now: nothing is still on its way."""
    found = gather_evidence(tenant, asked)
    return replace(found, **{"now": found.now + LATER} | changes)


def list_wrong(evidence: Evidence) -> list[str]:
    verdicts = judge_all(evidence, {})
    first = find_first(verdicts)
    wrong = [x.name for x in verdicts if x.state in {"fail", "unknown", "warn"}]
    return [first.name, *(x for x in wrong if x != first.name)] if first else []


def settings(store_id: str, **fields) -> dict:
    return {
        "description": "of the support desk",
        "conversationGroupingType": BY_ADDRESS,
        "memoryStoreId": store_id,
        "memoryExtractionEnabled": True,
        "channelSettings": {"SMS": channel(OURS)},
        "statusCallbacks": [{"url": "https://hooks.example.com/talks"}],
    } | fields


def channel(ours: str = "", inactive: int = 10, closed: int = 60) -> dict:
    """Its timers, and rules for both directions of one number."""
    rules = [{"from": ours, "to": "*"}, {"from": "*", "to": ours}] if ours else []
    timers = {"inactive": inactive, "closed": closed}
    return {"statusTimeouts": timers, "captureRules": rules}
