"""Which masked values a person has revealed, and how often they asked a question."""

from datetime import datetime, timedelta
from typing import Self, TypeVar

from django.db import models
from django.utils import timezone

from console.accounts.models import User
from console.tenants.models import Tenant

M = TypeVar("M", bound=models.Model)


class LimitedQuerySet(models.QuerySet[M]):
    """Rows of one person, each `made_at` some time, that are limited in number."""

    def count_since(self, age: timedelta) -> int:
        """How many were made in the last `age`."""
        return self.filter(made_at__gt=timezone.now() - age).count()

    def get_free_at(self, age: timedelta, most: int) -> datetime | None:
        """When there is room for one more within `age`; None when there is now."""
        made = self.filter(made_at__gt=timezone.now() - age)
        # Newest first: when this one is too old to count, there are less than `most`.
        oldest: tuple[datetime] | None = (
            made.order_by("-made_at").values_list("made_at")[most - 1 : most].first()
        )
        return oldest[0] + age if oldest else None


class RevealQuerySet(LimitedQuerySet["Reveal"]):
    def of(self, user: User, tenant: Tenant) -> Self:
        return self.filter(user=user, tenant=tenant)

    def open(self) -> Self:
        return self.filter(until__gt=timezone.now())


class Reveal(models.Model):
    """One value that one person may read in clear until a moment. Never the value.

    subject  what is clear: `observation/<id>`, `summary/<id>`, `trait/<group>.<name>`,
             `revision/<observation id>.<time>` or `identifier/<type>`
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


class Question(models.Model):
    """One lookup or explained recall of one person, never what was asked.

    A row is of use for an hour (console/masking/questions.py).
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    objects = LimitedQuerySet["Question"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["user", "made_at"], name="question_made")]

    def __str__(self) -> str:
        return f"question {self.pk}"
