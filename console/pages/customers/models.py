"""When a person last had a profile open."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from console.accounts.models import User
from console.tenants.models import Tenant


class LastSeen(models.Model):
    """When a person last had a profile open, so that they can be told what is new.

    seen_at    the newest look
    before_at  the last look of the visit before this one; None on the first visit
    """

    # Looks that lie closer together are one visit: a call, not a reload.
    PAUSE = timedelta(minutes=30)

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+")
    profile_id = models.CharField(max_length=64)
    seen_at = models.DateTimeField()
    before_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "tenant", "profile_id"], name="visit_one_a_profile"
            )
        ]


def update_last_seen(user: User, tenant: Tenant, profile_id: str) -> datetime | None:
    """Keep this look, and answer when the visit before this one ended; None: never.

    Not locked: of two looks at the same moment either may be the one that is kept.
    """
    now = timezone.now()
    key = {"user": user, "tenant": tenant, "profile_id": profile_id}
    rows = LastSeen.objects.filter(**key)
    seen = rows.first()
    if seen is None:
        LastSeen.objects.bulk_create(
            [LastSeen(**key, seen_at=now)], ignore_conflicts=True
        )
        return None
    if now - seen.seen_at > LastSeen.PAUSE:
        seen.before_at = seen.seen_at
    rows.update(seen_at=now, before_at=seen.before_at)
    return seen.before_at


def get_last_seen(
    user: User, tenant: Tenant, profile_ids: Iterable[str]
) -> dict[str, datetime]:
    """When the person had each of these open last; those never opened are left out."""
    rows = LastSeen.objects.filter(
        user=user, tenant=tenant, profile_id__in=list(profile_ids)
    )
    return dict(rows.values_list("profile_id", "seen_at"))
