"""How a conversation comes to its statuses. Conversations 12.1.

Statuses that time alone brings are computed whenever a conversation is read or written,
and only recorded then: so they are right with no worker running. Example: with timeouts
{10, 30} and the worker stopped for an hour, both INACTIVE at minute 10 and CLOSED at
minute 30 are recorded, in this order and at these times.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.service import errors
from console.service.conversations.learning import (
    learns,
    request_learning,
    restart_learning,
)
from console.service.conversations.models import Conversation, Transition
from console.service.conversations.reading import list_said
from console.service.conversations.webhooks import emit, restart_deliveries
from console.service.models import Account

SWEEP = 200
# After these there may be something to learn (12.5).
LEARNED_AT = frozenset({"INACTIVE", "CLOSED"})


def note_activity(row: Conversation, channels: set[str], now: datetime) -> None:
    """Timers start anew for these channels; an INACTIVE conversation wakes."""
    row.active_at |= dict.fromkeys(channels, now.isoformat())
    if row.status == "INACTIVE":
        record(row, "ACTIVE", now, reason="communication")
    reset_due(row)


def reset_due(row: Conversation) -> None:
    following = row.find_next()
    row.due_at = following[1] if following else None


def record(row: Conversation, status: str, at: datetime, *, reason: str) -> None:
    """A new status, with what follows from it; `row` is held and saved here."""
    row.status, row.updated_at = status, max(at, row.updated_at)
    row.last_transition += 1
    reset_due(row)
    row.save()
    learning = status in LEARNED_AT and learns(row)
    _note(row, at, reason, learning=learning)
    emit(row, "CONVERSATION_CREATED" if reason == "created" else "CONVERSATION_UPDATED")


def _note(row: Conversation, at: datetime, reason: str, *, learning: bool) -> None:
    row.add(
        Transition,
        number=row.last_transition,
        status=row.status,
        at=at,
        recorded_at=timezone.now(),
        reason=reason,
        learning=Transition.Learning.PENDING if learning else "",
    )
    if learning:
        request_learning()


@transaction.atomic(using="memory")
def learn_again(row: Conversation) -> None:
    """From all that was said, at the newest status. Raises Invalid (off, or still
    ACTIVE)."""
    row = Conversation.objects.select_for_update().get(pk=row.pk)
    if row.status == "ACTIVE":
        raise errors.Invalid("status: must be INACTIVE or CLOSED to learn from it")
    if not learns(row):
        raise errors.Invalid("memoryExtractionEnabled: is off for this conversation")
    list_said(row).update(learned_revision=0)
    row.last_transition += 1
    row.save(update_fields=["last_transition"])
    # One of its own, so that the history keeps what each run has learned.
    _note(row, timezone.now(), "again", learning=True)


def settle(row: Conversation, now: datetime) -> None:
    """Record what time has brought since; `row` is held."""
    while (following := row.find_next()) and following[1] <= now:
        record(row, *following, reason="timer")


def settle_due(now: datetime, account: Account | None = None) -> int:
    """Of all conversations, or of an account's, those that are due; answers how many."""
    due: Any = Conversation.objects.filter(due_at__lte=now)
    if account:
        due = due.filter(account=account)
    count = 0
    while ids := list(due.order_by("due_at").values_list("id", flat=True)[:SWEEP]):
        for id_ in ids:
            with transaction.atomic(using="memory"):
                # Held: another process may have been quicker.
                if row := due.select_for_update().filter(id=id_).first():
                    settle(row, now)
        count += len(ids)
    return count


def sweep() -> None:
    """What the worker does every few seconds, for whoever neither reads nor writes."""
    settle_due(timezone.now())
    restart_learning()
    restart_deliveries()
