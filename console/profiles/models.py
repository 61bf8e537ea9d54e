"""What a tenant keeps of its customers in spite of everything, and for how long."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from console.accounts.models import User
from console.client.errors import MemoryNotFound, MemoryProblem
from console.core.errors import DomainError
from console.databases.compaction import request_compaction
from console.tenants.models import Tenant
from console.tenants.vault import open_store


class Hold(models.Model):
    """What forbids to erase a profile, whoever asks for it.

    profile_id  as it was then; it may have been merged into another one since
    until       its last day; None: until somebody lifts it
    """

    class Basis(models.TextChoices):
        LITIGATION = "litigation", "Legal proceedings"
        LAW = "law", "A law says how long it is kept"
        AUTHORITY = "authority", "An authority ordered it"
        DISPUTE = "dispute", "An open complaint or dispute"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="holds")
    profile_id = models.CharField(max_length=64)
    basis = models.CharField(max_length=20, choices=Basis)
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    since = models.DateTimeField(auto_now_add=True)
    until = models.DateField(null=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "-since"], name="hold_newest_first")]


class RetentionRule(models.Model):
    """How long a tenant keeps something of its customers (retention.py).

    days          after it was learned; of a conversation, after it was last changed
    deletes_from  a day after the rule was made: until then it only says what would go
    due_at        of the next daily run
    token         where a run that is under way reads on; counting: what it has found,
                  with `going`: how many of the page at hand
    forecast      how many go, by day
    """

    KINDS = (
        ("observation", "observations"),
        ("summary", "summaries"),
        ("conversation", "conversations"),
    )

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="retention")
    kind = models.CharField(max_length=16, choices=KINDS)
    days = models.PositiveIntegerField()
    deletes_from = models.DateTimeField()
    due_at = models.DateTimeField()
    token = models.TextField(blank=True)
    counting = models.JSONField(default=dict)
    forecast = models.JSONField(default=dict)
    forecast_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind"], name="retention_one_a_kind"
            )
        ]

    @property
    def ahead(self) -> list[tuple[date, int]]:
        return [(date.fromisoformat(day), n) for day, n in self.forecast.items()]


class AccessPackage(models.Model):
    """What a customer is given of all that is held on them, for one download.

    token_digest  of what the session that asked for it holds, and no other
    step          what the worker is at; "" before it has begun
    content       base64 of the archive, encrypted; "" until it is made
    """

    KEPT = timedelta(hours=24)

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="packages")
    profile_id = models.CharField(max_length=64)
    requested_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    token_digest = models.CharField(max_length=64)
    step = models.CharField(max_length=40, blank=True)
    content = models.TextField(blank=True)

    @property
    def context(self) -> tuple[str, ...]:
        return ("profiles.accesspackage", str(self.pk), "content")


def drop_packages(rows: models.QuerySet[AccessPackage]) -> None:
    """After their download, with their profile, or when they expire."""
    if rows.delete()[0]:
        request_compaction()


def drop_orphaned_packages() -> None:
    """By the worker after a deletion, whoever deleted: also a program in the memory."""
    for package in AccessPackage.objects.select_related("tenant"):
        try:
            open_store(package.tenant).fetch_profile(package.profile_id)
        except MemoryNotFound:
            drop_packages(AccessPackage.objects.filter(pk=package.pk))
        except MemoryProblem:
            continue  # it is dropped when it expires


def drop_expired_packages() -> None:
    before = timezone.now() - AccessPackage.KEPT
    drop_packages(AccessPackage.objects.filter(created_at__lt=before))


class OnHold(DomainError, status=409, title="A hold refuses it"):
    """Somebody said that nothing of this profile is erased."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(f"On hold: {hold.get_basis_display()}. Nothing was deleted.")


def check_hold(tenant: Tenant, *profile_ids: str) -> None:
    """Before something of these is erased. Raises OnHold, MemoryProblem."""
    for profile_id in profile_ids:
        if hold := find_hold(tenant, profile_id):
            raise OnHold(hold)


def list_holds(tenant: Tenant) -> models.QuerySet[Hold]:
    """Those that count now, the newest first."""
    today = timezone.now().date()
    held = Hold.objects.filter(tenant=tenant, lifted_at=None)
    return held.filter(Q(until=None) | Q(until__gte=today)).order_by("-since", "pk")


def find_hold(
    tenant: Tenant, profile_id: str, merged_ids: Sequence[str] | None = None
) -> Hold | None:
    """One on this profile or on one that was merged into it. Where the tenant has holds
    on others, the memory is asked for merged ids that are not given. Raises
    MemoryProblem."""
    by_profile = {hold.profile_id: hold for hold in list_holds(tenant)}
    if profile_id in by_profile or not by_profile:
        return by_profile.get(profile_id)
    ids = merged_ids or ()
    if merged_ids is None:
        with suppress(MemoryNotFound):
            found = open_store(tenant).fetch_profile(profile_id, merged_ids=True)
            ids = (found.id, *(found.merged_ids or ()))
    return next((by_profile[id_] for id_ in ids if id_ in by_profile), None)
