"""What programs do through the API, by the API key that they use; and what is done at a
shell by `manage.py`.

Each change is one entry, which comes from the memory's outbox. Of reading the log says once
a day that a key was used for a store.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from threading import Lock
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.module_loading import import_string

from console.audit.log import OBJECT_ID, check_details, log_programs, log_view
from console.audit.models import EPOCH, WRITERS, AuditEntry
from console.client.errors import MemoryNotFound, MemoryProblem
from console.contract.ids import PROFILE_ID, STORE_ID
from console.databases.disk import DiskFull
from console.profiles.models import find_hold, list_holds
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store

# A deletion of these takes everybody of a store along.
OF_ALL = ("schema.changed", "store.removed")
REFUSALS_EVERY_S = 60.0

_lock = Lock()
_used: dict[tuple[str, str], date] = {}
_refused = {"count": 0, "told_at": -REFUSALS_EVERY_S}


def log_writes(read: Callable[..., Sequence[Any]]) -> list[int]:
    """What programs have changed, as entries; see log_programs. Called by the worker."""
    return log_programs(read, _tell_writes)


def _tell_writes(rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
    accounts = {row.account_id for row in rows}
    slugs = defaultdict[str, list[str]](list)
    for tenant in Tenant.objects.filter(account_sid__in=accounts):
        slugs[tenant.store_id].append(tenant.slug)
        slugs[tenant.account_sid].append(tenant.slug)
    for row in rows:
        details = {"call": row.call} if row.action == "program.wrote" else {}
        if row.count > 1:
            details["count"] = row.count
        tenants = slugs[row.store_id or row.account_id]
        yield {
            "at": EPOCH + timedelta(milliseconds=row.at),
            "actor_id": row.key,
            "actor": row.key,
            "role": "program",
            "tenant": tenants[0] if len(tenants) == 1 else "",
            "action": row.action,
            "object_type": row.object_type,
            "object_id": row.object_id if OBJECT_ID.fullmatch(row.object_id) else "",
            "outcome": "done",
            "details": check_details(details),
            "reason_digest": "",
            "request_id": row.request_id,
            "profile_id": row.profile_id,
        }


def find_refusal(request: Any, path: Mapping[str, str]) -> str:
    """Why a program may not delete what is on hold; "" if it may. Raises Outage."""
    action, profile_id = request.operation.logs, path.get("profile_id", "")
    is_deletion = request.method == "DELETE" and "mapping_id" not in path
    if not (is_deletion and action.endswith((".deleted", *OF_ALL))):
        return ""
    store_id = request.store.id if hasattr(request, "store") else ""
    # Another id than a memory's may be anything, and there is nothing to do to it.
    if profile_id and not PROFILE_ID.fullmatch(profile_id):
        return ""
    if refusal := _find_hold(request, store_id, path):
        on = ("profile", profile_id) if profile_id else ()
        log_view(_find_actor(request, store_id), action, *on, outcome="denied")
    elif profile_id and action == "profile.deleted":
        refusal = _announce(request, store_id, profile_id)
    return refusal


def _announce(request: Any, store_id: str, profile_id: str) -> str:
    """Why it may not be deleted yet; who the customer is elsewhere is unknown after."""
    announce = import_string(settings.BEFORE_DELETION)
    suppresses = request.GET.get("suppress") == "true"
    for tenant in Tenant.objects.filter(**_get_scope(request, store_id)):
        try:
            with suppress(MemoryNotFound):
                announce(tenant, profile_id, suppresses=suppresses)
        except MemoryProblem:
            return "Who it is elsewhere cannot be read; nothing was deleted."
    return ""


def _find_hold(request: Any, store_id: str, path: Mapping[str, str]) -> str:
    """Why a hold of a tenant forbids it. What is of everybody is kept for each."""
    for tenant in Tenant.objects.filter(**_get_scope(request, store_id)):
        if not (holds := list_holds(tenant)):
            continue
        ids = [path["profile_id"]] if "profile_id" in path else []
        try:
            if conversation_id := path.get("conversation_id"):
                talks = open_store(tenant).conversations
                people = talks.fetch_conversation(conversation_id).participants
                ids = [each.profile_id for each in people if each.profile_id]
            elif not ids:
                ids = [holds[0].profile_id]
            if any(find_hold(tenant, id_) for id_ in ids):
                return "A hold of the privacy officers forbids it; nothing was deleted."
        except MemoryNotFound:
            continue
        except MemoryProblem:
            return "Whether a hold forbids it is not known; nothing was deleted."
    return ""


def log_strange_store(request: Any) -> None:
    """A store was asked for that the account does not have."""
    store_id = STORE_ID.search(request.path_info)
    log_view(
        _find_actor(request, ""),
        "access.denied",
        "store",
        store_id[0] if store_id else "",
        outcome="denied",
    )


def log_refused_key() -> None:
    """Wrong credentials: one entry a minute with how many they were, so that nobody can
    fill the log or slow it down."""
    with _lock:
        _refused["count"] += 1
        if monotonic() - _refused["told_at"] < REFUSALS_EVERY_S:
            return
        count, _refused["count"] = int(_refused["count"]), 0
        _refused["told_at"] = monotonic()
    log_view(Actor(None, name="program"), "key.refused", outcome="denied", count=count)


def _get_scope(request: Any, store_id: str) -> dict[str, str]:
    return {"store_id": store_id} if store_id else {"account_sid": request.account.pk}


def _find_actor(request: Any, store_id: str) -> Actor:
    # An account with several tenants: its own matters belong to none of them.
    tenants = list(Tenant.objects.filter(**_get_scope(request, store_id))[:2])
    tenant = tenants[0] if len(tenants) == 1 else None
    return Actor(None, tenant, name="program", key=request.key)


def note_use(request: Any) -> None:
    """Nothing is asked but for the first use of a day that this process meets."""
    store_id = request.store.id if hasattr(request, "store") else ""
    today, use = timezone.now().date(), (request.key, store_id)
    if _used.get(use) == today:
        return
    actor = _find_actor(request, store_id)
    tenant = actor.tenant.slug if actor.tenant else ""
    entries = AuditEntry.objects.filter(action="key.used", actor_id=actor.key)
    # On a full disk a program still reads; what it writes is refused before.
    with suppress(DiskFull):
        if not entries.filter(tenant=tenant, at__date=today).exists():
            log_view(actor, "key.used", "store", store_id)
        _used[use] = today


def log_command(name: str) -> None:
    """Before a management command runs. Raises Outage, but not before `prepare` has made
    the log."""
    # With its name alone, as its arguments can be credentials.
    if WRITERS["commands"].get(name) == "command.run" and _has_log():
        actor = Actor(None, name="command line")
        log_view(actor, "command.run", outcome="allowed", command=name)


def _has_log() -> bool:
    """Without a database there is none, and nothing that a command could see."""
    try:
        return AuditEntry._meta.db_table in connection.introspection.table_names()
    except DatabaseError:
        return False
