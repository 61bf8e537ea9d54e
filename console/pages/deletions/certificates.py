"""What a deletion ends with: who, when, how much and how it was verified, signed, and
nothing that says whose data it was."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import timezone
from django.utils.crypto import salted_hmac

from console.audit.models import AuditEntry, AuditHead
from console.audit.signing import sign, verify
from console.core.errors import DomainError
from console.databases.compaction import get_purge_time
from console.pages.deletions.models import Deletion
from console.segment.models import Erasure
from console.tenants.vault import get_tenant_guard
from console.web.times import to_local

KIND = "deletion certificate"
# The paths of a round whose names do not say what was read.
_PATHS = {
    "get": "its id",
    "list": "the list of profiles",
    "provenance": "what was learned",
    "trace": "traces of Recall",
    "exports": "access packages",
    "recall": "Recall",
}


class NoCertificate(DomainError, status=422, title="No certificate of a deletion"):
    """Signed by us, as something else."""


def certify(deletion: Deletion) -> str:
    """JSON. In the transaction that ends it, after its audit entries."""
    entries = AuditEntry.objects.filter(object_id=deletion.object_id)
    first = entries.filter(details__deletion=str(deletion.pk)).first()
    head = AuditHead.objects.get()
    stated = {
        "kind": KIND,
        "number": str(deletion.pk),
        "issued": timezone.now().isoformat(timespec="seconds"),
        "tenant": deletion.tenant.slug,
        "subject": digest_subject(deletion),
        "deleted": deletion.kind,
        "counts": deletion.counts,
        "reason": deletion.reason_code,
        "ticket": deletion.reason,
        "received": _write(deletion.received_on),
        "channel": deletion.channel,
        "identityProof": deletion.identity_proof,
        "requestedBy": deletion.requested_by.email,
        "approvedBy": deletion.approved_by.email if deletion.approved_by else "",
        "people": _describe_people(deletion),
        "requested": _write(deletion.requested_at or deletion.created_at),
        "approved": _write(deletion.approved_at),
        "begun": _write(deletion.started_at),
        "verified": _write(deletion.verified_at),
        "rounds": deletion.rounds,
        "confirmed": _write(deletion.checked_at),
        "notCovered": list_not_covered(deletion),
        "audit": {"from": first.seq if first else 0, "to": head.seq, "hash": head.hash},
    }
    return json.dumps(sign(stated), indent=2)


def check_certificate(text: str) -> dict[str, Any]:
    """What it states. Raises SignatureRefused, SignerUnknown, NoCertificate."""
    try:
        stated = json.loads(text)
    except (ValueError, RecursionError):
        stated = {}
    verify(stated)
    if stated.get("kind") != KIND:
        raise NoCertificate("It is signed, but as something else.")
    return dict(stated)


def read_certificate(deletion: Deletion) -> dict[str, Any] | None:
    """For a page: with times, and paths in words."""
    if not deletion.certificate:
        return None
    stated = json.loads(deletion.certificate)
    rounds = [
        {
            "at": datetime.fromisoformat(each["at"]),
            "paths": [_PATHS.get(path, path) for path in each["paths"]],
        }
        for each in stated["rounds"]
    ]
    issued = datetime.fromisoformat(stated["issued"])
    left = [_IN_UTC.sub(_to_local, each) for each in stated["notCovered"]]
    return {**stated, "issued": issued, "rounds": rounds, "notCovered": left}


def _to_local(at: re.Match[str]) -> str:
    moment = datetime.strptime(at[0], "%d %B %Y, %H:%M UTC").replace(tzinfo=UTC)
    return f"{to_local(moment):{_DAY}}"


def digest_subject(deletion: Deletion) -> str:
    """Keyed: whoever has the id and this installation can tell whether it is about it."""
    ids = json.dumps(
        [str(deletion.tenant_id), *(t.object_id for t in deletion.targets)]
    )
    return salted_hmac("deletions.subject", ids, algorithm="sha256").hexdigest()


def _describe_people(deletion: Deletion) -> str:
    if deletion.approved_by:
        return "approved by another person"
    if deletion.needs_approval is None:
        return "single person mode: nobody else approves deletions here"
    return "the policy did not require a second person"


UNKNOWN = "not known to this console"
_DAY = "%-d %B %Y, %H:%M %Z"
_IN_UTC = re.compile(r"\d+ \w+ \d{4}, \d\d:\d\d UTC")


def list_not_covered(deletion: Deletion) -> list[str]:
    """What a deletion does not reach, and until when."""
    at = deletion.verified_at or timezone.now()
    by_then = (
        f"until {get_purge_time(at):{_DAY}}"
        if settings.PURGE_HOUR >= 0
        else "until a purge"
    )
    left = ["copies that were exported or printed before"]
    if get_tenant_guard(deletion.tenant):
        left += [
            "what the memory's provider keeps for itself, backups included: until when"
            f" is {UNKNOWN}"
        ]
    elif connections["memory"].vendor == "postgresql":
        left += [
            f"traces in dead rows of the database files, {by_then}",
            _describe_wal(at),
        ]
    else:
        left.append(f"traces in unused pages of the database file, {by_then}")
    if asked := deletion.erasure:
        left.append(_describe_segment(asked))
    return [
        *left,
        *_list_backups(at),
        f"dumps, snapshots and copies made by other tools: {UNKNOWN}",
    ]


def _describe_segment(asked: Erasure) -> str:
    if asked.state == asked.State.NOTHING:
        return "what Segment may hold: there was nothing to ask, as no user id was known there"
    if asked.state == asked.State.FINISHED and (done := asked.finished_at):
        return f"what Segment held: its deletion there was finished on {done:{_DAY}}"
    state = asked.get_state_display().lower()
    return f"what Segment holds: when this was issued, its deletion there was {state}"


def _describe_wal(at: datetime) -> str:
    with connections["memory"].cursor() as cursor:
        cursor.execute("SELECT current_setting('archive_mode')")
        [mode] = cursor.fetchone()
    log = f"the database's write-ahead log up to {at:{_DAY}}"
    if mode == "off":
        return f"{log}, which is archived nowhere: until it is overwritten"
    return f"{log} and its archive: until when that is kept is {UNKNOWN}"


def _list_backups(at: datetime) -> list[str]:
    """By the console's own command, of which the audit log knows."""
    kept = timedelta(days=settings.BACKUP_DAYS)
    taken = AuditEntry.objects.filter(action="backup.taken", at__lt=at).order_by("seq")
    days = list(taken.values_list("at", flat=True))
    if not kept and days:
        many = f"backups taken from {days[0]:{_DAY}} to {days[-1]:{_DAY}}"
        return [f"{many}, until they are removed: when is {UNKNOWN}"]
    there = [day for day in days if day + kept > timezone.now()]
    return [f"the backup of {day:{_DAY}}, until {day + kept:{_DAY}}" for day in there]


def _write(at: Any) -> str:
    return at.isoformat() if at else ""
