"""A tenant as a template: what is there, as a plan would say it."""

from typing import Any, cast

import msgspec

from console.client.errors import MemoryNotFound
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.conversations.learning import PutLearningRules
from console.contract.memory.trait_group import NewTraitDefinition
from console.pages.onboarding.plan import ClientTemplate, IdentityRules
from console.pages.onboarding.steps import OURS
from console.tenants.models import Tenant
from console.tenants.vault import open_account


def copy_tenant(tenant: Tenant) -> ClientTemplate:
    """Of two configurations of one store, the older one. Raises MemoryProblem."""
    account = open_account(tenant)
    store = account.store(tenant.store_id)
    found = [*all_pages(store.conversations.list_configurations)]
    linked = found[-1] if found else None
    settings = msgspec.to_builtins(store.identity_settings())
    settings["whatsappIsPhone"] = "yes" if settings.get("whatsappIsPhone") else ""
    told = {k: settings[k] for k in (*OURS, "matchingRules") if k in settings}
    told["limits"] = {c["idType"]: c["limit"] for c in settings["identifierConfigs"]}
    bases = account.knowledge.list_bases().items
    mine = [x.display_name for x in bases if x.id in tenant.knowledge_bases]
    channels: Any = linked.channel_settings if linked else {}
    groups = {x.display_name: x.definitions for x in all_pages(store.list_trait_groups)}
    return ClientTemplate(
        groups=msgspec.convert(
            msgspec.to_builtins(groups), dict[str, dict[str, NewTraitDefinition]]
        ),
        identity=msgspec.convert(told, IdentityRules),
        masking=tenant.masking,
        pinned=tenant.pinned_groups,
        tickets="yes" if tenant.needs_ticket else "no",
        retention=cast(Any, dict(tenant.retention.values_list("kind", "days"))),
        learning=_copy_rules(store),
        knowledge=[name.removeprefix(f"{tenant.slug}-") for name in mine],
        channels=channels,
        extraction="no" if linked and not linked.memory_extraction_enabled else "",
        **({"grouping": linked.conversation_grouping_type} if linked else {}),  # type: ignore[arg-type]
    )


def _copy_rules(store: StoreClient) -> PutLearningRules | None:
    """None of a memory that has none, or while they are the default ones."""
    try:
        rules = store.conversations.fetch_rules()
    except MemoryNotFound:
        return None
    if not rules.version:
        return None
    return msgspec.convert(msgspec.to_builtins(rules), PutLearningRules)
