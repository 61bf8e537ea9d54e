"""What can be deleted, and deletions that people requested: why, by whom, to what end."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Self
from uuid import uuid4

from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.urls import reverse
from django.utils import timezone

from console.accounts.models import User
from console.contract.ids import PROFILE_ID
from console.profiles.items import ITEM_KINDS, PROFILE, ItemKind
from console.segment.models import Erasure
from console.segment.outbox import find_erasure
from console.tenants.actor import Permission
from console.tenants.models import Membership, Tenant

# Past it a page that still waits for the memory's answer is gone: the client gives up
# after MEMORY_TOTAL_TIMEOUT_S, 10 by default, for each of two calls.
STALE_AFTER = timedelta(seconds=60)
TAIL = 6
# Of the month within which a request is answered.
AMBER_DAYS, RED_DAYS = 14, 25


# As constraints have them, which cannot see a class's own names.
OPEN_STATES = (
    "previewed", "awaiting", "cooling", "executing", "unknown", "verifying",
)  # fmt: skip


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


class DeletionPolicy(models.Model):
    """How careful a tenant is with what cannot be undone.

    approval_above  another person approves what deletes more items than this; 0: all;
                    None: nobody ever does, which certificates say
    cool_off_hours  between the last yes and the deletion of what had to be requested
    """

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True)
    approval_above = models.PositiveIntegerField(null=True, default=1)
    cool_off_hours = models.PositiveIntegerField(default=24)

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        return cls.objects.filter(tenant=tenant).first() or cls(tenant=tenant)

    def asks_for_approval(self, counts: Mapping[str, int]) -> bool | None:
        """None where nobody else approves anything."""
        if self.approval_above is None:
            return None
        items = sum(count for name, count in counts.items() if name != "revisions")
        return items > self.approval_above


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

    def by_urgency(self) -> Self:
        """Open ones by the day they came; then what is closed, the newest first."""
        came = Case(When(finished_at=None, then="received_on"))
        return self.order_by(came.asc(nulls_last=True), "-created_at", "id")

    def waiting_for(self, user: User) -> Self:
        """What goes on only when this person, who may delete, does something. What another
        such person opened is that one's to confirm."""
        state, mine = Deletion.State, Q(requested_by=user)
        may_confirm = Membership.objects.filter(
            tenant=OuterRef("tenant"),
            user=OuterRef("requested_by"),
            user__is_active=True,
            role__in=Permission.DELETE.roles,
        )
        return self.filter(
            Q(state=state.UNKNOWN)
            | Q(state=state.PREVIEWED) & (mine | ~Exists(may_confirm))
            | Q(state=state.AWAITING) & ~mine
        )

    def on(self, target: Target) -> Self:
        return self.filter(kind=target.kind.name, object_id=target.object_id)


class Deletion(models.Model):
    """What somebody wants deleted: one profile, or facts of one, at a tenant's.

    A single fact is deleted while the person waits. Anything else is a request at the
    deletion desk, which others approve and the worker carries out (services.py).

    object_id    the observation, the summary, or the profile itself
    more         further facts that go with it: [kind, id]
    case         shared by all that one letter led to; None where that is this alone
    received_on  when it reached us; None for a single fact
    identity_proof  how we know that the one who asked is the one it is about
    counts       what the preview said would be deleted
    inventory    keyed digest of all that it counted: who approves, approves this
    reason       5 to 200 characters, one line
    words        why it stands where it stands; "" when done
    version      one more with each move: a form that shows an older one is refused
    needs_approval, cool_off_hours  as the policy was when it was requested
    due_at       when the worker looks at it next; put off while it does, so that one
                 that dies in the middle is followed by another
    canonical_id the profile that this one was merged into, when that stopped it
    rounds       of a request's verification: when each found nothing
    verified_at  when a read of the object first answered "not found"
    checked_at   when it did so again a day later
    returned_at  when it was found again, although it was verified as deleted
    certificate  signed JSON, once it is done
    """

    class State(models.TextChoices):
        PREVIEWED = "previewed", "to be confirmed"
        AWAITING = "awaiting", "awaiting approval"
        COOLING = "cooling", "cooling off"
        EXECUTING = "executing"
        VERIFYING = "verifying"
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "unknown", "not confirmed"
        RETURNED = "returned", "came back"
        CANCELLED = "cancelled"
        REFUSED = "refused", "refused by a hold"

    # Before anything was deleted.
    PENDING = (State.PREVIEWED, State.AWAITING, State.COOLING)

    class Channel(models.TextChoices):
        EMAIL = "email", "Email"
        PHONE = "phone", "Phone"
        LETTER = "letter", "Letter"
        FORM = "form", "Web form or chat"
        PERSON = "person", "In person"
        OURS = "ours", "Nobody asked: our own decision"

    class IdentityProof(models.TextChoices):
        SIGNED_IN = "signed_in", "Signed in to their account"
        CALLED_BACK = "called_back", "Called or written to at a known number or address"
        DOCUMENT = "document", "Showed a document"
        AGENT = "agent", "A representative with a mandate"
        OURS = "ours", "Not needed: our own decision"

    class ReasonCode(models.TextChoices):
        CUSTOMER = "customer_request", "The customer asked for it"
        WRONG = "wrong_fact", "It is not true"
        OTHER_PERSON = "other_person", "It is about somebody else"
        SENSITIVE = "sensitive", "It should never have been kept"
        TEST = "test_record", "It was only a test"
        OTHER = "other", "Something else"

    KINDS = [(name, name.capitalize()) for name in ITEM_KINDS]

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="deletions")
    kind = models.CharField(max_length=16, choices=KINDS)
    profile_id = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    more = models.JSONField(default=list)
    case = models.UUIDField(null=True, db_index=True)
    channel = models.CharField(max_length=16, choices=Channel, blank=True)
    identity_proof = models.CharField(max_length=16, choices=IdentityProof, blank=True)
    received_on = models.DateField(null=True)
    counts = models.JSONField()
    inventory = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField(default=0)
    needs_approval = models.BooleanField(null=True, default=False)
    cool_off_hours = models.PositiveIntegerField(default=0)
    reason_code = models.CharField(max_length=20, choices=ReasonCode)
    reason = models.CharField(max_length=200, validators=[MinLengthValidator(5)])
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="deletions")
    state = models.CharField(max_length=16, choices=State, default=State.EXECUTING)
    created_at = models.DateTimeField(auto_now_add=True)
    requested_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    execute_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    finished_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    words = models.CharField(max_length=500, blank=True)
    canonical_id = models.CharField(max_length=64, blank=True)
    rounds = models.JSONField(default=list)
    certificate = models.TextField(blank=True)

    objects = DeletionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="deletion_newest_first")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "object_id"],
                condition=Q(state__in=OPEN_STATES),
                name="deletion_one_open_an_object",
            ),
            models.CheckConstraint(
                name="deletion_finished_unless_open",
                condition=Q(state__in=OPEN_STATES, finished_at=None)
                | ~Q(state__in=OPEN_STATES) & Q(finished_at__isnull=False),
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
                name="deletion_approved_by_another",
                condition=~Q(approved_by=F("requested_by")) | Q(approved_by=None),
            ),
            models.CheckConstraint(
                name="deletion_reason_5_to_200",
                condition=Q(reason__length__gte=5) & Q(reason__length__lte=200),
            ),
        ]

    @property
    def target(self) -> Target:
        return Target(ITEM_KINDS[self.kind], self.profile_id, self.object_id)

    @property
    def targets(self) -> list[Target]:
        """All that it names."""
        more = (
            Target(ITEM_KINDS[kind], self.profile_id, id_) for kind, id_ in self.more
        )
        return [self.target, *more]

    @cached_property
    def erasure(self) -> Erasure | None:
        """Its deletion at Segment; read once in a step."""
        return find_erasure(self.tenant, self.profile_id)

    @property
    def tail(self) -> str:
        """What a person types to say that they mean this one."""
        return self.profile_id[-TAIL:] if self.more else self.target.tail

    @property
    def deadline(self) -> date | None:
        """A month after it came, or the last day of a shorter one: 31 January, 28
        February."""
        if (came := self.received_on) is None:
            return None
        year, month = came.year + came.month // 12, came.month % 12 + 1
        return date(year, month, min(came.day, monthrange(year, month)[1]))

    @property
    def urgency(self) -> str:
        """How near the deadline is: "", amber, red or past."""
        if self.received_on is None or self.deadline is None or self.finished_at:
            return ""
        if self.deadline < timezone.localdate():
            return "past"
        days = (timezone.localdate() - self.received_on).days
        return "red" if days >= RED_DAYS else "amber" if days >= AMBER_DAYS else ""

    @property
    def is_pending(self) -> bool:
        return self.state in self.PENDING

    @property
    def is_next(self) -> bool:
        """Approved, and nothing is left to wait for."""
        at = self.execute_at
        return self.state == self.State.COOLING and bool(at and at <= timezone.now())

    @property
    def is_live(self) -> bool:
        """Whether a look a moment later can show something else."""
        soon = self.due_at is not None and self.due_at <= timezone.now() + STALE_AFTER
        return soon and self.state not in {self.State.DONE, self.State.AWAITING}

    @property
    def shown_state(self) -> State:
        """A fact's deletion that nobody can be waiting for any more is not confirmed."""
        is_old = timezone.now() - self.created_at > STALE_AFTER
        if self.state == self.State.EXECUTING and is_old and not self.requested_at:
            return self.State.UNKNOWN
        return self.State(self.state)
