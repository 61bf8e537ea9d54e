"""The eventual consistency of a hosted memory, on demand (MEMORY_VISIBILITY_LAG_S).

A write is tried at once, in a transaction that is rolled back: so it is refused, or
acknowledged with the ids that it will have, as if it had been done. It is kept as it
came and applied when it is due, before the next request of its account is answered.

Nothing else of the service knows of the delay. The rows that an answer names get
their promised ids by Django's pre_save signal: profiles and operations, which are
created one by one (bulk_create sends no signal).
"""

import io
import json
import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from console.databases.compaction import request_compaction
from console.service import errors
from console.service.http.request import ASKING, URLCONF, ApiRequest, View
from console.service.memory.models import MergedProfile, Profile, Store
from console.service.models import Account, Operation, PendingWrite
from console.service.outbox import insert_write

logger = logging.getLogger(__name__)

# What of a request a write is read by, beside its address and body.
_HEADERS = (
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "HTTP_CONTENT_ENCODING",
    "HTTP_IF_MATCH",
    "HTTP_HOST",
    "wsgi.url_scheme",
)
# POSTs that only read, and what the contract wants done at once: the upload of a file
# needs its import, a store of the older dialect is usable when it is answered, and of a
# conversation the next turn needs the one before.
_AT_ONCE = re.compile(rf".*({'|'.join(ASKING)}|/Imports|/v1/Services(/[^/]+)?)|/v2/.*")

Ids = dict[str, list[str]]
OnCreate = Callable[[Profile | Operation], None]
# What is done with each new row of the write that this thread tries or applies.
_on_create: ContextVar[OnCreate | None] = ContextVar("on_create", default=None)


def delay_writes(get_response: View) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, innermost: applies what is due, and puts off what is written now."""
    leftovers = [True]

    def respond(request: HttpRequest) -> HttpResponse:
        lag = settings.MEMORY_VISIBILITY_LAG_S
        account = getattr(request, "account", None)
        if account and (lag or leftovers):
            apply_due(get_response, account, everything=not lag)
            # What was found with it may be no more as it was.
            cast(ApiRequest, request).caller = None
            # With the lag switched off, what was still waiting is done, and that once.
            leftovers[:] = [True] if lag or PendingWrite.objects.exists() else []
        reads = request.method in {"GET", "HEAD"}
        if account and lag and not (reads or _AT_ONCE.fullmatch(request.path_info)):
            return _put_off(get_response, cast(ApiRequest, request), lag)
        return get_response(request)

    return respond


def _put_off(get_response: View, request: ApiRequest, lag: float) -> HttpResponse:
    body, ids = request.body, cast(Ids, defaultdict(list))

    def note(row: Profile | Operation) -> None:
        ids[_get_prefix(row)].append(row.id)

    tried = _repeat(request.META, body, request.account)
    tried.key = request.key
    with transaction.atomic(using="memory"), _on_each_new_row(note):
        response = get_response(tried)
        transaction.set_rollback(True, using="memory")
    if response.status_code < 300:
        _keep(request, body, response, ids, lag, getattr(tried, "noted", None))
    return response


def _repeat(environ: dict[str, Any], body: bytes, account: Account) -> ApiRequest:
    """The same request with its body unread."""
    request = cast(ApiRequest, WSGIRequest(environ | {"wsgi.input": io.BytesIO(body)}))
    request.account, request.urlconf = account, URLCONF
    return request


@transaction.atomic(using="memory")
def _keep(
    request: ApiRequest,
    body: bytes,
    response: HttpResponse,
    ids: Ids,
    lag: float,
    noted: list[Any] | None,
) -> None:
    now = timezone.now()
    if noted:
        insert_write(noted)
    PendingWrite.objects.create(
        account=request.account,
        due_at=now + timedelta(seconds=lag),
        method=request.method or "",
        path=request.path_info,
        query=request.META.get("QUERY_STRING", ""),
        headers={name: request.META[name] for name in _HEADERS if name in request.META},
        body=body,
        ids=ids,
        answered_profile_id=_get_answered_profile_id(response),
    )
    for operation_id in ids.get("mem_operation", ()):
        Operation.objects.create(
            id=operation_id,
            account=request.account,
            status=Operation.Status.PENDING,
            created_at=now,
        )


def _get_answered_profile_id(response: HttpResponse) -> str:
    """The profile that an answer names; empty when it names none."""
    id_ = str(json.loads(response.content).get("id", ""))
    return id_ if id_.startswith("mem_profile_") else ""


def apply_due(get_response: View, account: Account, *, everything: bool) -> None:
    """Do what an account's writes have waited long enough for, in their order."""
    while _apply_next(get_response, account, everything):
        pass


@transaction.atomic(using="memory")
def _apply_next(get_response: View, account: Account, everything: bool) -> bool:
    """One of them, all of it or nothing; False when none is left."""
    waiting = PendingWrite.objects.filter(account=account)
    if not everything:
        waiting = waiting.filter(due_at__lte=timezone.now())
    if not waiting.exists():
        return False
    # Held: of two processes that come at once, the second finds it gone.
    write = waiting.select_for_update().order_by("id").first()
    if write is None:
        return True
    _apply(get_response, write)
    write.delete()
    request_compaction()
    return True


def _apply(get_response: View, write: PendingWrite) -> None:
    path = write.path
    while True:
        try:
            with transaction.atomic(using="memory"), _promised_ids(write.ids):
                environ = write.headers | {
                    "REQUEST_METHOD": write.method,
                    "PATH_INFO": path,
                    "QUERY_STRING": write.query,
                    "SERVER_NAME": "localhost",
                    "SERVER_PORT": "80",
                }
                response = get_response(
                    _repeat(environ, bytes(write.body), write.account)
                )
        except errors.ProfileMoved as moved:
            # Merged while it waited: it is meant for the canonical profile.
            path = path.replace(moved.profile_id, moved.canonical_id, 1)
        except errors.ServiceError as refusal:
            # What it was meant for has changed or gone since it was acknowledged.
            logger.warning("A delayed write was refused when it was due.")
            Operation.objects.filter(pk__in=write.ids.get("mem_operation", ())).update(
                status=Operation.Status.FAILED,
                completed_at=timezone.now(),
                error={
                    "code": refusal.code,
                    "title": "No longer possible",
                    "detail": refusal.message,
                },
            )
            return
        else:
            _keep_promise(write, response)
            return


@contextmanager
def _promised_ids(promised: Ids) -> Iterator[None]:
    """New rows get the promised ids; operations take the place of the pending ones."""
    ids = {prefix: list(values) for prefix, values in promised.items()}
    pending = Operation.objects.filter(pk__in=ids.get("mem_operation", ()))
    created_at = dict(pending.values_list("pk", "created_at"))
    pending.delete()

    def assign(row: Profile | Operation) -> None:
        if waiting := ids.get(_get_prefix(row)):
            row.id = waiting.pop(0)
            row.created_at = created_at.get(row.id, row.created_at)

    with _on_each_new_row(assign):
        yield


@contextmanager
def _on_each_new_row(act: OnCreate) -> Iterator[None]:
    token = _on_create.set(act)
    try:
        yield
    finally:
        _on_create.reset(token)


@receiver(pre_save, sender=Profile)
@receiver(pre_save, sender=Operation)
def _see_row(instance: Profile | Operation, **kwargs: Any) -> None:
    act = _on_create.get()
    if act and instance._state.adding:
        act(instance)


def _get_prefix(row: Profile | Operation) -> str:
    return row.id.rpartition("_")[0]


def _keep_promise(write: PendingWrite, response: HttpResponse) -> None:
    """A profile that another waiting write has made meanwhile has its id; the one
    that was promised leads there."""
    promised, found = write.answered_profile_id, _get_answered_profile_id(response)
    if promised and found != promised:
        store = Store.objects.get(pk=write.path.split("/")[3])
        MergedProfile.objects.create(
            store_id=store.pk, id=promised, profile_id=found, merged_at=timezone.now()
        )
