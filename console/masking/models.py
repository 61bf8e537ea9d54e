"""Which masked values a person has revealed."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.utils import timezone

from console.accounts.models import User
from console.tenants.models import Tenant


class RevealQuerySet(models.QuerySet["Reveal"]):
    def of(self, user: User, tenant: Tenant) -> Self:
        return self.filter(user=user, tenant=tenant)

    def open(self) -> Self:
        return self.filter(until__gt=timezone.now())

    def count_since(self, age: timedelta) -> int:
        """How many were made in the last `age`."""
        return self.filter(made_at__gt=timezone.now() - age).count()


class Reveal(models.Model):
    """One value that one person may read in clear until a moment. Never the value.

    subject  what is clear: `observation/<id>`, `summary/<id>`, `trait/<group>.<name>`
             or `identifier/<type>`
    until    made_at + reveals.CLEAR_FOR, or the moment when it was hidden again
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+")
    profile_id = models.CharField(max_length=64)
    subject = models.CharField(max_length=180)
    made_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()

    objects = RevealQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["user", "tenant", "profile_id", "until"], name="reveal_open"
            )
        ]

    def __str__(self) -> str:
        return f"reveal {self.pk}"
