"""Events, and their way to status callbacks. Conversations 12.6.

A worker leases a delivery, sends it outside of any transaction and records what came of
it. One that is killed in between leaves it to the end of its lease, when it is sent again
under the same idempotency token. Within a conversation an address is told of one event
at a time. Example: of events 4 and 5 the first is answered 500. 5 waits with it, and is
sent as soon as 4 has been taken or, after five tries, given up.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_tasks import task

from console.contract.ids import new_id
from console.core import outgoing
from console.core.errors import DomainError
from console.core.observability import new_request_id
from console.databases.compaction import enqueue_once
from console.service import errors
from console.service.conversations.models import (
    Communication,
    Conversation,
    Delivery,
    Participant,
    diagnose,
)
from console.service.conversations.showing import (
    show_communication,
    show_conversation,
    show_participant,
)
from console.service.models import get_auth_token

TRIES, DEADLINE_S = 5, 10.0
# After the first failure; 4, 9 and 16 times as long after the next ones, 15 min in all.
WAIT = timedelta(seconds=30)
# Longer than a try may take, so that no two are at one delivery.
LEASE = timedelta(seconds=30)
KEEP = timedelta(days=7)
NOT_DELIVERED = 530201
# An address that hangs holds up the others' events no longer than it takes a free place.
AT_ONCE, AT_ONE_ADDRESS = 16, 4
RUN_S = 10.0
UNSIGNED = (
    "Not sent: the account's auth token cannot be read, and signs it. It is kept when a "
    "client next signs in with it."
)


def emit(
    row: Conversation,
    event: str,
    about: Participant | Communication | None = None,
) -> None:
    """Tell the conversation's callbacks, in the transaction that makes it true.

    event  CONVERSATION_UPDATED and the like; about: else the conversation
    """
    callbacks = row.settings.get("statusCallbacks", [])
    if not callbacks:
        return
    now = timezone.now()
    body = {
        "eventType": event,
        "timestamp": now.replace(microsecond=0),
        "data": _show(row, about),
    }
    encoded = msgspec.json.encode(body).decode()
    for callback in callbacks:
        row.last_event += 1
        row.add(
            Delivery,
            id=new_id("conv_delivery"),
            number=row.last_event,
            event_type=event,
            url=callback["url"],
            method=callback["method"],
            body=encoded,
            due_at=now,
            created_at=now,
        )
    row.save(update_fields=["last_event"])
    request_deliveries()


def _show(row: Conversation, about: Participant | Communication | None) -> Any:
    if about is None:
        return show_conversation(row)
    if isinstance(about, Participant):
        return show_participant(about, row.account_id)
    return show_communication(about, row.account_id)


def request_deliveries() -> None:
    """Once this transaction is committed, have the worker look for what is due."""
    # Robust: the event is kept, and the worker's sweep makes good for a lost task.
    transaction.on_commit(lambda: enqueue_once(deliver), using="memory", robust=True)


def restart_deliveries() -> None:
    """For a try whose time has come, or whose task was lost."""
    if _list_due(timezone.now()).exists():
        enqueue_once(deliver)


@task()
def deliver() -> int:
    """Send what is due for a while; answers how many. Safe to run twice, and at once."""
    count, until = 0, monotonic() + RUN_S
    running: dict[Future[tuple[int, str]], Delivery] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks") as pool:
        while True:
            while monotonic() <= until and (new := list(lease(running.values()))):
                for leased in new:
                    token = _find_token(leased)
                    running[pool.submit(send, leased, token)] = leased
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                record(running.pop(future), *future.result())
            count += len(done)
    restart_deliveries()
    return count


def _list_due(now: datetime) -> Any:
    """Whose turn it is: nothing earlier of the conversation waits for the address."""
    earlier = Delivery.objects.filter(
        store_id=OuterRef("store_id"),
        conversation_id=OuterRef("conversation_id"),
        number__lt=OuterRef("number"),
        due_at__isnull=False,
        url=OuterRef("url"),
    )
    return Delivery.objects.filter(~Exists(earlier), due_at__lte=now)


def lease(running: Collection[Delivery]) -> Iterator[Delivery]:
    """As many as there are places beside those that are running."""
    now = timezone.now()
    places = Counter(each.url for each in running)
    full = [url for url, count in places.items() if count >= AT_ONE_ADDRESS]
    due = _list_due(now).exclude(url__in=full).order_by("due_at", "number")
    for row in due[: AT_ONCE - len(running)]:
        mine = Delivery.objects.filter(pk=row.pk, due_at=row.due_at)
        row.due_at, row.attempts = now + LEASE, row.attempts + 1
        if places[row.url] < AT_ONE_ADDRESS and mine.update(
            due_at=row.due_at, attempts=row.attempts
        ):
            places[row.url] += 1
            yield row


def _find_token(leased: Delivery) -> str:
    rows = Conversation.objects.select_related("account")
    try:
        found = rows.filter(pk=leased.conversation.pk).first()
        return get_auth_token(found.account) if found else ""
    except DomainError:
        return ""


def send(leased: Delivery, token: str) -> tuple[int, str]:
    """The status of the answer, and in words what was wrong. Touches no database."""
    allow_private = settings.MEMORY_ALLOW_PRIVATE
    if leased.attempts > TRIES:
        return leased.answer, leased.error or "Several workers were lost over it."
    if not outgoing.read_origin(leased.url, allow_private=allow_private):
        return 0, "Not a public https address."
    if not token:
        return 0, UNSIGNED
    content = b"" if leased.method == "GET" else leased.body.encode()
    url, signature = outgoing.sign(leased.url, content, token, **_describe(leased))
    answer = outgoing.call(
        leased.method,
        url,
        allow_private=allow_private,
        headers={
            "Content-Type": "application/json",
            "X-Twilio-Signature": signature,
            "I-Twilio-Idempotency-Token": leased.id,
            "Twilio-Request-Id": new_request_id(),
        },
        content=content,
        seconds=DEADLINE_S,
    )
    taken = not answer.status or 200 <= answer.status < 300
    return answer.status, answer.error if taken else f"Answered {answer.status}."


def _describe(leased: Delivery) -> dict[str, str]:
    """A GET has no body, and names what its event is about without a customer's words."""
    if leased.method != "GET":
        return {}
    event = json.loads(leased.body)
    query = {name: event[name] for name in ("eventType", "timestamp")}
    return query | {"conversationId": leased.conversation_id, "id": event["data"]["id"]}


@transaction.atomic(using="memory")
def record(leased: Delivery, answer: int, error: str) -> None:
    """What came of it, unless its lease has passed to somebody else."""
    held = Conversation.objects.select_for_update()
    conversation = held.filter(pk=leased.conversation.pk).first()
    if conversation is None:
        return  # deleted, and the delivery with it
    now, given_up = timezone.now(), bool(error) and leased.attempts >= TRIES
    mine = Delivery.objects.filter(pk=leased.pk, due_at=leased.due_at)
    recorded = mine.update(
        answer=answer,
        error=error,
        delivered_at=None if error else now,
        due_at=now + WAIT * leased.attempts**2 if error and not given_up else None,
    )
    if recorded and given_up:
        reason = f"{leased.event_type} was not delivered: {error}"
        diagnose(conversation, NOT_DELIVERED, reason)


@transaction.atomic(using="memory")
def retry(conversation: Conversation, delivery_id: str) -> Delivery:
    """Send it once more, with all its tries, be it delivered. Raises NotFound."""
    rows = Delivery.of_conversation(conversation).select_for_update()
    row: Delivery | None = rows.filter(id=delivery_id).first()
    if row is None:
        raise errors.NotFound("Delivery not found.")
    now = timezone.now()
    # What waits may be on its way at this moment: its lease has to end first.
    row.due_at = min(row.due_at, now + LEASE) if row.due_at else now
    row.attempts, row.delivered_at = 0, None
    row.save(update_fields=["due_at", "attempts", "delivered_at"])
    request_deliveries()
    return row


def prune() -> None:
    """Remove what is old, delivered or not: bodies hold customers' words."""
    Delivery.objects.filter(created_at__lt=timezone.now() - KEEP).delete()
