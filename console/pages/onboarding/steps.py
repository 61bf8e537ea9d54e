"""The steps from a plan to a client who is live, in their one order.

A step tells what the plan wants of it and what is there, as facts: name to text. What is
wanted and is not there is its difference; `apply` makes the facts so, `undo` makes them
what they were before. Each is safe to run again after it was killed anywhere.
"""

import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from console.audit.log import log
from console.client.account import AccountClient, connect
from console.client.errors import MemoryNotFound
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.conversations.configuration import (
    ChannelSetting,
    Configuration,
    CreateConfiguration,
    PatchConfiguration,
)
from console.contract.conversations.learning import DEFAULT_RULES, PutLearningRules
from console.contract.knowledge.base import BASE_NAME_MAX, CreateKnowledgeBase
from console.contract.memory.identity_settings import PutIdentitySettings
from console.contract.memory.observation import NewObservation
from console.contract.memory.operation import Operation
from console.contract.memory.store import CreateStore, Store
from console.contract.memory.trait_group import NewTraitDefinition, PatchTraitGroup
from console.contract.normalising import DEFAULT_REGION
from console.core.errors import DomainError
from console.core.outgoing import pause, within
from console.core.unicode import find_alike
from console.databases.encryption import decrypt, encrypt
from console.monitoring import canary, synthetic
from console.monitoring import models as kept
from console.monitoring.nightly import ask
from console.pages.onboarding.models import Onboarding
from console.profiles.retention import set_retention
from console.segment import workspaces
from console.segment.models import Workspace
from console.segment.showing import GROUP as SEGMENT_GROUP
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.services import (
    TenantTaken,
    check_available,
    keep_own,
    run_in_memory,
    save_display_settings,
)
from console.tenants.vault import open_account, read_token

Facts = dict[str, str]
WORDS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("steps.toml").read_text("utf-8")
)
THERE = "there"
SAID = "Would rather be called back after six in the evening."
ASKED = "when may we call back"
RECALL_S, RECALL_PAUSE_S = 8.0, 0.2


class StepRefused(DomainError, status=409, title="This step cannot be done"):
    """The memory or what is in it stands against a step; nothing was changed."""


class Bench:
    """What the steps of one onboarding read and write. Each thing is read once: after a
    change one begins with a new bench."""

    def __init__(self, row: Onboarding) -> None:
        self.row, self.plan = row, row.read_plan().fill_in()

    @cached_property
    def tenant(self) -> Tenant | None:
        return (
            self.row.tenant
            if self.row.tenant and not self.row.tenant.removed_at
            else None
        )

    @cached_property
    def account(self) -> AccountClient | None:
        """Raises VaultLocked, CredentialTampered."""
        if self.tenant:
            return open_account(self.tenant)
        if not self.row.encrypted_token:
            return None
        return connect(
            self.row.address or settings.MEMORY_URL,
            username=self.row.account_sid,
            secret=get_secret(self.row),
            dialect=self.row.dialect,
        )

    @cached_property
    def stores(self) -> list[Store]:
        return list_stores(self.account)

    @property
    def namesake(self) -> Store | None:
        """The account's store of the plan's name, whoever made it."""
        return next((s for s in self.stores if s.display_name == self.plan.store), None)

    @property
    def is_taken(self) -> bool:
        """Whether it is another tenant's, while there is none of this client."""
        ids = [found.id for found in [self.namesake] if found]
        return Tenant.objects.filter(store_id__in=ids).exists()

    @property
    def lookalike(self) -> str:
        """A store that the doctor would take for this client's second one."""
        return find_alike(self.plan.store, (s.display_name for s in self.stores))

    @cached_property
    def store(self) -> Store | None:
        """The client's: the tenant's, one that was made for it, or that it adopts."""
        if self.account and self.tenant:
            with suppress(MemoryNotFound):
                return self.account.fetch_store(self.tenant.store_id)
            return None
        found = self.namesake if self.account else None
        is_mine = found and (self.made(found) or self.plan.adopt)
        return found if is_mine and not self.is_taken else None

    def made(self, store: Store) -> bool:
        return self.mark in store.description

    @property
    def mark(self) -> str:
        return f"onboarding {self.row.pk}"

    @cached_property
    def client(self) -> StoreClient | None:
        """None until the store can be used."""
        is_ready = self.account and self.store and self.store.status == "ACTIVE"
        return self.account.store(self.store.id) if is_ready else None  # type: ignore[union-attr]

    @cached_property
    def knows_more(self) -> bool:
        """Whether it is the built-in memory, which has settings that no other has."""
        if self.row.dialect != Tenant.Dialect.CURRENT:
            return False
        try:
            self.open.list_merge_suggestions()
        except MemoryNotFound:
            return False
        return True

    @cached_property
    def configuration(self) -> Configuration | None:
        if self.account is None:
            return None
        pages = all_pages(self.account.list_configurations)
        named = (c for c in pages if c.display_name == self.plan.configuration)
        return next(named, None)

    @cached_property
    def workspace(self) -> Workspace | None:
        return workspaces.find_workspace(self.tenant) if self.tenant else None

    @property
    def open(self) -> StoreClient:
        if self.client is None:
            raise StepRefused("The store is not there yet, or not active. Go on there.")
        return self.client

    @property
    def added(self) -> Tenant:
        if self.tenant is None:
            raise StepRefused("The tenant is not there yet. Go on there.")
        return self.tenant

    @property
    def mine(self) -> AccountClient:
        if self.account is None:
            raise StepRefused("The account is not there yet. Go on there.")
        return self.account


def get_secret(row: Onboarding) -> str:
    return decrypt(row.encrypted_token, context=row.token_context)


def keep_secret(row: Onboarding, secret: str) -> None:
    row.encrypted_token = encrypt(secret, context=row.token_context)
    row.save(update_fields=["encrypted_token"])


def list_stores(account: AccountClient | None) -> list[Store]:
    if account is None:
        return []
    ids = list(all_pages(account.list_stores))
    if not ids:
        return []
    calls = [partial(account.fetch_store, id_) for id_ in ids]
    return account.store(ids[0]).gather(*calls)


class Step:
    """`want` of a plan without it, and `look` where nothing is, answer no facts."""

    def __init__(self, name: str) -> None:
        self.name, self.words = name, WORDS[name]

    def want(self, b: Bench) -> Facts:
        raise NotImplementedError

    def look(self, b: Bench) -> Facts:
        raise NotImplementedError

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        raise NotImplementedError

    def undo(self, b: Bench, before: Facts, by: Actor) -> None:
        """As it was: what the plan wants and was not there is gone."""
        wanted = self.want(b)
        self.apply(b, {k: v for k, v in before.items() if k in wanted}, by)

    def find_lacking(self, b: Bench) -> str:
        """What the plan says and cannot be done yet, in words; no step waits for it."""
        return ""

    @property
    def leaves_nothing(self) -> bool:
        """There is nothing to take back."""
        return "undo" not in self.words


class AccountStep(Step):
    def want(self, b: Bench) -> Facts:
        opens = b.plan.opens
        return {"account": opens.name if opens else str(b.plan.account)}

    def look(self, b: Bench) -> Facts:
        if b.account is None:
            return {}
        b.account.list_stores(page_size=1)
        return self.want(b)

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        if b.plan.opens is None:
            raise StepRefused(
                "The account's auth token is not known: enter it where the plan begins."
            )
        sid = b.row.account_sid
        if run_in_memory("account_keys", sid):  # it was killed before it kept the token
            made = run_in_memory("account_keys", sid, "--replace-token")
        else:
            owner = ["--owner", b.plan.opens.owner] if b.plan.opens.owner else []
            named = [b.plan.opens.name, "--sid", sid, "--json"]
            made = run_in_memory("create_account", *named, *owner)
        keep_secret(b.row, made["authToken"])

    def undo(self, b: Bench, before: Facts, by: Actor) -> None:
        if b.plan.opens:
            sid = b.row.account_sid
            if run_in_memory("account_keys", sid):
                run_in_memory("account_keys", sid, "--remove")
            b.row.encrypted_token = ""
            b.row.save(update_fields=["encrypted_token"])


class StoreStep(Step):
    def want(self, b: Bench) -> Facts:
        return {"store": b.plan.store}

    def look(self, b: Bench) -> Facts:
        return {"store": b.store.display_name} if b.store else {}

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        if b.tenant:
            raise StepRefused("The tenant's store has another name, or is gone.")
        if b.is_taken:
            raise StepRefused(
                f"The store {b.plan.store} is another tenant's, and tenants never share "
                "one. Give the plan another store name."
            )
        if alike := b.lookalike:
            raise StepRefused(
                f"The account has a store {alike} that was not made here, and "
                "is the same name or looks like it. If it is this client's, adopt it under "
                "that name; else give the plan another store name."
            )
        description = f"{b.plan.name[:60]}, {b.mark}"
        wanted = CreateStore(display_name=b.plan.store, description=description)
        finish(b.mine, b.mine.create_store(wanted), "store")

    def undo(self, b: Bench, before: Facts, by: Actor) -> None:
        if b.store is None or not b.made(b.store):
            return
        if b.mine.store(b.store.id).list_profiles(page_size=1).items:
            raise StepRefused("The store has customers already: nothing was deleted.")
        finish(b.mine, b.mine.delete_store(b.store.id), "store")


class ActiveStep(Step):
    def want(self, b: Bench) -> Facts:
        return {"status": "ACTIVE"}

    def look(self, b: Bench) -> Facts:
        return {"status": b.store.status} if b.store else {}

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        """The memory does it."""


class TenantStep(Step):
    def want(self, b: Bench) -> Facts:
        return {"tenant": b.plan.name, "in addresses": b.plan.slug}

    def look(self, b: Bench) -> Facts:
        return (
            {"tenant": b.tenant.name, "in addresses": b.tenant.slug} if b.tenant else {}
        )

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        if b.tenant:  # renamed meanwhile
            Tenant.objects.filter(pk=b.tenant.pk).update(name=b.plan.name)
            return
        tenant = b.row.tenant or Tenant(slug=b.plan.slug)
        tenant.name, tenant.store_id = b.plan.name, b.open.store_id
        tenant.address, tenant.account_sid = b.row.address, b.row.account_sid
        tenant.dialect = b.row.dialect
        save_tenant(tenant, get_secret(b.row), by, row=b.row)

    def undo(self, b: Bench, before: Facts, by: Actor) -> None:
        """Its slug stays the client's: the audit log names it by that."""
        if b.tenant is None or before:
            return
        keep_secret(b.row, read_token(b.tenant))
        if b.workspace:  # entered on its page
            workspaces.remove(by.move_to(b.tenant), b.workspace)
        with transaction.atomic():
            b.tenant.memberships.all().delete()
            b.tenant.removed_at, b.tenant.encrypted_token = timezone.now(), ""
            b.tenant.save(update_fields=["removed_at", "encrypted_token"])
            log(by, "tenant.removed", "tenant", str(b.tenant.pk), roles_taken=0)


def save_tenant(
    tenant: Tenant, secret: str, by: Actor, *, row: Onboarding | None = None
) -> None:
    """A new one, or one that was taken back. Raises TenantTaken."""
    known = Tenant.ever.filter(pk=tenant.pk).first()
    check_available(
        slug=tenant.slug, name=tenant.name, store_id=tenant.store_id, renamed=known
    )
    tenant.encrypted_token = encrypt(secret, context=tenant.token_context)
    tenant.removed_at = None
    try:
        with transaction.atomic():
            tenant.save(force_insert=known is None, force_update=known is not None)
            if row:
                row.tenant = tenant
                row.save(update_fields=["tenant"])
            # Whoever began it keeps it, whoever goes on.
            keep_own(tenant, row.begun_by if row else by.user)
            log(by.move_to(tenant), "tenant.added", "tenant", str(tenant.pk))
    except IntegrityError as exc:
        words = f"Somebody else added {tenant.slug} or its store at the same moment."
        raise TenantTaken(words, field="slug") from exc


class GroupsStep(Step):
    def want(self, b: Bench) -> Facts:
        return dict(
            fact
            for group in b.plan.list_groups()
            for fact in describe_group(group.display_name, group.traits)
        )

    def look(self, b: Bench) -> Facts:
        if b.client is None or not b.plan.groups:
            return {}
        return dict(
            fact
            for group in all_pages(b.client.list_trait_groups)
            for fact in describe_group(group.display_name, group.definitions)
        )

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        there = self.look(b)
        for group in b.plan.list_groups():
            name = group.display_name
            if name not in there:
                finish(b.mine, b.open.create_trait_group(group), "trait group")
                continue
            lacking = {
                trait: definition
                for trait, definition in group.traits.items()
                if there.get(f"{name}.{trait}") != describe_trait(definition)
            }
            if lacking:
                change = PatchTraitGroup(traits=lacking)
                finish(b.mine, b.open.patch_trait_group(name, change), "trait group")

    def undo(self, b: Bench, before: Facts, by: Actor) -> None:
        there = self.look(b)
        for group in b.plan.list_groups():
            name = group.display_name
            new = [t for t in group.traits if f"{name}.{t}" not in before]
            gone = {
                t: NewTraitDefinition(data_type="")
                for t in new
                if f"{name}.{t}" in there
            }
            if name in there and name not in before:
                finish(b.mine, b.open.delete_trait_group(name), "trait group")
            elif gone:
                change = PatchTraitGroup(traits=gone)
                finish(b.mine, b.open.patch_trait_group(name, change), "trait group")


def describe_group(name: str, traits: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield name, "trait group"
    for trait, definition in traits.items():
        yield f"{name}.{trait}", describe_trait(definition)


def describe_trait(definition: Any) -> str:
    identifies = definition.id_type_promotion
    return f"{definition.data_type}{f', identifier {identifies}' if identifies else ''}"


OURS = ("phoneRegion", "timeZone", "mergeBrake", "whatsappIsPhone")
LIMIT = "limit of "


class IdentityStep(Step):
    def want(self, b: Bench) -> Facts:
        wanted = b.plan.identity
        facts = {
            name: str(value)
            for name, value in msgspec.to_builtins(wanted).items()
            if name in OURS and (b.client is None or b.knows_more)
        }
        if wanted.matching_rules:
            facts["matchingRules"] = ", ".join(wanted.matching_rules)
        return facts | {f"{LIMIT}{k}": str(v) for k, v in wanted.limits.items()}

    def look(self, b: Bench) -> Facts:
        if b.client is None or not self.want(b):
            return {}
        there = b.client.identity_settings()
        return {
            "phoneRegion": there.phone_region or DEFAULT_REGION,
            "timeZone": there.time_zone or "UTC",
            "mergeBrake": there.merge_brake or "on",
            "whatsappIsPhone": "yes" if there.whatsapp_is_phone else "no",
            "matchingRules": ", ".join(there.matching_rules),
        } | {f"{LIMIT}{c.id_type}": str(c.limit) for c in there.identifier_configs}

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        there = b.open.identity_settings()
        wanted: dict[str, Any] = msgspec.to_builtins(there)
        wanted |= {name: facts[name] for name in OURS if name in facts}
        if "whatsappIsPhone" in facts:
            wanted["whatsappIsPhone"] = facts["whatsappIsPhone"] == "yes"
        types = {each["idType"] for each in wanted["identifierConfigs"]}
        limits = [k.removeprefix(LIMIT) for k in facts if k.startswith(LIMIT)]
        if unknown := [each for each in limits if each not in types]:
            raise StepRefused(f"limits: no identifier of the store is {unknown[0]}.")
        if "matchingRules" in facts:
            wanted["matchingRules"] = facts["matchingRules"].split(", ")
        for each in wanted["identifierConfigs"]:
            each["limit"] = int(facts.get(f"{LIMIT}{each['idType']}", each["limit"]))
        sent = msgspec.convert(wanted, PutIdentitySettings)
        b.open.put_identity_settings(sent, version=there.version)


PINNED, TICKETS, MASK = "pinned", "tickets", "mask "


class DisplayStep(Step):
    def want(self, b: Bench) -> Facts:
        facts: Facts = {f"{MASK}{rule}": how for rule, how in b.plan.masking.items()}
        facts |= {PINNED: ", ".join(b.plan.pinned)} if b.plan.pinned else {}
        return facts | ({TICKETS: b.plan.tickets} if b.plan.tickets else {})

    def look(self, b: Bench) -> Facts:
        if (tenant := b.tenant) is None:
            return {}
        rules = dict.fromkeys([*b.plan.masking, *tenant.masking], "detect")
        masked = {f"{MASK}{k}": v for k, v in (rules | tenant.masking).items()}
        tickets = "yes" if tenant.needs_ticket else "no"
        return masked | {PINNED: ", ".join(tenant.pinned_groups), TICKETS: tickets}

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        if facts == self.want(b):  # not while it is taken back
            refuse_unknown_groups(b)
        now = self.look(b) | facts
        masking = {
            k.removeprefix(MASK): v for k, v in now.items() if k.startswith(MASK)
        }
        save_display_settings(
            b.added,
            masking={k: v for k, v in masking.items() if v != "detect"},
            pinned_groups=list(filter(None, now[PINNED].split(", "))),
            needs_ticket=now[TICKETS] == "yes",
        )


def refuse_unknown_groups(b: Bench) -> None:
    """A mistyped name would leave values in clear."""
    named = {r.removeprefix("group/") for r in b.plan.masking if r.startswith("group/")}
    if wanted := {*named, *b.plan.pinned}:
        there = {each.display_name for each in all_pages(b.open.list_trait_groups)}
        if unknown := sorted(wanted - there - {SEGMENT_GROUP}):
            raise StepRefused(f"The store has no trait group {unknown[0]}.")


class RetentionStep(Step):
    def want(self, b: Bench) -> Facts:
        return {kind: f"{days} days" for kind, days in b.plan.retention.items()}

    def look(self, b: Bench) -> Facts:
        if b.tenant is None:
            return {}
        rules = b.tenant.retention.values_list("kind", "days")
        return {kind: f"{days} days" for kind, days in rules}

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        with transaction.atomic():
            for kind in b.plan.retention:
                days = int(facts[kind].split()[0]) if kind in facts else None
                set_retention(b.added, kind, days)


class LearningStep(Step):
    def want(self, b: Bench) -> Facts:
        if b.plan.learning is None or (b.client and not b.knows_more):
            return {}
        return describe_rules(msgspec.to_builtins(b.plan.learning))

    def look(self, b: Bench) -> Facts:
        if b.client is None or not self.want(b):
            return {}
        there = msgspec.to_builtins(b.client.conversations.fetch_rules())
        there["kinds"] = DEFAULT_RULES | there["kinds"]
        return describe_rules(there)

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        there = b.open.conversations.fetch_rules()
        now = self.look(b) | facts
        kinds = {k: v for k, v in now.items() if k not in RULES}
        rest = {k: json.loads(now[k]) for k in RULES}
        rules = msgspec.convert({"kinds": kinds, **rest}, PutLearningRules)
        b.open.conversations.put_rules(rules, version=there.version)


RULES = ("words", "exceptions", "appliesToWrites")


def describe_rules(rules: Mapping[str, Any]) -> Facts:
    others = {name: json.dumps(rules[name]) for name in RULES if name in rules}
    return dict(rules.get("kinds", {})) | others


class KnowledgeStep(Step):
    """A base of each client's own, named after them: what is in one of another's would
    be told to their customers."""

    def want(self, b: Bench) -> Facts:
        return {name_base(b, name): THERE for name in b.plan.knowledge}

    def look(self, b: Bench) -> Facts:
        if b.tenant is None or not b.plan.knowledge:
            return {}
        mine = b.tenant.knowledge_bases
        return {x.display_name: THERE for x in list_bases(b) if x.id in mine}

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        there = {base.display_name: base.id for base in list_bases(b)}
        wanted = [name_base(b, name) for name in b.plan.knowledge]
        for name in wanted:
            if name not in there and name in facts:
                made = CreateKnowledgeBase(display_name=name)
                there[name] = b.mine.knowledge.create_base(made)
        ids = [there[name] for name in wanted if there.get(name)]
        others = [id_ for id_ in b.added.knowledge_bases if id_ not in ids]
        kept_ids = [there[name] for name in wanted if name in facts]
        b.added.knowledge_bases = [*others, *kept_ids]
        b.added.save(update_fields=["knowledge_bases"])
        for name in wanted:
            if name not in facts and name in there:
                if b.mine.knowledge.list_sources(there[name]).items:
                    raise StepRefused(f"The base {name} has sources: it was kept.")
                b.mine.knowledge.delete_base(there[name])


def name_base(b: Bench, name: str) -> str:
    return f"{b.plan.slug}-{name}"[:BASE_NAME_MAX]


def list_bases(b: Bench) -> Iterable[Any]:
    return b.mine.knowledge.list_bases().items


class ConfigurationStep(Step):
    def want(self, b: Bench) -> Facts:
        if not b.plan.channels:
            return {}
        return describe_configuration(
            b.plan.configuration, b.plan.grouping, b.plan.channels
        )

    def look(self, b: Bench) -> Facts:
        if b.store is None or not b.plan.channels or (there := b.configuration) is None:
            return {}
        grouping = there.conversation_grouping_type
        return describe_configuration(
            there.display_name, grouping, there.channel_settings
        )

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        """It learns nothing yet: that begins with the link."""
        if there := b.configuration:
            if there.memory_store_id != b.open.store_id:
                raise StepRefused(
                    f"The account has a configuration {there.display_name} for another "
                    "store: rename it, or give the plan another slug."
                )
            channels: dict[Any, Any] = dict(b.plan.channels)
            change = PatchConfiguration(channel_settings=channels)
            b.open.conversations.patch_configuration(there.id, change)
            return
        b.open.conversations.create_configuration(
            CreateConfiguration(
                display_name=b.plan.configuration,
                conversation_grouping_type=b.plan.grouping,
                memory_store_id=b.open.store_id,
                channel_settings=b.plan.channels,
            )
        )

    def undo(self, b: Bench, before: Facts, by: Actor) -> None:
        there = b.configuration
        if there and not before and there.memory_store_id == b.open.store_id:
            b.open.conversations.delete_configuration(there.id)


def describe_configuration(
    name: str, grouping: str, channels: Mapping[Any, ChannelSetting]
) -> Facts:
    return {"configuration": name, "grouping": grouping} | {
        str(channel): describe_channel(setting) for channel, setting in channels.items()
    }


def describe_channel(setting: ChannelSetting) -> str:
    timers, rules = setting.status_timeouts, setting.capture_rules
    parts = []
    if timers and timers.inactive:
        parts.append(f"inactive after {timers.inactive} min")
    if timers and timers.closed:
        parts.append(f"closed after {timers.closed} min")
    captured = [
        f"{rule.from_} to {rule.to} {rule.metadata or ''}".strip() for rule in rules
    ]
    return ", ".join([*parts, *captured]) or "no timers"


class LinkStep(Step):
    def want(self, b: Bench) -> Facts:
        if not b.plan.channels:
            return {}
        return {"linked to": b.plan.store, "extraction": b.plan.extraction or "yes"}

    def look(self, b: Bench) -> Facts:
        if b.store is None or not b.plan.channels or (there := b.configuration) is None:
            return {}
        is_mine = there.memory_store_id == b.store.id
        linked = b.plan.store if is_mine else there.memory_store_id
        learns = "yes" if there.memory_extraction_enabled else "no"
        return {"linked to": linked, "extraction": learns}

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        if b.configuration is None:
            raise StepRefused("The configuration is not there yet. Go on there.")
        is_on = facts.get("extraction") == "yes"
        change = PatchConfiguration(
            memory_store_id=b.open.store_id, memory_extraction_enabled=is_on
        )
        b.open.conversations.patch_configuration(b.configuration.id, change)


WORKSPACE, MASKED = ("workspace", "space", "region"), "••••"
SEGMENT_SECRETS = {
    "token": ("profile access token", "SEGMENT_TOKEN"),
    "write_key": ("write key", "SEGMENT_WRITE_KEY"),
}


class SegmentStep(Step):
    """Of a tenant who has a workspace that works the secrets stay."""

    def want(self, b: Bench) -> Facts:
        if (plan := b.plan.segment) is None or self.find_lacking(b):
            return {}
        told = (plan.name or b.plan.name, plan.space, plan.region)
        return describe_workspace(*told) | {"checked": "an event arrived"}

    def look(self, b: Bench) -> Facts:
        if b.plan.segment is None or (there := b.workspace) is None:
            return {}
        arrived = "arrived_s" in there.probe
        checked = {"checked": "an event arrived"} if arrived else {}
        return describe_workspace(there.name, there.space, there.region) | checked

    def find_lacking(self, b: Bench) -> str:
        if b.plan.segment is None or b.workspace:
            return ""
        lacking = [v for k, v in SEGMENT_SECRETS.items() if not b.row.given.get(k)]
        if not lacking:
            return ""
        names, variables = zip(*lacking, strict=True)
        return (
            f"Not set up: no {' and no '.join(names)} was given. Enter what is missing on "
            f"the tenant's Segment page, or set {' and '.join(variables)} for manage.py "
            "onboard."
        )

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        name, space, region = (facts[each] for each in WORKSPACE)
        look, kept_ones = self.look(b), b.workspace.secrets if b.workspace else {}
        given = {} if "checked" in look else b.row.given
        secrets = {k: v for k, v in given.items() if v and v != kept_ones.get(k)}
        if secrets or describe_workspace(name, space, region).items() - look.items():
            tried = Workspace(tenant=b.added, space=space, region=region)
            tried.seal(kept_ones | secrets)
            refuse_unless_well(workspaces.check_token(tried))
            fields = {"name": name, "space": space, "region": region, **secrets}
            workspaces.change(by.move_to(b.added), b.added, fields)
        there = Workspace.objects.get(tenant=b.added)
        if "checked" not in facts:  # taken back
            return
        if not there.probe:
            workspaces.send_probe(there)
            if b.workspace and "checked" in look:  # it worked as it was
                kept = {k: getattr(b.workspace, k) for k in ("name", "space", "region")}
                there.probe["former"] = kept
                there.save(update_fields=["probe"])
        try:
            refuse_unless_well(workspaces.check_probe(there))
        except StepRefused:
            former = there.probe.get("former")
            there.probe = {}  # once it is mended, another event is sent
            there.save(update_fields=["probe"])
            if former:
                workspaces.change(by.move_to(b.added), b.added, former)
            raise

    def undo(self, b: Bench, before: Facts, by: Actor) -> None:
        if before:
            self.apply(b, {k: before[k] for k in WORKSPACE}, by)
        elif b.workspace:
            workspaces.remove(by.move_to(b.added), b.workspace)


def describe_workspace(*told: str) -> Facts:
    secrets = {name: MASKED for name, _ in SEGMENT_SECRETS.values()}
    return dict(zip(WORKSPACE, told, strict=True)) | secrets


def refuse_unless_well(check: workspaces.SegmentCheck | None) -> None:
    if check and check.state == "fails":
        raise StepRefused(f"{check.name}: {check.words}")


class ResultStep(Step):
    """By a result that is kept (console/monitoring), if nothing was set up after it."""

    kind: kept.Kind
    sound: Collection[str] = (kept.Health.HOLDS,)

    def want(self, b: Bench) -> Facts:
        return {self.name: WELL}

    def look(self, b: Bench) -> Facts:
        result = self.find(b)
        if result is None or not self.want(b):
            return {}
        label = kept.Health(result.state).label.lower()
        return {self.name: WELL if result.state in self.sound else label}

    def find(self, b: Bench) -> kept.Result | None:
        if b.tenant is None:
            return None
        found = kept.latest([b.tenant])[b.tenant.pk].get(self.kind)
        done = (b.row.outcomes.get(name, {}) for name in SET_UP)
        settled = max(filter(None, (each.get("at") for each in done)), default="")
        return found if found and found.at.isoformat() >= settled else None

    def refuse(self, result: kept.Result) -> None:
        title, state = self.words["title"], kept.Health(result.state).label.lower()
        raise StepRefused(f"{title}: {state}. {result.facts.get('words', '')}")


WELL = "nothing fails"


class DoctorStep(ResultStep):
    kind = kept.Kind.DOCTOR
    sound = (kept.Health.HOLDS, kept.Health.DOUBTFUL)

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        ask(b.added, by.move_to(b.added))
        if (result := self.find(b)) and result.state not in self.sound:
            self.refuse(result)


class CanaryStep(ResultStep):
    kind = kept.Kind.CANARY

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        """The worker runs it. One that fails is told once; then it can be run again."""
        outcome, result = b.row.outcomes[self.name], self.find(b)
        if result and outcome.get("told") != result.pk:
            outcome["told"] = result.pk
            b.row.save(update_fields=["outcomes"])
            self.refuse(result)
        with suppress(canary.CanaryBusy):
            canary.start_task(b.added, by.move_to(b.added))


class RecallStep(Step):
    """Of a customer who is made up, and gone again afterwards."""

    def want(self, b: Bench) -> Facts:
        return {"first recall": "found"}

    def look(self, b: Bench) -> Facts:
        """Nothing of it is left in the memory: it is in the outcome alone."""
        done = b.row.outcomes.get(self.name, {})
        return self.want(b) if done.get("found") else {}

    def apply(self, b: Bench, facts: Facts, by: Actor) -> None:
        if facts != self.want(b):  # taken back
            return
        began = timezone.now()
        said = NewObservation(content=SAID, source="onboarding", occurred_at=began)
        made = synthetic.note(b.added, self.name)
        made.profile = synthetic.create_profile(b.open, made)
        made.save()
        with within(RECALL_S):
            done = wait_until(lambda: write(b, made.profile, said)) and wait_until(
                lambda: is_recalled(b, made.profile)
            )
        b.open.delete_profile(made.profile)
        made.delete()
        if done:
            took = (timezone.now() - began) // timedelta(milliseconds=1)
            b.row.outcomes[self.name] |= {"found": took}


def write(b: Bench, profile_id: str, said: NewObservation) -> bool:
    b.open.create_observations(profile_id, [said])
    return True


def is_recalled(b: Bench, profile_id: str) -> bool:
    found = b.open.recall(profile_id, query=ASKED).observations
    return any(each.content == SAID for each in found)


def wait_until(call: Callable[[], bool]) -> bool:
    """What was just made is there after a while."""
    while True:
        with suppress(MemoryNotFound):
            if call():
                return True
        if not pause(RECALL_PAUSE_S):
            return False


def finish(account: AccountClient, operation: Operation, what: str) -> None:
    """Raises StepRefused; one that goes on longer than we wait is looked for later."""
    done = account.wait_for(operation)
    if done.status == "FAILED":
        failure = re.sub(r"\.*$", ".", done.failure or "it said no reason")
        raise StepRefused(f"The memory refused the {what}: {failure}")


STEPS: tuple[Step, ...] = (
    AccountStep("account"),
    StoreStep("store"),
    ActiveStep("active"),
    TenantStep("tenant"),
    GroupsStep("groups"),
    IdentityStep("identity"),
    DisplayStep("display"),
    RetentionStep("retention"),
    LearningStep("learning"),
    KnowledgeStep("knowledge"),
    ConfigurationStep("configuration"),
    LinkStep("link"),
    SegmentStep("segment"),
    DoctorStep("doctor"),
    CanaryStep("canary"),
    RecallStep("recall"),
)
BY_NAME = {step.name: step for step in STEPS}
SET_UP = [*BY_NAME][: [*BY_NAME].index("segment")]
