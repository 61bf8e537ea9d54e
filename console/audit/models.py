"""The audit log: append-only entries, and their reasons."""

from typing import Self

from django.db import models

from console.audit.actions import ACTIONS, Action, ActionKind
from console.audit.chain import GENESIS, Facts, hash_entry
from console.tenants.models import Tenant


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def of(self, tenant: Tenant) -> Self:
        return self.filter(tenant=tenant.slug)


class AuditEntry(models.Model):
    """One action, by whom, on what, with which outcome. Triggers refuse any change.

    seq            1, 2, 3 … without a gap, given by console.audit.log
    at             UTC, whole milliseconds
    actor          the person's e-mail address at that time; "" for nobody or a command
    tenant         its slug at that time; "" when the action belongs to no tenant.
                   Plain text, as actor_id is: an entry outlives what it names
    object_id      an opaque id of ours or of the memory's, never an identifier
    details        counts and names only; integers and short strings
    reason_digest  commitment to AuditReason's text; "" without a reason
    prev, hash     console.audit.chain

    No unique constraint beside the key: INSERT OR REPLACE could act through one.
    """

    class Outcome(models.TextChoices):
        ALLOWED = "allowed"
        DENIED = "denied"
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "unknown", "Not confirmed"

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor_id = models.CharField(max_length=64)
    actor = models.CharField(max_length=254)
    role = models.CharField(max_length=16)
    tenant = models.CharField(max_length=64)
    action = models.CharField(max_length=40)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=128)
    outcome = models.CharField(max_length=16, choices=Outcome)
    details = models.JSONField()
    reason_digest = models.CharField(max_length=64)
    request_id = models.CharField(max_length=64)
    prev = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "seq"], name="audit_tenant_seq"),
            models.Index(fields=["tenant", "object_id"], name="audit_tenant_object"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.outcome}"

    @property
    def facts(self) -> Facts:
        return Facts(
            **{name: getattr(self, name) for name in Facts.__dataclass_fields__}
        )

    @property
    def expected_hash(self) -> str:
        """What `hash` has to be if nobody has touched this row."""
        return hash_entry(self.prev, self.facts)

    @property
    def is_intact(self) -> bool:
        return self.hash == self.expected_hash

    @property
    def definition(self) -> Action:
        """Its action; one that is no longer registered describes itself by its name."""
        return ACTIONS.get(self.action) or Action(
            self.action, self.action, ActionKind.SYSTEM
        )


class AuditReason(models.Model):
    """The reason of an entry, apart from the chain so that it can be erased.

    text  1 to 200 characters, one line
    salt  128 random bits in hex: without it a short text could be guessed
    """

    # Without a constraint in the database, so that it never blocks an entry.
    entry = models.OneToOneField(
        AuditEntry,
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="reason",
    )
    salt = models.CharField(max_length=32)
    text = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"reason of entry {self.pk}"


class AuditHead(models.Model):
    """The one row that writers lock: the newest entry's number and hash."""

    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS)

    class Meta:
        constraints = [
            models.CheckConstraint(name="audit_one_head", condition=models.Q(id=1))
        ]

    def __str__(self) -> str:
        return f"head at {self.seq}"


def count_entries() -> int:
    """Number of the newest entry: there is no gap before it."""
    return AuditHead.objects.values_list("seq", flat=True).first() or 0
