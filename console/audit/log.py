"""Writing the audit log: `log` with a change, `log_view` before a look, `log_change`
around a call of a memory."""

import logging
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Model

from console.audit.models import (
    ActionKind,
    AuditEntry,
    AuditHead,
    AuditReason,
    AuditTaken,
    UnknownAction,
    digest_reason,
    get_action,
)
from console.audit.signing import get_newest_key, seal
from console.client.errors import MemoryUnreachable
from console.core.errors import DomainError
from console.core.observability import request_id
from console.core.unicode import is_plain
from console.databases.disk import Outage, check_room, find_outage
from console.tenants.actor import Actor

logger = logging.getLogger(__name__)
REASON_MAX = 200
DETAIL_MAX = 120
# No "@", "+" or space: an email address or a phone number in its usual form is
# refused here, whatever a caller believes an id to be.
OBJECT_ID = re.compile(r"[A-Za-z0-9_.-]{0,128}")
NEEDED = {"audit.read", "value.hidden"}
# Of the middleware: any address can be denied, or name a profile that is not there.
EVERYWHERE = {"access.denied", "profile.found"}
# What is somebody's: an entry on it says whose.
OF_A_CUSTOMER = {"profile", "observation", "summary", "trait", "identifier"}
DETAIL_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class AuditUnavailable(Outage, title="The audit log cannot be written"):
    """The log could not be written, so what it was to record did not happen."""


class OutcomeUnrecorded(Outage, title="The outcome could not be recorded"):
    """The log could not be written after the memory had been called."""


class ReasonRefused(DomainError, status=422, title="The reason was not accepted"):
    """A reason that is too long or not one plain line. It is never truncated."""


def log(
    actor: Actor,
    action: str,
    object_type: str | Model = "",
    object_id: str = "",
    *,
    outcome: str = AuditEntry.Outcome.DONE,
    reason: str = "",
    about: Collection[str] = (),
    closes: bool = False,
    **details: int | str,
) -> AuditEntry:
    """Write an entry with the change: in the caller's transaction if there is one.

    object_type, object_id  the kind and the opaque id of what was acted on, or its row
    about                   whose data that is, beside the object that is a profile:
                            there is an entry for each, the first is answered
    closes                  the outcome of what has been begun: wanted on a full disk too
    details                 counts and names; never a customer's data
    Call it last in that transaction: from here to its end other writers wait.
    Raises UnknownAction and ValueError for a wrong call, ReasonRefused, Outage.
    """
    if isinstance(object_type, Model):
        object_id = str(object_type.pk)
        object_type = object_type._meta.model_name or ""
    # What a full disk's last room is for: who came in, went or was refused, who reads
    # that, and what shows less than before.
    is_needed = get_action(action).kind is ActionKind.AUTH or action in NEEDED
    if not (actor.actions is None or action in actor.actions | EVERYWHERE):
        raise UnknownAction(f"{action!r} is not declared by this view's `logs`.")
    if not (closes or is_needed):
        check_room()
    check_reason(reason)
    profiles = [object_id, *about] if object_type == "profile" else list(about)
    if object_type in OF_A_CUSTOMER and not all(profiles or [""]):
        raise ValueError(f"{action}: about must say whose {object_type} it is")
    salt = secrets.token_hex(16) if reason else ""
    facts: dict[str, Any] = {
        "at": get_now_ms(),
        "actor_id": str(actor.user.pk) if actor.user else actor.key,
        "actor": actor.user.email if actor.user else actor.key,
        "role": actor.name,
        "tenant": actor.tenant.slug if actor.tenant else "",
        "action": action,
        "object_type": object_type,
        "object_id": check_object_id(object_id),
        "outcome": AuditEntry.Outcome(outcome).value,
        "details": check_details(details),
        "reason_digest": digest_reason(salt, reason) if reason else "",
        "request_id": request_id.get(),
    }
    try:
        with transaction.atomic():
            stated = (
                facts | {"profile_id": check_object_id(profile_id)}
                for profile_id in dict.fromkeys(profiles or [""])
            )
            entries = append(lock_head(), stated)
            if reason:
                AuditReason.objects.bulk_create(
                    AuditReason(entry=entry, salt=salt, text=reason)
                    for entry in entries
                )
        return entries[0]
    except DatabaseError as exc:
        raise _get_refusal(exc) from exc


def _get_refusal(error: Exception) -> Outage:
    return find_outage(error) or AuditUnavailable(
        "The audit log cannot be written, so nothing was shown or changed. Try "
        "again; if the problem persists, tell an operator."
    )


def log_view(actor: Actor, action: str, *on: Any, **entry: Any) -> AuditEntry:
    """The same as `log`, committed on return: before personal data are shown, and for
    a denial or a failure whose own transaction is gone.

    A crash can over-report what was seen, never under-report it. Raises RuntimeError
    inside a transaction, whose rollback would take the entry along, and Outage; but for
    the log's own pages: whoever looks for what is wrong with it needs them.
    """
    try:
        with transaction.atomic(durable=True):
            return log(actor, action, *on, **entry)
    except (DatabaseError, Outage) as exc:  # DatabaseError: of the commit
        if action != "audit.read":
            raise _get_refusal(exc) from exc.__cause__
        logger.warning("The audit log is read and cannot be written.", exc_info=True)
        return AuditEntry()


@contextmanager
def log_change(
    actor: Actor,
    action: str,
    *on: Any,
    reason: str = "",
    about: Collection[str] = (),
    **details: int | str,
) -> Iterator[dict[str, int | str]]:
    """Around a call that changes somebody's memory: an entry before, one after.

    Commits `allowed`, runs the block, commits what came of it: done, failed, unknown.
    Yields the details of the closing entry, for what is known only afterwards. A
    process that dies in between leaves `allowed` without an end, which says so.
    Raises RuntimeError inside a transaction, whatever the block raises, and Outage.
    """
    close = partial(_close, actor, action, *on, about=about)
    said = {"outcome": "allowed", "reason": reason, "about": about, **details}
    intent = log_view(actor, action, *on, **said)
    closing: dict[str, int | str] = {**details, "intent": intent.seq}
    try:
        yield closing
    except Exception as problem:
        # What is no refusal is a fault of ours: nobody knows how far it came.
        is_refused = isinstance(problem, DomainError)
        maybe_done = isinstance(problem, MemoryUnreachable) and problem.maybe_done
        outcome = "failed" if is_refused and not maybe_done else "unknown"
        close(outcome=outcome, **closing)
        raise
    close(outcome="done", **closing)


def log_export(
    entry: Callable[..., AuditEntry],
    chunks: Iterable[str],
    tell: Callable[[], tuple[bool, int]],
) -> Iterator[str]:
    """The same chunks, between an entry of now and one of what came of it.

    entry  log_view, with all that both entries say
    tell   called last: whether nothing was left out, and how many rows there were
    """
    intent = entry(outcome="allowed")
    own_id = request_id.get()

    def pass_on() -> Iterator[str]:
        is_whole = False
        try:
            yield from chunks
            is_whole = True
        finally:
            # Also when the reader has gone; the request's own id is gone by then.
            token = request_id.set(own_id)
            is_complete, count = tell()
            outcome = "done" if is_whole and is_complete else "failed"
            entry(outcome=outcome, closes=True, intent=intent.seq, count=count)
            request_id.reset(token)

    return pass_on()


def _close(actor: Actor, action: str, *on: Any, **entry: Any) -> None:
    try:
        log_view(actor, action, *on, closes=True, **entry)
    except Outage as exc:
        raise OutcomeUnrecorded(
            "The memory was asked to make the change, and the audit log says that it "
            "was begun, not how it ended. Check before you try again."
        ) from exc


def lock_head() -> AuditHead:
    """In a transaction: two writers must not follow the same entry."""
    return AuditHead.objects.select_for_update().get_or_create(pk=1)[0]


def append(head: AuditHead, stated: Iterable[Mapping[str, Any]]) -> list[AuditEntry]:
    """Put entries at the end of the chain, whose head the caller has locked."""
    key, entries = get_newest_key(), []
    for facts in stated:
        entry = AuditEntry(seq=head.seq + 1, prev=head.hash, seal_key=key.id, **facts)
        entry.hash = entry.expected_hash
        entry.seal = seal(entry.hash, key)
        head.seq, head.hash = entry.seq, entry.hash
        entries.append(entry)
    AuditEntry.objects.bulk_create(entries)
    head.save(update_fields=["seq", "hash"])
    return entries


def log_programs(
    read: Callable[[Collection[int] | None], Sequence[Any]],
    tell: Callable[[Sequence[Any]], Iterable[Mapping[str, Any]]],
) -> list[int]:
    """Take what is waiting in an outbox; the ids of what can be removed there.

    read  the rows of these ids that are still there, or the oldest
    tell  what their entries state
    Twice is once: of the last that were taken all have to be gone before more are. The
    lock makes one of two that come at the same time wait, and read what the other left.
    """
    with transaction.atomic():
        head = lock_head()
        taken, _ = AuditTaken.objects.get_or_create(pk=1)
        before = {(int(id_), of) for id_, of in taken.rows.items()}
        here = {(row.pk, row.request_id) for row in read([id_ for id_, _ in before])}
        if left := here & before:
            return [id_ for id_, _ in left]
        rows = read(None)
        append(head, tell(rows))
        taken.rows = {row.pk: row.request_id for row in rows}
        taken.save()
    return [row.pk for row in rows]


def check_reason(reason: str) -> None:
    """Raises ReasonRefused, in words that name the field."""
    if len(reason) > REASON_MAX:
        raise ReasonRefused(
            f"Reason: at most {REASON_MAX} characters; this has {len(reason)}."
        )
    if not is_plain(reason):
        raise ReasonRefused("Reason: must be one line without control characters.")


def check_object_id(object_id: str) -> str:
    if not OBJECT_ID.fullmatch(object_id):
        # The value stays out of the message: it may be a customer's.
        raise ValueError("object_id is not an opaque id")
    return object_id


def check_details(details: Mapping[str, int | str]) -> dict[str, int | str]:
    for name, value in details.items():
        if not DETAIL_NAME.fullmatch(name) or not is_detail(value):
            raise ValueError(f"details: {name!r} is not a count or a short name")
    return dict(details)


def is_detail(value: object) -> bool:
    """A true integer (a bool would read back as another JSON value) or a short text."""
    if isinstance(value, str):
        return len(value) <= DETAIL_MAX and is_plain(value)
    return type(value) is int and abs(value) < 2**53


def get_now_ms() -> datetime:
    """Now in whole milliseconds, as both databases keep it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
