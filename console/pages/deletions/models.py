"""What can be deleted, and deletions that people requested: why, by whom, to what end."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from uuid import uuid4

from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from console.accounts.models import User
from console.contract.ids import PROFILE_ID
from console.profiles.items import ITEM_KINDS, PROFILE, ItemKind
from console.tenants.models import Tenant

# Past it a page that still waits for the memory's answer is gone: the client gives up
# after MEMORY_TOTAL_TIMEOUT_S, 10 by default, for each of two calls.
STALE_AFTER = timedelta(seconds=60)
TAIL = 6


@dataclass(frozen=True, slots=True)
class Target:
    """One item on one profile; for a profile `object_id` is `profile_id`."""

    kind: ItemKind
    profile_id: str
    object_id: str

    @property
    def is_profile(self) -> bool:
        return self.kind is PROFILE

    @property
    def ids(self) -> tuple[str, ...]:
        """What names it within a store."""
        if self.is_profile:
            return (self.profile_id,)
        return self.profile_id, self.object_id

    @property
    def is_well_formed(self) -> bool:
        """False for ids that no memory can hold."""
        return bool(
            PROFILE_ID.fullmatch(self.profile_id)
            and self.kind.id_pattern.fullmatch(self.object_id)
        )

    @property
    def tail(self) -> str:
        """What a person types to say that they mean this one."""
        return self.object_id[-TAIL:]

    def confirm_url(self, tenant_slug: str) -> str:
        return reverse(f"deletions:{self.kind.name}", args=[tenant_slug, *self.ids])

    def move_to(self, profile_id: str) -> "Target":
        """The same item after its profile was merged into another."""
        object_id = profile_id if self.is_profile else self.object_id
        return Target(self.kind, profile_id, object_id)


class DeletionQuerySet(models.QuerySet["Deletion"]):
    def of(self, tenant: Tenant) -> Self:
        return self.filter(tenant=tenant)

    def returned(self) -> Self:
        """Deleted, back again, and not deleted since."""
        later = Deletion.objects.filter(
            tenant=OuterRef("tenant"),
            object_id=OuterRef("object_id"),
            created_at__gt=OuterRef("created_at"),
            state=Deletion.State.DONE,
        )
        return self.filter(~Exists(later), state=Deletion.State.RETURNED)

    def on(self, target: Target) -> Self:
        return self.filter(kind=target.kind.name, object_id=target.object_id)


class Deletion(models.Model):
    """One attempt to delete one thing from a tenant's memory.

    The row is committed before the memory is called, so that a crash leaves an open
    row and not none. The audit log has an entry once the outcome is known or missing.

    object_id    the observation, the summary, or the profile itself
    counts       what the preview said would be deleted
    reason       5 to 200 characters, one line
    words        why it failed or why it is not confirmed; "" when done
    canonical_id the profile that this one was merged into, when that stopped it
    verified_at  when a read of the object answered "not found"
    checked_at   when it last did so again, a day later or when somebody asked
    returned_at  when it was found again, although it was verified as deleted
    """

    class State(models.TextChoices):
        EXECUTING = "executing"
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "unknown", "not confirmed"
        RETURNED = "returned", "came back"

    class ReasonCode(models.TextChoices):
        CUSTOMER = "customer_request", "The customer asked for it"
        WRONG = "wrong_fact", "It is not true"
        OTHER_PERSON = "other_person", "It is about somebody else"
        SENSITIVE = "sensitive", "It should never have been kept"
        TEST = "test_record", "It was only a test"
        OTHER = "other", "Something else"

    OPEN = (State.EXECUTING, State.UNKNOWN)

    KINDS = [(name, name.capitalize()) for name in ITEM_KINDS]

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="deletions")
    kind = models.CharField(max_length=16, choices=KINDS)
    profile_id = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    counts = models.JSONField()
    reason_code = models.CharField(max_length=20, choices=ReasonCode)
    reason = models.CharField(max_length=200, validators=[MinLengthValidator(5)])
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="deletions")
    state = models.CharField(max_length=16, choices=State, default=State.EXECUTING)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    words = models.CharField(max_length=500, blank=True)
    canonical_id = models.CharField(max_length=64, blank=True)

    objects = DeletionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="deletion_newest_first")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "object_id"],
                condition=Q(state__in=["executing", "unknown"]),
                name="deletion_one_open_an_object",
            ),
            models.CheckConstraint(
                name="deletion_finished_unless_open",
                condition=Q(state__in=["executing", "unknown"], finished_at=None)
                | Q(
                    state__in=["done", "failed", "returned"], finished_at__isnull=False
                ),
            ),
            models.CheckConstraint(
                name="deletion_returned_at_a_time",
                condition=Q(state="returned", returned_at__isnull=False)
                | (~Q(state="returned") & Q(returned_at=None)),
            ),
            models.CheckConstraint(
                name="deletion_done_is_verified",
                condition=~Q(state="done") | Q(verified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="deletion_reason_5_to_200",
                condition=Q(reason__length__gte=5) & Q(reason__length__lte=200),
            ),
        ]

    def __str__(self) -> str:
        return f"deletion {self.pk} of {self.kind} {self.object_id}"

    @property
    def target(self) -> Target:
        return Target(ITEM_KINDS[self.kind], self.profile_id, self.object_id)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_old(self) -> bool:
        """True when no page can still be waiting for the memory's answer."""
        return timezone.now() - self.created_at > STALE_AFTER

    @property
    def shown_state(self) -> State:
        """An attempt that was never finished is not confirmed."""
        if self.state == self.State.EXECUTING and self.is_old:
            return self.State.UNKNOWN
        return self.State(self.state)
