"""Adding a tenant, replacing their token, and whether their memory answers.

Nothing is saved until their store has answered.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from time import perf_counter
from typing import Any, TypeVar

from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from console.accounts.models import User
from console.audit.log import log, log_change
from console.client.account import AccountClient, connect
from console.client.errors import MemoryNotFound, MemoryRefused, MemorySuspended
from console.client.network import EMBEDDED
from console.contract.conversations.learning import ModelUsage
from console.contract.memory.store import CreateStore, Store
from console.contract.times import from_wire
from console.core.errors import DomainError
from console.core.outgoing import within
from console.core.unicode import get_skeletons, mixes_scripts
from console.databases.vault import encrypt
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.services import keep_own
from console.tenants.vault import get_tenant_guard, open_account, open_store

T = TypeVar("T")


class StoreNotReady(DomainError):
    """The memory answered, but there is no store that could serve this tenant."""

    status = 422
    title = "No usable store"
    field = "store_id"


class TenantTaken(DomainError):
    """Another tenant has this slug or this store."""

    status = 409
    title = "Already in use by another tenant"

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


ADD_KEY, REPLACE_TOKEN = "key", "token"


class NotRemoved(DomainError):
    status = 409
    title = "The tenant was not removed"


def check_available(
    *, slug: str, name: str, store_id: str = "", renamed: Tenant | None = None
) -> None:
    """Raises TenantTaken, also for a name or slug that only looks like another's."""
    own = [renamed.pk] if renamed else []
    for field, wanted, tenants in (
        ("slug", slug, Tenant.ever),
        ("name", name, Tenant.objects),
    ):
        others = tenants.exclude(pk__in=own).values_list(field, flat=True)
        skeletons = get_skeletons(wanted)
        for other in others:
            if skeletons & get_skeletons(other):
                raise TenantTaken(
                    f"Another tenant already has the {field} {other}, which looks the "
                    "same. Choose another one.",
                    field=field,
                )
    if mixes_scripts(name):
        raise TenantTaken(
            "A word of this name mixes letters of alphabets that look alike. Write it "
            "in one of them.",
            field="name",
        )
    if store_id and Tenant.objects.filter(store_id=store_id).exists():
        raise TenantTaken(
            "Another tenant already uses this store, and tenants never share one. "
            "Enter the id of this tenant's own store.",
            field="store_id",
        )


def add_tenant(
    *,
    slug: str,
    name: str,
    address: str,
    account_sid: str,
    secret: str,
    store_id: str = "",
    by: User | None,
) -> Tenant:
    """A saved tenant whose store has just answered.

    Without `store_id` a store named `client-<slug>` is made in their account. Call it
    outside any transaction. Raises TenantTaken, StoreNotReady, MemoryProblem.
    """
    check_available(slug=slug, name=name, store_id=store_id)
    store, dialect = _ask_in_dialects(
        lambda account: account.fetch_store(store_id or _create_store(account, slug)),
        address or settings.MEMORY_URL,
        username=account_sid,
        secret=secret,
    )
    _check_usable(store)
    tenant = Tenant(
        slug=slug,
        name=name,
        address=address,
        dialect=dialect,
        account_sid=account_sid,
        store_id=store.id,
    )
    tenant.encrypted_token = encrypt(secret, context=tenant.token_context)
    _save_tenant(tenant, by=by, made_store=not store_id)
    return tenant


def make_account(name: str, *, actor: Actor, reason: str) -> dict[str, str]:
    """The SID, token and API key of a new account of the built-in memory, which keeps
    only digests of the secrets."""
    with log_change(actor, "account.added", "account", "", reason=reason) as closing:
        made: dict[str, str] = _run("create_account", name, "--json")
        closing["account"] = made["accountSid"]
    return made


def list_accounts(sid: str = "") -> list[dict[str, Any]]:
    """Those of the built-in memory, or the one; with the tenants that use each."""
    accounts: list[dict[str, Any]] = _run("account_keys", sid)
    for account in accounts:
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
        made: dict[str, Any] = _run("account_keys", sid, *options)
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


def _run(command: str, *args: str) -> Any:
    """What it prints as JSON: the memory's tables are its own."""
    out = StringIO()
    call_command(command, *filter(None, args), stdout=out)
    return json.loads(out.getvalue())


def _ask_in_dialects(
    ask: Callable[[AccountClient], T], address: str, *, username: str, secret: str
) -> tuple[T, str]:
    """The answer, and the dialect in which it came: the older one is tried where today's
    has nothing. Raises StoreNotReady, MemoryProblem, BadAddress."""
    try:
        found = ask(connect(address, username=username, secret=secret))
        return found, Tenant.Dialect.CURRENT
    except MemoryNotFound:
        older = Tenant.Dialect.SERVICES
    try:
        account = connect(address, username=username, secret=secret, dialect=older)
        return ask(account), older
    except MemoryNotFound as exc:
        raise StoreNotReady(
            "With these credentials this account has no such store, neither by today's "
            "API nor by the older one. Nothing was changed."
        ) from exc


def replace_token(
    tenant: Tenant, *, secret: str, address: str | None = None, actor: Actor
) -> None:
    """Save another auth token for the tenant's account, and the `address` if it is another,
    once their store has answered there.

    The one before is not read: this also mends one that is locked or tampered with.
    Call it outside any transaction. Raises MemoryProblem, StoreNotReady, BadAddress.
    """
    address = tenant.address if address is None else address
    _, dialect = _ask_in_dialects(
        lambda account: account.fetch_store(tenant.store_id),
        address or settings.MEMORY_URL,
        username=tenant.account_sid,
        secret=secret,
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
    log(
        actor,
        "tenant.renamed",
        "tenant",
        str(tenant.pk),
        reason=reason,
        was=was,
        now=name,
    )


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
    log(
        actor,
        "tenant.removed",
        "tenant",
        str(tenant.pk),
        reason=reason,
        roles_taken=roles,
    )


def _create_store(account: AccountClient, slug: str) -> str:
    """The id of a new store, once the memory has finished making it."""
    operation = account.wait_for(
        account.create_store(CreateStore(display_name=f"client-{slug}"))
    )
    if operation.status == "COMPLETED" and operation.result_id:
        return operation.result_id
    said = (
        operation.failure.rstrip(".") or f"the operation is {operation.status.lower()}"
    )
    raise StoreNotReady(
        f"The memory did not create the store client-{slug}: {said}. No tenant was "
        "added. If the account has such a store already, enter its id instead."
    )


def _check_usable(store: Store) -> None:
    if store.status != "ACTIVE":
        raise StoreNotReady(
            f"The store {store.display_name} is {store.status.lower()}, not active. "
            "No tenant was added: try again with its id when it is."
        )


def _save_tenant(tenant: Tenant, *, by: User | None, made_store: bool) -> None:
    try:
        with transaction.atomic():
            tenant.save(force_insert=True)
            log(
                Actor(by, tenant, keep_own(tenant, by)),
                "tenant.added",
                "tenant",
                str(tenant.pk),
                stores_made=int(made_store),
            )
    except IntegrityError as exc:
        raise TenantTaken(
            f"Somebody else added {tenant.slug} or its store at the same moment. The "
            f"store {tenant.store_id} is there, but no tenant was added for it.",
            field="slug",
        ) from exc


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
    except (
        DomainError
    ) as exc:  # refused, unreachable, or the vault keeps the credentials
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
