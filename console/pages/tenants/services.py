"""Tenants and the accounts of the built-in memory: names, tokens, whether it answers."""

from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from console.audit.log import log, log_change
from console.client.errors import MemoryRefused, MemorySlow, MemorySuspended
from console.client.network import EMBEDDED
from console.contract.conversations.learning import ModelUsage
from console.contract.times import from_wire
from console.core.errors import DomainError
from console.core.outgoing import within
from console.databases.encryption import encrypt
from console.segment.models import Workspace
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.services import check_available, run_in_memory
from console.tenants.vault import (
    find_dialect,
    get_tenant_guard,
    open_account,
    open_store,
)


class StoreNotReady(DomainError):
    """The memory answered, but there is no store that could serve this tenant."""

    status = 422
    title = "No usable store"
    field = "store_id"


ADD_KEY, REPLACE_TOKEN = "key", "token"


class NotRemoved(DomainError):
    status = 409
    title = "The tenant was not removed"


def make_account(name: str, *, actor: Actor, reason: str) -> dict[str, str]:
    """The SID, token and API key of a new account of the built-in memory, which keeps
    only digests of the secrets."""
    with log_change(actor, "account.added", "account", "", reason=reason) as closing:
        made: dict[str, str] = run_in_memory("create_account", name, "--json")
        closing["account"] = made["accountSid"]
    return made


def list_accounts(sid: str = "") -> list[dict[str, Any]]:
    """Those of the built-in memory, or the one; with the tenants that use each, and the
    name of whose sub-account it is."""
    accounts: list[dict[str, Any]] = run_in_memory("account_keys", sid)
    names = {account["sid"]: account["name"] for account in accounts}
    for account in accounts:
        account["owner_name"] = names.get(account["owner"], "")
        account["tenants"] = _list_tenants(account["sid"])
        for secret in account["secrets"]:
            secret["created_at"] = from_wire(secret["createdAt"])
    return accounts


def change_secret(
    sid: str, change: str, *, actor: Actor, reason: str
) -> dict[str, str]:
    """The secret that was made, if one was. A new auth token is given to the tenants here
    that use the account; for everybody else the one before has ended.

    change  ADD_KEY, REPLACE_TOKEN, or the API key to revoke
    """
    action, *options = {
        ADD_KEY: ("key.added", "--add-key"),
        REPLACE_TOKEN: ("account.rotated", "--replace-token"),
    }.get(change, ("key.revoked", "--revoke", change))
    with log_change(actor, action, "account", sid, reason=reason) as closing:
        made: dict[str, Any] = run_in_memory("account_keys", sid, *options)
        if change != REPLACE_TOKEN:
            closing["key"] = made.get("apiKey", change)
            return {} if "revoked" in made else made
        tenants = _list_tenants(sid)
        closing["tenants"] = len(tenants)
        for tenant in tenants:
            _keep_token(tenant, made["authToken"])
    return made


def _keep_token(tenant: Tenant, token: str) -> None:
    tenant.encrypted_token = encrypt(token, context=tenant.token_context)
    tenant.save(update_fields=["encrypted_token", "address", "dialect"])


def _list_tenants(sid: str) -> list[Tenant]:
    """Whose memory is the built-in one, under this account."""
    tenants = Tenant.objects.filter(account_sid=sid, address__in=["", EMBEDDED])
    return list(tenants.order_by("name"))


def replace_token(
    tenant: Tenant, *, secret: str, address: str | None = None, actor: Actor
) -> None:
    """Save another auth token for the tenant's account, and the `address` if it is another,
    once their store has answered there.

    The one before is not read: this also mends one that is locked or tampered with.
    Call it outside any transaction. Raises MemoryProblem, StoreNotReady, BadAddress.
    """
    address = tenant.address if address is None else address
    dialect = find_dialect(
        lambda account: account.fetch_store(tenant.store_id),
        address or settings.MEMORY_URL,
        username=tenant.account_sid,
        secret=secret,
    )
    if not dialect:
        raise StoreNotReady(
            "With these credentials this account has no such store, neither by today's "
            "API nor by the older one. Nothing was changed."
        )
    moved = address != tenant.address
    tenant.address, tenant.dialect = address, dialect
    with transaction.atomic():
        _keep_token(tenant, secret)
        log(actor, "token.replaced", "tenant", str(tenant.pk), moved=int(moved))


def find_dialects(tenant: Tenant) -> list[str]:
    """Those in which the tenant's store answers; each is asked."""
    return [each for each in Tenant.Dialect.values if _answers(tenant, each)]


def _answers(tenant: Tenant, dialect: str) -> bool:
    with suppress(DomainError):
        return bool(open_account(tenant, dialect).fetch_store(tenant.store_id))
    return False


def set_dialect(tenant: Tenant, *, actor: Actor) -> bool:
    """The newest one that answers; whether it is another than before."""
    was, answered = tenant.dialect, find_dialects(tenant)
    if not answered or answered[0] == was:
        return False
    tenant.dialect = answered[0]
    with transaction.atomic():
        tenant.save(update_fields=["dialect"])
        on = ("tenant", str(tenant.pk))
        log(actor, "dialect.changed", *on, was=was, now=answered[0])
    return True


@transaction.atomic
def rename_tenant(tenant: Tenant, name: str, *, actor: Actor, reason: str) -> None:
    """Raises TenantTaken."""
    check_available(slug=tenant.slug, name=name, renamed=tenant)
    was, tenant.name = tenant.name, name
    tenant.save(update_fields=["name"])
    on = ("tenant", str(tenant.pk))
    log(actor, "tenant.renamed", *on, reason=reason, was=was, now=name)


@transaction.atomic
def remove_tenant(tenant: Tenant, *, actor: Actor, reason: str) -> None:
    """Forget its token, its cases and everybody's role there; its memory is left as it is.

    The row stays, for receipts of deletions and so that the slug is never another
    tenant's, who could read the audit log of this one. Raises NotRemoved.
    """
    if tenant.deletions.filter(finished_at=None).exists():
        raise NotRemoved(
            "A deletion is not confirmed yet: settle it under Deletions first."
        )
    rows = Tenant.objects.filter(pk=tenant.pk)
    if not rows.update(removed_at=timezone.now(), encrypted_token=""):
        raise NotRemoved("Somebody else removed it just now.")
    roles, _ = tenant.memberships.all().delete()
    tenant.recall_cases.all().delete()
    tenant.recall_marks.all().delete()
    tenant.results.all().delete()
    tenant.snapshots.all().delete()
    Workspace.objects.filter(tenant=tenant).delete()
    on = ("tenant", str(tenant.pk))
    log(actor, "tenant.removed", *on, reason=reason, roles_taken=roles)


# Every page asks for the state: it must not block a worker.
STATE_ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class Connection:
    """One call of the tenant's store, just made.

    state      ok, waiting (the store is not active), refused or unreachable
    title      the same in a few words
    message    what the memory or the vault said; "" when it is ok
    in_flight  calls that this process has made and that wait for their answer
    """

    state: str
    title: str
    elapsed_ms: int
    message: str = ""
    in_flight: int = 0


def check_connection(tenant: Tenant) -> Connection:
    """Fetches the tenant's store from their memory, with their credentials."""
    started, state, message = perf_counter(), "waiting", ""
    try:
        status = open_account(tenant).fetch_store(tenant.store_id).status
    except DomainError as exc:  # also when the vault keeps the credentials
        is_refused = isinstance(exc, MemoryRefused)
        state = "refused" if is_refused else "unreachable"
        title, message = exc.title, exc.message
    else:
        title = f"The store is {status.lower()}"
        message = "It answers, but serves no customers' data until it is active."
        if status == "ACTIVE":
            state, title, message = "ok", "Active", ""
    elapsed_ms = round((perf_counter() - started) * 1000)
    guard = get_tenant_guard(tenant)
    in_flight = guard.in_flight if guard else 0
    return Connection(state, title, elapsed_ms, message, in_flight)


def get_memory_state(tenant: Tenant) -> tuple[str, str]:
    """ok, waiting or refused, and a short text for it. One call of the memory."""
    try:
        with within(STATE_ANSWER_S):
            status = open_account(tenant).fetch_store(tenant.store_id).status
    except MemoryRefused:
        return "refused", "memory refused access"
    except MemorySuspended as exc:
        return "refused", f"no answer, retry in {exc.retry_after_s:.0f} s"
    except MemorySlow:
        return "waiting", "memory slow"
    except DomainError:  # unreachable, or the vault keeps the credentials
        return "refused", "memory unreachable"
    if status == "ACTIVE":
        return "ok", "memory ok"
    return "waiting", f"store {status.lower()}"


def get_model_usage(tenant: Tenant) -> ModelUsage | None:
    """None of a memory that does not tell or does not answer."""
    with suppress(DomainError):
        return open_store(tenant).conversations.fetch_model_usage()
    return None
