"""A month of the log to take away, a JSON document a line: static/verify_bundle.py."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from typing import Any

from django.db.models import Max, Min

from console.audit.models import (
    AuditCheckpoint,
    AuditEntry,
    AuditEntryQuerySet,
    encode_facts,
)
from console.audit.signing import sign
from console.audit.verification import read_entries

KIND = "memory-console/audit-bundle/1"
LINES = 500  # sent at once


def find_month(readable: AuditEntryQuerySet, month: date) -> tuple[int, int]:
    """The first and the last entry of a month of UTC; (0, 0) without any."""
    start = datetime(month.year, month.month, 1, tzinfo=UTC)
    end = (start + timedelta(days=31)).replace(day=1)
    found = readable.filter(at__gte=start, at__lt=end).aggregate(
        first=Min("seq"), last=Max("seq")
    )
    return found["first"] or 0, found["last"] or 0


def write_bundle(
    readable: AuditEntryQuerySet, first: int, last: int, **about: str
) -> Iterator[str]:
    """Piece by piece: a month may have a million entries.

    readable  what its reader may read; of the entries between there are the hashes
    about     what the manifest says of it
    There has to be a checkpoint at the last entry or later.
    """
    later = AuditCheckpoint.objects.filter(size__gte=first).order_by("size")
    end = later.filter(size__gte=last).values_list("size", flat=True)[0]
    checkpoints = later.filter(size__lte=end).values_list("document", flat=True)
    digest = hashlib.sha256()
    documents = chain(checkpoints, _list_entries(readable, first, last, end))
    lines = (json.dumps(each, separators=(",", ":")) + "\n" for each in documents)
    while piece := "".join(islice(lines, LINES)):
        digest.update(piece.encode())
        yield piece
    manifest = {"kind": KIND, **about, "sha256": digest.hexdigest()}
    yield json.dumps(sign(manifest)) + "\n"


def _list_entries(
    readable: AuditEntryQuerySet, first: int, last: int, end: int
) -> Iterator[dict[str, Any]]:
    shown = read_entries(first - 1, readable.filter(seq__lte=last))
    due = next(shown, None)
    for entry in read_entries(first - 1, AuditEntry.objects.filter(seq__lte=end)):
        line = {"seq": entry.seq, "prev": entry.prev, "hash": entry.hash}
        if due and due.seq == entry.seq:
            line["stated"] = json.loads(encode_facts(entry.facts, entry.version))
            due = next(shown, None)
        yield line
