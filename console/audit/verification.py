"""Checking the log: against itself, against its seals and checkpoints, and against
receipts, which are copies of checkpoints that were kept elsewhere.

Whoever has the database but not AUDIT_KEYS can change nothing that this does not find,
but for one thing: cut off the end together with its checkpoints, or put an older copy in
its place. Only a receipt shows that.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any

from django.db import connection

from console.audit.models import (
    GENESIS,
    AuditCheckpoint,
    AuditEntry,
    AuditEntryQuerySet,
    AuditHead,
    AuditReason,
    digest_reason,
)
from console.audit.signing import (
    SignatureRefused,
    SignerUnknown,
    digest_document,
    find_key,
    seal,
    verify,
)

CHUNK = 2000
append_only = import_module("console.audit.migrations.0002_append_only")
# pg_trigger.tgtype: 1 for each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate.
POSTGRESQL_TRIGGERS = {
    ("audit_entry_change", 1 + 2 + 8 + 16, "audit_entry_refuse"),
    ("audit_entry_truncate", 2 + 32, "audit_entry_refuse"),
    ("audit_entry_insert", 1 + 2 + 4, "audit_entry_only_next"),
}
POSTGRESQL_BODIES = dict(
    re.findall(
        r"FUNCTION (\w+)\(\).*?\$\$(.*?)\$\$", "".join(append_only.POSTGRESQL_UP), re.S
    )
)
Document = Mapping[str, Any]
# Its class and what is wrong, in words.
Fault = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LogVerdict:
    """The first `entries` are sound.

    head     hash of the last of them
    proved   up to which entry a receipt agrees; 0 without any
    broken_at, fault, why
             the first entry that is not sound, the class of what is wrong and its words;
             no entry where the fault is in none: a trigger is missing
    signed   up to which entry a checkpoint agrees, also one that is kept here alone
    unknown  why it cannot be told whether the log is whole; "" if it can
    """

    entries: int = 0
    head: str = GENESIS
    reasons_erased: int = 0
    proved: int = 0
    signed: int = 0
    broken_at: int | None = None
    fault: str = ""
    why: str = ""
    unknown: str = ""

    @property
    def is_sound(self) -> bool:
        """Nothing is wrong with what is there; only with a receipt is that all."""
        return not self.fault

    @property
    def exit_code(self) -> int:
        """0 sound, 1 broken, 2 cannot tell."""
        return 1 if self.fault else 2 if self.unknown else 0

    def __str__(self) -> str:
        if self.fault:
            where = f" at entry {self.broken_at:,}" if self.broken_at else ""
            return (
                f"BROKEN{where} ({self.fault}): {self.why}. "
                f"{self.entries:,} entries before it are sound."
            )
        walked = f"{self.entries:,} entries, {self.reasons_erased:,} reasons erased"
        if self.unknown:
            head = "CANNOT TELL:"
            if self.signed:
                head = f"Sound up to the checkpoint at entry {self.signed:,}; but"
            return f"{head} {self.unknown}. No fault in {walked}."
        return f"Sound: {walked}; a receipt proves them up to entry {self.proved:,}."


class _Walk:
    """From entry to entry, with what is known of the ones before."""

    def __init__(self, marks: Sequence[Document], after: int) -> None:
        self.marks = {mark["size"]: mark["head"] for mark in marks}
        self.logs = {mark["log"] for mark in marks}
        self.last = AuditEntry.objects.filter(seq=after).first() or AuditEntry(
            seq=0, hash=GENESIS
        )
        self.head = get_head()
        self.find_key = cache(find_key)
        # The first entry since the last mark or seal that fits.
        self.unproved = 0
        self.is_key_lost = False
        self.erased = 0

    def step(self, entry: AuditEntry) -> tuple[int, Fault] | None:
        """The fault and where it is, if there is one."""
        if fault := find_fault(entry, after=self.last, head=self.head):
            return self.last.seq + 1, fault
        # A seal that fits covers all entries before it, too.
        if not (key := self.find_key(entry.seal_key)):
            self.unproved = self.unproved or entry.seq
            self.is_key_lost |= bool(entry.seal_key)
        elif seal(entry.hash, key) == entry.seal:
            self.unproved, self.is_key_lost = 0, False
        else:
            at = self.unproved or entry.seq
            return at, ("seal", "its seal does not fit: it was written anew")
        if entry.seq == 1 and self.logs - {entry.hash}:
            return 1, ("other log", "a checkpoint or receipt is of another log")
        if mark := self.marks.get(entry.seq):
            if mark != entry.hash:
                at = self.unproved or self.get_last_mark() + 1
                return at, ("rewritten", "a checkpoint or receipt has another hash")
            self.unproved, self.is_key_lost = 0, False
        self.erased += bool(entry.reason_digest) and get_reason(entry) is None
        self.last = entry
        return None

    def get_last_mark(self) -> int:
        return max((size for size in self.marks if size <= self.last.seq), default=0)

    def finish(self) -> tuple[int, Fault] | None:
        last, head = self.last.seq, self.head
        if max(self.marks, default=0) > last:
            return last + 1, ("cut", "a checkpoint or receipt counts more entries")
        # The head is read on both sides of the walk: others may have written meanwhile.
        if last < head.seq or last > (head := get_head()).seq:
            at = min(last, head.seq) + 1
            return at, ("head", f"the head names entry {head.seq} as the newest")
        return None


def verify_log(
    receipts: Sequence[Document] = (),
    *,
    after: int = 0,
    report: Callable[[int], object] = lambda more: None,
) -> LogVerdict:
    """Walk every entry in order: constant memory, no lock.

    receipts  of read_receipts
    after     what a checkpoint of that size says is not walked again
    report    is told now and then how many more entries are done
    """
    checkpoints, faulty = read_checkpoints(receipts)
    walk = _Walk([*checkpoints, *receipts], after)
    found = None
    try:
        for entry in read_entries(after):
            if found := walk.step(entry):
                break
            if entry.seq % CHUNK == 0:
                report(CHUNK)
    except ValueError:
        found = walk.last.seq + 1, ("contents", "it cannot be read")
    found = found or walk.finish() or faulty
    proved = max((receipt["size"] for receipt in receipts), default=0)
    signed = walk.get_last_mark()
    verdict = LogVerdict(walk.last.seq, walk.last.hash, walk.erased, proved, signed)
    if found:
        at, (fault, why) = found
        sound = min(walk.last.seq, at - 1)
        return replace(verdict, entries=sound, broken_at=at, fault=fault, why=why)
    if why := find_fallen_guard():
        return replace(verdict, fault="guard", why=why)
    return replace(verdict, unknown=_find_doubt(walk, receipts))


def read_entries(
    after: int, entries: AuditEntryQuerySet | None = None
) -> Iterator[AuditEntry]:
    """In order, each with its reason; all, or those of a queryset.

    A query for each few thousand: one for all would keep SQLite's log from being
    emptied, and the reader from writing. Raises ValueError at one that cannot be read.
    """
    entries = AuditEntry.objects.all() if entries is None else entries
    rows = entries.select_related("reason").order_by("seq")
    size = CHUNK
    while True:
        try:
            batch = list(rows.filter(seq__gt=after)[:size])
        except ValueError:
            if size == 1:
                raise
            size = 1  # up to the very one
            continue
        if not batch:
            return
        yield from batch
        after = batch[-1].seq


def _find_doubt(walk: _Walk, receipts: Sequence[Document]) -> str:
    if walk.is_key_lost:
        return f"entries from {walk.unproved:,} on are sealed by a key that is not here"
    if not receipts:
        return (
            "without a receipt nobody can tell whether entries after that were cut off: "
            "make a receipt, and keep it elsewhere"
        )
    return ""


def find_fault(
    entry: AuditEntry, *, after: AuditEntry, head: AuditHead
) -> Fault | None:
    """What is wrong with an entry that stands after another, seals apart."""
    reason = get_reason(entry)
    if entry.seq != after.seq + 1:
        return "gap", f"the next entry has number {entry.seq}"
    if entry.prev != after.hash:
        return "chain", "it does not follow the entry before it"
    if not entry.is_intact:
        return "contents", "its contents do not match its hash"
    if not entry.seal_key and (entry.version > 1 or after.seal_key):
        return "seal", "it has no seal"
    if entry.seq == head.seq and entry.hash != head.hash:
        return "head", "the head names another hash"
    if reason and digest_reason(reason.salt, reason.text) != entry.reason_digest:
        return "reason", "its reason is not the one that was given"
    return None


def read_checkpoints(
    receipts: Sequence[Document] = (),
) -> tuple[list[Document], tuple[int, Fault] | None]:
    """Those that are signed by a key of ours, and the first that is not as it was.

    One by another key is passed over: it may be an older one's, and if it is not, the
    next checkpoint or a receipt has another digest of it.
    """
    ours: list[Document] = []
    before, found = "", None
    kept = dict(
        AuditCheckpoint.objects.order_by("size").values_list("size", "document")
    )
    for size, document in kept.items():
        try:
            verify(document)
            is_sound = document["size"] == size and document["previous"] == before
            ours += [document] if is_sound else []
        except SignerUnknown:
            is_sound = True
        except SignatureRefused:
            is_sound = False
        if not is_sound:
            found = found or (size, ("checkpoint", "its checkpoint was changed"))
        before = digest_document(document)
    for receipt in receipts:
        if kept.get(receipt["size"]) != receipt:
            why = "its checkpoint is not the one of the receipt"
            found = found or (receipt["size"], ("checkpoint", why))
    return ours, found


def find_fallen_guard() -> str:
    """Which trigger does not stand as the migration has put it up; "" if all do."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
                [append_only.TABLE],
            )
            there = {_squeeze(sql) for (sql,) in cursor.fetchall()}
            wanted = {_squeeze(sql) for sql in append_only.SQLITE_UP}
            missing = [sql.split()[2] for sql in wanted - there]
        else:
            cursor.execute(
                """
                SELECT tgname, tgtype, proname, prosrc FROM pg_trigger
                JOIN pg_proc ON pg_proc.oid = tgfoid
                WHERE tgrelid = %s::regclass AND tgenabled = 'A' AND tgqual IS NULL
                """,
                [append_only.TABLE],
            )
            standing = {
                (name, kind, function)
                for name, kind, function, body in cursor.fetchall()
                if body == POSTGRESQL_BODIES.get(function)
            }
            missing = [name for name, *_ in POSTGRESQL_TRIGGERS - standing]
    if not missing:
        return ""
    return (
        f"the database lets entries be changed: {', '.join(sorted(missing))} is not up"
    )


def _squeeze(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()


def get_reason(entry: AuditEntry) -> AuditReason | None:
    return getattr(entry, "reason", None)


def get_head() -> AuditHead:
    return AuditHead.objects.first() or AuditHead()
