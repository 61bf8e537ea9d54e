"""Writing the audit log."""

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, transaction

from console.accounts.models import User
from console.audit import context
from console.audit.actions import known_action
from console.audit.chain import Facts, entry_hash, reason_digest
from console.audit.models import AuditEntry, AuditHead, AuditReason
from console.core.errors import DomainError
from console.core.unicode import is_plain
from console.tenants.models import Tenant

REASON_MAX = 200
DETAIL_MAX = 120
# No "@", "+" or space: an e-mail address or a phone number in its usual form is
# refused here, whatever a caller believes an id to be.
OBJECT_ID = re.compile(r"[A-Za-z0-9_.-]{0,128}")
DETAIL_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class AuditUnavailable(DomainError):
    """The log could not be written, so whatever it was to tell did not happen."""

    status = 503
    title = "The audit log cannot be written"


class ReasonRefused(DomainError):
    """A reason that is too long or not one plain line. Nothing is ever cut."""

    status = 422
    title = "The reason was not accepted"


def record(
    action: str,
    *,
    by: User | None,
    tenant: Tenant | None,
    role: str = "",
    object_type: str = "",
    object_id: str = "",
    outcome: str = AuditEntry.Outcome.DONE,
    reason: str = "",
    details: Mapping[str, int | str] | None = None,
) -> AuditEntry:
    """Write one entry with the change: in the caller's transaction if there is one.

    Call it last in that transaction: from here to its end other writers wait.
    Raises UnknownAction and ValueError for a wrong call, ReasonRefused,
    AuditUnavailable.
    """
    known_action(action)
    check_reason(reason)
    salt = secrets.token_hex(16) if reason else ""
    stated: dict[str, Any] = {
        "at": now_ms(),
        "actor_id": str(by.pk) if by else "",
        "actor": by.email if by else "",
        "role": role,
        "tenant": tenant.slug if tenant else "",
        "action": action,
        "object_type": object_type,
        "object_id": checked_object_id(object_id),
        "outcome": AuditEntry.Outcome(outcome).value,
        "details": checked_details(details or {}),
        "reason_digest": reason_digest(salt, reason) if reason else "",
        "request_id": context.request_id.get(),
    }
    try:
        return append(stated, salt=salt, reason=reason)
    except DatabaseError as exc:
        raise AuditUnavailable(
            "The audit log cannot be written now, so nothing was shown or changed. "
            "Try again; if it stays so, tell the operator."
        ) from exc


def record_now(action: str, **entry: Any) -> AuditEntry:
    """The same as `record`, committed on return: before personal data are shown, and
    for a denial or a failure whose own transaction is gone.

    Raises RuntimeError inside a transaction, whose rollback would take it along.
    """
    with transaction.atomic(durable=True):
        return record(action, **entry)


@transaction.atomic
def append(stated: Mapping[str, Any], *, salt: str, reason: str) -> AuditEntry:
    """Put one entry at the end of the chain."""
    # Locked: two writers must not follow the same entry.
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=1)
    facts = Facts(seq=head.seq + 1, **stated)
    entry = AuditEntry(
        seq=facts.seq, prev=head.hash, hash=entry_hash(head.hash, facts), **stated
    )
    entry.save(force_insert=True)
    if reason:
        AuditReason.objects.create(entry=entry, salt=salt, text=reason)
    head.seq, head.hash = entry.seq, entry.hash
    head.save(update_fields=["seq", "hash"])
    return entry


def check_reason(reason: str) -> None:
    """Raises ReasonRefused, in words that name the field."""
    if len(reason) > REASON_MAX:
        raise ReasonRefused(
            f"Reason: {len(reason)} characters, {REASON_MAX} are allowed."
        )
    if not is_plain(reason):
        raise ReasonRefused("Reason: one line without control characters.")


def checked_object_id(object_id: str) -> str:
    if not OBJECT_ID.fullmatch(object_id):
        # The value stays out of the message: it may be a customer's.
        raise ValueError("object_id is not an opaque id")
    return object_id


def checked_details(details: Mapping[str, int | str]) -> dict[str, int | str]:
    for name, value in details.items():
        if not DETAIL_NAME.fullmatch(name) or not is_detail(value):
            raise ValueError(f"details: {name!r} is no count or short name")
    return dict(details)


def is_detail(value: object) -> bool:
    """A true integer (a bool would read back as another JSON value) or a short text."""
    if isinstance(value, str):
        return len(value) <= DETAIL_MAX and is_plain(value)
    return type(value) is int and abs(value) < 2**53


def now_ms() -> datetime:
    """Now in whole milliseconds, as both databases keep it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
