"""How full a tenant's memory is and what becomes of its conversations: read at night for
the list of all tenants, from the tenant's own calls."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from console.audit.models import AuditEntry
from console.client.account import AccountClient
from console.client.errors import MemoryNotFound
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.conversations.conversation import Conversation
from console.contract.memory.observation import OBSERVATIONS_PER_PROFILE
from console.contract.memory.page import UPDATE
from console.contract.memory.store import STORES_PER_ACCOUNT
from console.contract.memory.trait_group import TRAIT_GROUPS_PER_STORE
from console.monitoring.models import Health, Kind, Result, record
from console.tenants.models import Tenant
from console.tenants.vault import open_account

# Conversations that have ended, and profiles written of last, that are looked at.
TALKS, PROFILES = 20, 100
NEARLY_FULL = 0.8


def measure(tenant: Tenant) -> Result:
    """Raises MemoryProblem, VaultLocked, CredentialTampered."""
    account = open_account(tenant)
    store = account.store(tenant.store_id)
    stores, groups, most, talks, knowledge = store.gather(
        lambda: len(list(all_pages(account.list_stores))),
        lambda: len(list(all_pages(store.list_trait_groups))),
        partial(_count_observations, store),
        partial(_follow_talks, store),
        partial(_count_knowledge, account, tenant),
    )
    room = {
        "stores": (stores, STORES_PER_ACCOUNT),
        "observations": (most, OBSERVATIONS_PER_PROFILE),
        "groups": (groups, TRAIT_GROUPS_PER_STORE),
    }
    newest = AuditEntry.objects.of(tenant).order_by("-seq").first()
    is_full = any(used and used >= most * NEARLY_FULL for used, most in room.values())
    return record(
        tenant,
        Kind.USAGE,
        Health.DOUBTFUL if is_full or knowledge["failed"] else Health.HOLDS,
        room=room,
        knowledge=knowledge,
        entry=newest.seq if newest else 0,
        **talks,
    )


def _count_observations(store: StoreClient) -> int | None:
    """Of the fullest profile; None of a memory that does not count them."""
    page = store.list_activity(page_size=PROFILES, order=UPDATE[0])
    counts = [x.observations for x in page.items if x.observations is not None]
    return max(counts, default=None if page.items else 0)


def _follow_talks(store: StoreClient) -> dict[str, Any]:
    """ended: how many of the newest that are over; learned: from how many of these, None
    where a memory does not tell; error: the newest diagnostic of them."""
    talks = store.conversations
    ended = talks.list_conversations(status="CLOSED", page_size=TALKS).items
    learned, errors = 0, list[dict[str, str]]()
    try:
        for talk in ended:
            found = talks.list_learned(talk.id).items
            learned += any(x.item_id and x.kind == "observation" for x in found)
            errors += _describe_errors(talk, talks.list_diagnostics)
    except MemoryNotFound:
        return {"ended": len(ended), "learned": None, "error": {}}
    newest = max(errors, key=lambda error: error["at"], default={})
    return {"ended": len(ended), "learned": learned, "error": newest}


def _describe_errors(
    talk: Conversation, list_page: Callable[..., Any]
) -> Sequence[dict[str, str]]:
    """Without its reason: it can name an address."""
    return [
        {"code": str(x.code), "at": x.at.isoformat(), "talk": talk.id}
        for x in list_page(talk.id).items[:1]
    ]


def _count_knowledge(account: AccountClient, tenant: Tenant) -> dict[str, int]:
    """Of the bases that are the tenant's to see; none where there is no such product."""
    found = {"bases": 0, "sources": 0, "failed": 0}
    try:
        bases = account.knowledge.list_bases().items if tenant.knowledge_bases else ()
    except MemoryNotFound:
        bases = ()
    for base in bases:
        if base.id in tenant.knowledge_bases:
            sources = account.knowledge.list_sources(base.id).items
            failed = [x for x in sources if x.status == "FAILED"]
            found["bases"] += 1
            found["sources"] += len(sources)
            found["failed"] += len(failed)
    return found
