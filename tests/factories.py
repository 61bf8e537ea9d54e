"""Builders that go the way the product goes: commands, services and the client."""

from collections.abc import Sequence
from itertools import count
from typing import Any
from unittest.mock import patch

import msgspec
from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from console.accounts.models import User
from console.audit.log import log
from console.contract.conversations.communication import (
    CreateCommunication,
    SentParty,
    TextContent,
)
from console.contract.conversations.configuration import StatusCallback
from console.contract.conversations.conversation import (
    Conversation,
    CreateConversation,
    CreateParticipant,
    InlineConfiguration,
    PatchConversation,
    SentAddress,
)
from console.contract.ids import new_id
from console.contract.knowledge.base import CreateKnowledgeBase
from console.contract.knowledge.source import CreateKnowledge, SentText
from console.contract.memory.observation import NewObservation, Observation
from console.contract.memory.recall import RecallRequest
from console.contract.memory.summary import NewSummary, Summary
from console.databases.encryption import encrypt
from console.pages.onboarding.steps import save_tenant
from console.profiles.items import OBSERVATION, SUMMARY
from console.service.conversations.learning import learn
from console.service.knowledge.ingestion import read_source
from console.service.memory import ledger
from console.service.memory.models import LedgerEntry, Profile
from console.service.memory.recall import recall
from console.service.memory.stores import create_store
from console.service.models import Account, create_account
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from console.tenants.services import add_member, check_available
from console.tenants.vault import open_account, open_store

# Headers of a request that htmx makes.
HTMX = {"HX-Request": "true"}
PASSWORD = "correct-horse-battery-9"
OCCURRED_AT = "2026-01-05T09:00:00Z"
ITEMS_A_CALL = 10
_number = count(1)


@receiver(user_logged_in)
def prove_identity(request: Any, user: User, **_: Any) -> None:
    """`force_login` is a sign-in of a moment ago, as a real one leaves it."""
    record_authentication(request, user, method="password")


def make_user(
    role: Role | None = None,
    tenant: Tenant | None = None,
    *,
    email: str = "",
    name: str = "Sam Staff",
    **fields: Any,
) -> User:
    """A person with PASSWORD; with `role`, for `tenant` or (operators) for all."""
    user = User.objects.create_user(
        email or f"staff{next(_number)}@console.example",
        name=name,
        password=PASSWORD,
        **fields,
    )
    if role:
        add_member(user, tenant=tenant, role=role)
    return user


def make_account(name: str = "acme") -> dict[str, str]:
    """accountSid, authToken, apiKey and apiSecret of a new embedded account."""
    new = create_account(name)
    return {
        "accountSid": new.account_sid,
        "authToken": new.auth_token,
        "apiKey": new.api_key,
        "apiSecret": new.api_secret,
    }


def make_tenant(slug: str = "acme", name: str = "", **fields: Any) -> Tenant:
    """A tenant with an embedded account and an empty store of its own; or of the account
    whose SID and secret are given."""
    name = name or slug.title()
    if fields:
        secret, sid = fields.pop("secret"), fields["account_sid"]
        check_available(slug=slug, name=name)
        if "store_id" not in fields:
            fields["store_id"] = make_store(sid, f"client-{slug}")
        tenant = Tenant(slug=slug, name=name, **fields)
        save_tenant(tenant, secret, Actor(None))
        return tenant
    # Thousands of tests begin here: what the page would write, without its calls.
    account = create_account(slug)
    store_id = make_store(account.account_sid, f"client-{slug}")
    tenant = Tenant(
        slug=slug, name=name, account_sid=account.account_sid, store_id=store_id
    )
    tenant.encrypted_token = encrypt(account.auth_token, context=tenant.token_context)
    tenant.save(force_insert=True)
    log(Actor(None, tenant), "tenant.added", "tenant", str(tenant.pk), stores_made=1)
    return tenant


def make_store(account_sid: str, name: str = "client-1") -> str:
    """The id of a new store of an embedded account."""
    account = Account(sid=account_sid)
    return create_store(account, display_name=name, description="").id


def move_tenant(tenant: Tenant, address: str, token: str = "a token") -> None:
    """Its memory is at another address now, and its token is sealed for that."""
    tenant.address = address
    tenant.encrypted_token = encrypt(token, context=tenant.token_context)
    tenant.save()


def make_profile(tenant: Tenant, **traits: Any) -> str:
    """The id of a new profile; `traits` are of the Contact group."""
    contact = traits or {"email": f"customer{next(_number)}@example.com"}
    return open_store(tenant).create_profile({"Contact": contact}).id


def make_observation(
    tenant: Tenant,
    profile_id: str,
    content: str = "Prefers SMS over calls.",
    **fields: Any,
) -> Observation:
    """`fields` have the contract's names, as `occurredAt` and `conversationIds`."""
    store = open_store(tenant)
    facts = {"source": "chat", "occurredAt": OCCURRED_AT} | fields
    before = {item.id for item in store.list_observations(profile_id).items}
    observation = msgspec.convert({"content": content} | facts, NewObservation)
    store.create_observations(profile_id, [observation])
    after = store.list_observations(profile_id).items
    return next(item for item in after if item.id not in before)


def make_summary(
    tenant: Tenant,
    profile_id: str,
    content: str = "Asked about order 4521; it was sent again.",
    **fields: Any,
) -> Summary:
    """`fields` have the contract's names; a new conversation without conversationId."""
    store = open_store(tenant)
    facts = {
        "source": "chat",
        "occurredAt": OCCURRED_AT,
        "conversationId": new_id("conv_conversation"),
    } | fields
    before = {item.id for item in store.list_summaries(profile_id).items}
    summary = msgspec.convert({"content": content} | facts, NewSummary)
    store.create_summaries(profile_id, [summary])
    after = store.list_summaries(profile_id).items
    return next(item for item in after if item.id not in before)


def make_items(
    tenant: Tenant,
    profile_id: str,
    *,
    observations: int = 0,
    summaries: int = 0,
    **fields: Any,
) -> None:
    """Many in a few calls, all learned at one time; `{}` in `content` is a number."""
    store = open_store(tenant)
    facts = {"source": "chat", "occurredAt": OCCURRED_AT} | fields
    for kind, wanted in ((OBSERVATION, observations), (SUMMARY, summaries)):
        default = "Fact {}" if kind is OBSERVATION else "Summary {}"
        content = str(facts.get("content", default))
        items = []
        for number in range(wanted):
            item = facts | {"content": content.format(number)}
            if kind is SUMMARY:
                item = {"conversationId": new_id("conv_conversation")} | item
            items.append(msgspec.convert(item, kind.new))
        for start in range(0, wanted, ITEMS_A_CALL):
            kind.create(store, profile_id, items[start : start + ITEMS_A_CALL])


def make_knowledge(tenant: Tenant, text: str, name: str = "Returns") -> None:
    """A base of the tenant's with one text, which is read."""
    client = open_account(tenant).knowledge
    base_id = client.create_base(CreateKnowledgeBase(display_name=f"of-{tenant.slug}"))
    source = CreateKnowledge(name=name, source=SentText(content=text))
    read_source.func(client.create_source(base_id, source).id)
    tenant.knowledge_bases = [base_id]
    tenant.save(update_fields=["knowledge_bases"])


def make_conversation(
    tenant: Tenant,
    *texts: str,
    address: str = "+15558675310",
    name: str = "",
    learns: bool = True,
    closes: bool = False,
    callbacks: Sequence[str] = (),
    others: Sequence[str] = (),
) -> Conversation:
    """By SMS between a customer and Kim of the shop, who answers each text.

    others  addresses of customers who only listen
    """
    client = open_store(tenant).conversations
    shop = "+15550001000"
    people = [
        CreateParticipant(
            type=type_,
            name=called,
            addresses=[SentAddress(channel="SMS", address=at)],
        )
        for type_, called, at in (
            ("CUSTOMER", name, address),
            ("HUMAN_AGENT", "Kim", shop),
            *(("CUSTOMER", "", other) for other in others),
        )
    ]
    made = client.create_conversation(
        CreateConversation(
            configuration=InlineConfiguration(
                memory_store_id=tenant.store_id,
                conversation_grouping_type="GROUP_BY_PROFILE",
                memory_extraction_enabled=learns,
                status_callbacks=[StatusCallback(url=url) for url in callbacks],
            ),
            participants=people,
        )
    )
    for text in texts:
        for author, to, said in ((address, shop, text), (shop, address, "Noted.")):
            client.create_communication(
                made.id,
                CreateCommunication(
                    author=SentParty(address=author, channel="SMS"),
                    content=TextContent(text=said),
                    recipients=[SentParty(address=to, channel="SMS")],
                ),
            )
    if closes:
        client.patch_conversation(made.id, PatchConversation(status="CLOSED"))
        learn.func()
    return client.fetch_conversation(made.id)


def make_ledger_entry(
    tenant: Tenant, profile_id: str, ms: float = 5.0, **asked: Any
) -> str:
    """The id of what a program recalled, as the contract's RecallRequest asks; it is
    written at once, by no thread."""
    profile = Profile.objects.get(store_id=tenant.store_id, id=profile_id)
    request = msgspec.convert(asked, RecallRequest)
    ids = LedgerEntry.objects.values_list("id", flat=True)
    before = set(ids.all())
    with patch.object(ledger, "Timer"):
        ledger.keep_recall(profile, request, recall(profile, request), ms)
    ledger.write_waiting()
    [made] = set(ids.all()) - before
    return str(made)
