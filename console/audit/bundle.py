"""A month of the log to take away: a zip that verify_bundle.py, which is in it, checks."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.db.models import Max, Min

from console.audit import verify_bundle
from console.audit.models import (
    AuditCheckpoint,
    AuditEntry,
    AuditEntryQuerySet,
    encode_facts,
)
from console.audit.signing import sign
from console.audit.verification import read_entries

KIND = "memory-console/audit-bundle/1"


class _Drain(io.RawIOBase):
    """What was written and not taken yet."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


@dataclass(frozen=True)
class Bundle:
    """readable  what its reader may read; of the entries between there are the hashes
    month     its first day; in UTC
    """

    tenant: str
    readable: AuditEntryQuerySet
    month: date

    @cached_property
    def span(self) -> tuple[int, int]:
        """The first and the last entry; (0, 0) without any."""
        start = datetime(self.month.year, self.month.month, 1, tzinfo=UTC)
        end = (start + timedelta(days=31)).replace(day=1)
        found = self.readable.filter(at__gte=start, at__lt=end).aggregate(
            first=Min("seq"), last=Max("seq")
        )
        return found["first"] or 0, found["last"] or 0

    def write(self) -> Iterator[bytes]:
        """Piece by piece: a month may have a million entries. There is a checkpoint at
        the last one or later."""
        checkpoints = self._list_checkpoints()
        drain = _Drain()
        digests = {
            "entries.jsonl": hashlib.sha256(),
            "checkpoints.jsonl": hashlib.sha256(),
        }
        with ZipFile(drain, "w", ZIP_DEFLATED) as archive:
            for name, lines in (
                ("entries.jsonl", self._list_entries(checkpoints[-1]["size"])),
                ("checkpoints.jsonl", iter(checkpoints)),
            ):
                with archive.open(name, "w", force_zip64=True) as file:
                    for line in lines:
                        written = json.dumps(line, separators=(",", ":")).encode()
                        digests[name].update(written + b"\n")
                        file.write(written + b"\n")
                        if piece := drain.take():
                            yield piece
            manifest = {
                "kind": KIND,
                "tenant": self.tenant,
                "month": f"{self.month:%Y-%m}",
                "first": self.span[0],
                "log": checkpoints[-1]["log"],
                "files": {name: digest.hexdigest() for name, digest in digests.items()},
            }
            archive.writestr("manifest.json", json.dumps(sign(manifest), indent=1))
            program = Path(verify_bundle.__file__)
            archive.writestr(program.name, program.read_text("utf-8"))
        yield drain.take()

    def _list_checkpoints(self) -> list[Mapping[str, Any]]:
        """From the first entry on, to the one that is of the last entry too."""
        first, last = self.span
        kept = AuditCheckpoint.objects.filter(size__gte=first).order_by("size")
        end = kept.filter(size__gte=last).values_list("size", flat=True)[0]
        return [each.document for each in kept.filter(size__lte=end)]

    def _list_entries(self, end: int) -> Iterator[dict[str, Any]]:
        first, last = self.span
        shown = read_entries(first - 1, self.readable.filter(seq__lte=last))
        due = next(shown, None)
        for entry in read_entries(first - 1, AuditEntry.objects.filter(seq__lte=end)):
            line = {"seq": entry.seq, "prev": entry.prev, "hash": entry.hash}
            if due and due.seq == entry.seq:
                line["stated"] = json.loads(encode_facts(entry.facts, entry.version))
                due = next(shown, None)
            yield line
