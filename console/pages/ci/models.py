"""Tokens with which CI asks the console to do what commands do (decision 0081)."""

import re
import secrets
from datetime import timedelta
from hmac import compare_digest
from typing import Self

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from console.accounts.models import User

DAYS_MAX = 366
CALLS_PER_HOUR = 60
_TOKEN = re.compile(r"mcci_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)


class Job(models.TextChoices):
    """What a token may run: the command, and how pages call it."""

    DOCTOR = "doctor", "Doctor"
    SUITE = "suite", "Recall cases"
    ONBOARD = "onboard", "Onboarding"


class CiTokenManager(models.Manager["CiToken"]):
    def find(self, token: str) -> "CiToken | None":
        """Whose secret this is and that still opens; the answer takes the same time for
        one that is not there."""
        form = _TOKEN.fullmatch(token)
        row = self.filter(pk=form[1]).first() if form else None
        is_its = compare_digest(get_digest(token), row.digest if row else "-" * 64)
        return row if row and is_its and row.is_open else None


class CiToken(models.Model):
    """One pipeline's.

    id       in the token and in the audit log; it opens nothing
    digest   keyed, of the whole token, which is kept nowhere
    jobs     those that it may run
    slugs    of the tenants for which, be they there or not; []: of every tenant
    calls    that were counted in the hour that began at `hour`
    """

    id = models.CharField(primary_key=True, max_length=12)
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    jobs = models.JSONField()
    slugs = models.JSONField(default=list)
    issued_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    hour = models.DateTimeField(default=timezone.now)
    calls = models.PositiveIntegerField(default=0)

    objects = CiTokenManager()

    class Meta:
        ordering = ("-issued_at",)

    @classmethod
    def make(cls, **fields: object) -> tuple[Self, str]:
        """One that is not saved, and the token."""
        id_ = secrets.token_hex(6)
        token = f"mcci_{id_}_{secrets.token_urlsafe(32)}"
        return cls(id=id_, digest=get_digest(token), **fields), token

    @property
    def key(self) -> str:
        """What the audit log calls it."""
        return f"mcci_{self.id}"

    @property
    def is_open(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    @property
    def state(self) -> str:
        """In a word."""
        if self.revoked_at:
            return "revoked"
        return "active" if self.is_open else "expired"

    @property
    def job_labels(self) -> list[str]:
        return [Job(job).label for job in self.jobs]

    def covers(self, slug: str) -> bool:
        return not self.slugs or slug in self.slugs

    def count(self) -> bool:
        """One call more; whether the hour had room for it."""
        now, mine = timezone.now(), CiToken.objects.filter(pk=self.pk)
        since = now - timedelta(hours=1)

        def count_one() -> int:
            room = mine.filter(hour__gt=since, calls__lt=CALLS_PER_HOUR)
            return room.update(calls=F("calls") + 1, used_at=now)

        def begin() -> int:
            return mine.filter(hour__lte=since).update(hour=now, calls=1, used_at=now)

        # Once more: another call may have begun the hour between the two.
        return bool(count_one() or begin() or count_one())


def get_key(token: str) -> str:
    """Of what was sent as a token; "" where it has not the form of one."""
    form = _TOKEN.fullmatch(token)
    return f"mcci_{form[1]}" if form else ""


def get_digest(token: str) -> str:
    return salted_hmac("console.pages.ci", token, algorithm="sha256").hexdigest()
