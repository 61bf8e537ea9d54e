"""Signed checkpoints of the log, and the receipts of them that leave this machine."""

import json
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django_tasks import task

from console.audit.models import AuditCheckpoint, AuditEntry, AuditHead, count_entries
from console.audit.signing import SignatureRefused, digest_document, sign, verify
from console.audit.verification import verify_log
from console.core.errors import DomainError
from console.databases.compaction import enqueue_once

KIND = "memory-console/checkpoint/1"
ENTRIES, AGE = 1000, timedelta(days=1)
# Facility 13 (log audit), severity 6 (informational), as RFC 5424 counts them.
SYSLOG_PRIORITY = 13 * 8 + 6


class LogBroken(DomainError, status=409, title="The audit log is broken"):
    """The log is not signed as it is."""


def request_due_checkpoint() -> None:
    """Called by the worker once a minute."""
    last = get_last_checkpoint()
    new = count_entries() - last.get("size", 0)
    is_old = bool(new) and datetime.now(UTC) - AGE > get_time(last)
    if new >= ENTRIES or is_old:
        enqueue_once(write_checkpoint)


def get_time(checkpoint: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(checkpoint.get("at", "1970-01-01T00:00:00+00:00"))


@task()
def write_checkpoint() -> int:
    """Sign what is new, send the receipt out; how many entries it is of. A run that
    failed to send is followed by another. Raises LogBroken, OSError, SMTPException."""
    checkpoint = make_checkpoint()
    send_receipt(checkpoint)
    return int(checkpoint.get("size", 0))


def make_checkpoint() -> dict[str, Any]:
    """Of all there is, or the last one if nothing is new; {} of an empty log.

    Raises LogBroken: what was added since the last one is walked before it is signed.
    """
    last = get_last_checkpoint()
    verdict = verify_log(after=last.get("size", 0))
    if verdict.fault:
        raise LogBroken(f"{verdict} Nothing was signed.")
    with transaction.atomic():
        # One at a time: each names the one before.
        AuditHead.objects.select_for_update().first()
        last = get_last_checkpoint()
        if verdict.entries <= last.get("size", 0):
            return last
        document = sign(
            {
                "kind": KIND,
                "log": AuditEntry.objects.values_list("hash", flat=True).get(seq=1),
                "size": verdict.entries,
                "head": verdict.head,
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "previous": digest_document(last) if last else "",
            }
        )
        AuditCheckpoint.objects.create(size=verdict.entries, document=document)
    return document


def get_last_checkpoint() -> dict[str, Any]:
    """{} without any."""
    newest = AuditCheckpoint.objects.order_by("-size").first()
    return newest.document if newest else {}


def send_receipt(receipt: Mapping[str, Any]) -> None:
    """To each of AUDIT_RECEIPTS; when one fails, those after it still get theirs.

    Raises OSError, SMTPException: the first failure.
    """
    failures: list[OSError | SMTPException] = []
    line = json.dumps(receipt, sort_keys=True)
    for sink in settings.AUDIT_RECEIPTS if receipt else ():
        kind, _, place = sink.partition(":")
        try:
            if kind == "file":
                with Path(place).open("a", encoding="utf-8") as file:
                    file.write(f"{line}\n")
            elif kind == "syslog":
                host, _, port = place.rpartition(":")
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                    message = f"<{SYSLOG_PRIORITY}>memory-console: {line}"
                    sender.sendto(message.encode(), (host, int(port)))
            else:
                subject = f"Audit receipt: {receipt['size']} entries"
                send_mail(subject, f"{line}\n", place, [place])
        except (OSError, SMTPException) as exc:
            failures.append(exc)
    if failures:
        raise failures[0]


def read_receipts(text: str) -> list[dict[str, Any]]:
    """One a line. Raises SignatureRefused, SignerUnknown."""
    try:
        receipts = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as exc:
        raise SignatureRefused("This file is no receipt: it is not JSON.") from exc
    for receipt in receipts:
        verify(receipt)
        if receipt.get("kind") != KIND:
            raise SignatureRefused("This document is signed, but is no receipt.")
    return receipts


def read_sent_receipts() -> list[dict[str, Any]]:
    """Those in the file of AUDIT_RECEIPTS, if one is set and there."""
    files = [Path(sink[5:]) for sink in settings.AUDIT_RECEIPTS if sink[:5] == "file:"]
    texts = [file.read_text("utf-8") for file in files if file.exists()]
    return read_receipts("\n".join(texts))
