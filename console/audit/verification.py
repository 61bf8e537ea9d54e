"""Checking the whole log against itself."""

from dataclasses import dataclass

from console.audit.models import (
    GENESIS,
    AuditEntry,
    AuditHead,
    AuditReason,
    digest_reason,
)


@dataclass(frozen=True, slots=True)
class LogVerdict:
    """`entries` are sound; the one at `broken_at` is not."""

    entries: int
    reasons_erased: int = 0
    broken_at: int | None = None
    why: str = ""

    @property
    def is_sound(self) -> bool:
        return self.broken_at is None


def verify_log() -> LogVerdict:
    """Walk every entry in order: one query, constant memory, no lock.

    Cutting off the newest entries together with the head leaves a shorter log that is
    sound in itself; only a hash kept elsewhere can show that.
    """
    head = get_head()
    last = AuditEntry(seq=0, hash=GENESIS)
    erased = 0
    rows = AuditEntry.objects.select_related("reason").order_by("seq")
    for entry in rows.iterator(chunk_size=2000):
        if why := find_fault(entry, after=last, head=head):
            return LogVerdict(last.seq, erased, broken_at=last.seq + 1, why=why)
        erased += bool(entry.reason_digest) and get_reason(entry) is None
        last = entry
    # The head is read on both sides of the walk: others may have written meanwhile.
    if last.seq < head.seq:
        why = f"the head names entry {head.seq} as the newest"
        return LogVerdict(last.seq, erased, broken_at=last.seq + 1, why=why)
    if last.seq > (head := get_head()).seq:
        why = f"the head names entry {head.seq} as the newest"
        return LogVerdict(head.seq, erased, broken_at=head.seq + 1, why=why)
    return LogVerdict(last.seq, erased)


def find_fault(entry: AuditEntry, *, after: AuditEntry, head: AuditHead) -> str:
    """What is wrong with an entry that stands after another; "" when nothing is."""
    reason = get_reason(entry)
    if entry.seq != after.seq + 1:
        return f"the next entry has number {entry.seq}"
    if entry.prev != after.hash:
        return "it does not follow the entry before it"
    if not entry.is_intact:
        return "its contents do not match its hash"
    if entry.seq == head.seq and entry.hash != head.hash:
        return "the head names another hash"
    if reason and digest_reason(reason.salt, reason.text) != entry.reason_digest:
        return "its reason is not the one that was given"
    return ""


def get_reason(entry: AuditEntry) -> AuditReason | None:
    return getattr(entry, "reason", None)


def get_head() -> AuditHead:
    return AuditHead.objects.first() or AuditHead()
