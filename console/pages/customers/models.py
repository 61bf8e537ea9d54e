"""When a person last had a profile open."""

from datetime import timedelta

from django.db import models

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

    def __str__(self) -> str:
        return f"last seen {self.pk}"
