"""Which masked values a person has revealed, and how often they asked a question: a hit
or a miss of a lookup tells something.

Whoever types a whole identifier may learn whose it is, that is daily work. Whoever tries
a range of them, or asks a memory to explain itself over and over, is stopped, and the
audit log has a digest of each try.
"""

from datetime import datetime, timedelta
from typing import Self, TypeVar
from unicodedata import normalize

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from console.accounts.models import User
from console.audit.log import log_view
from console.core.errors import DomainError
from console.tenants.actor import Actor
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


class Question(models.Model):
    """One lookup or explained recall of one person, never what was asked.

    A row is of use for an hour (console/masking/models.py).
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    objects = LimitedQuerySet["Question"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["user", "made_at"], name="question_made")]


HOUR = timedelta(hours=1)


class LimitReached(DomainError, status=429):
    """A person did something as often as they may for now."""

    def __init__(self, message: str, *, free_at: datetime) -> None:
        super().__init__(message)
        self.retry_after_s = (free_at - timezone.now()).total_seconds()


class TooManyQuestions(LimitReached, title="Lookup limit reached"):
    """A person has looked up as much as the limit allows."""


def count_question(actor: Actor, action: str, looked_for: str) -> None:
    """Before a lookup or an explained recall. `looked_for`: a digest of what was typed.

    Raises TooManyQuestions, after logging the attempt, and AuditUnavailable.
    """
    if actor.user is None:
        raise RuntimeError("Only a person can ask.")
    most = settings.QUESTIONS_PER_HOUR
    with transaction.atomic(durable=True):
        # Locked: two questions at the same moment are counted one after the other.
        User.objects.select_for_update().get(pk=actor.user.pk)
        asked = Question.objects.filter(user=actor.user)
        if not (free_at := asked.get_free_at(HOUR, most)):
            asked.filter(made_at__lt=timezone.now() - HOUR).delete()
            Question.objects.create(user=actor.user)
    if free_at:
        log_view(actor, action, outcome="denied", looked_for=looked_for)
        raise TooManyQuestions(
            f"You have reached the limit of {most} lookups and explained recalls in an "
            f"hour. You can ask more from {free_at:%-d %B at %H:%M} UTC. Lists, pages of "
            "customers and recalls without explanation stay open. Nothing was shown.",
            free_at=free_at,
        )


def get_digest(actor: Actor, action: str, text: str) -> str:
    """64 bits in hex, keyed with SECRET_KEY: equal in a tenant's entries of one action
    for what is the same but for case and blanks, whether a type stands before it or
    not; "" of ""."""
    plain = "".join(normalize("NFKC", text).casefold().split())
    plain = plain.partition(":")[2] or plain
    if not plain:
        return ""
    plain = f"{actor.tenant.pk if actor.tenant else ''} {action} {plain}"
    digest = salted_hmac("console.masking.questions", plain, algorithm="sha256")
    return digest.hexdigest()[:16]
