"""Cases: runs of Recall that must go on answering as they should; and marks, a person's
word on single items."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone

from console.masking.models import get_digest
from console.pages.recall.verdict import Question
from console.tenants.actor import Actor
from console.tenants.models import Tenant

SUITE_MAX, NAME_MAX = 64, 120
# Of the newest runs, as the strip of a case shows them.
RUNS_KEPT = 30


class RecallCaseQuerySet(models.QuerySet["RecallCase"]):
    def erase(self, profile_id: str) -> None:
        """Keep no word of what was asked about an erased profile."""
        gone = RecallCase.State.ERASED
        found = self.filter(profile_id=profile_id)
        found.update(asked={}, state=gone, words="", changes=[])
        RecallMark.objects.filter(profile_id=profile_id).delete()


class RecallCase(models.Model):
    """One run and what it must answer.

    asked        the fields of the run's form, by name; {} once its profile is erased
    wanted, unwanted  ids of items that must come, and of those that must not
    in_order     the wanted ones come in the order of their list
    least_score  that each wanted item has; None: any
    most_ms      that the recall may take, as seen from the console; None: any
    most_tokens  that what came may have as a prompt; None: any
    words        why it failed, without a customer's words
    missing      the first wanted item that did not come
    runs         of the newest ones, the newest last: whether each passed
    green_at     when it last passed; green_model: by which model of meaning; "": words
    changes      of a failed one: what has changed since then, in words, newest first
    """

    class State(models.TextChoices):
        NEW = "new", "not run"
        PASSED = "passed"
        FAILED = "failed"
        ERASED = "erased", "profile erased"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="recall_cases")
    suite = models.CharField(max_length=SUITE_MAX)
    name = models.CharField(max_length=NAME_MAX)
    profile_id = models.CharField(max_length=64)
    asked = models.JSONField()
    wanted = models.JSONField(default=list)
    unwanted = models.JSONField(default=list)
    in_order = models.BooleanField(default=False)
    least_score = models.FloatField(null=True)
    most_ms = models.PositiveIntegerField(null=True)
    most_tokens = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    words = models.CharField(max_length=300, blank=True)
    missing = models.CharField(max_length=64, blank=True)
    runs = models.JSONField(default=list)
    green_at = models.DateTimeField(null=True)
    green_model = models.CharField(max_length=200, blank=True)
    changes = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(null=True)

    objects: Any = RecallCaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "suite", "name"],
                name="recall_case_name_in_suite",
            )
        ]

    def __str__(self) -> str:
        return f"{self.suite}: {self.name}"

    @property
    def passes(self) -> int:
        return sum(self.runs)

    @property
    def is_erased(self) -> bool:
        return self.state == self.State.ERASED


class RecallMark(models.Model):
    """Whether an item is what a question wanted, as a person says. Never a text.

    run       digest of what was asked
    place     1 for the best, as the run lists them
    score     None where nothing was ranked, or where it would tell of what is masked
    features  parts of the score, as the engine names them; {}: the memory tells none
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="recall_marks")
    profile_id = models.CharField(max_length=64)
    run = models.CharField(max_length=16)
    item_id = models.CharField(max_length=64)
    is_wanted = models.BooleanField()
    mode = models.CharField(max_length=12)
    place = models.PositiveIntegerField()
    score = models.FloatField(null=True)
    features = models.JSONField(default=dict)
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    marked_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "profile_id", "run", "item_id"],
                name="recall_mark_of_item_in_run",
            )
        ]

    def __str__(self) -> str:
        return f"{'wanted' if self.is_wanted else 'not wanted'}: {self.item_id}"

    @staticmethod
    def digest_run(actor: Actor, question: Question) -> str:
        """By all that is asked, explained or not."""
        asked = [f"{n}={v}" for n, v in question.items() if not n.startswith("trace")]
        # What stands before the first colon does not count.
        return get_digest(actor, "recall.mark", ":" + "\n".join(asked))


class RecallSchedule(models.Model):
    """When the worker runs a suite: at `due_at`, and every so many hours from then on."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="recall_schedules")
    suite = models.CharField(max_length=SUITE_MAX)
    every_hours = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "suite"], name="recall_schedule_of_suite"
            )
        ]

    def __str__(self) -> str:
        return f"every {self.every_hours} h"

    def get_next(self, now: datetime) -> datetime:
        """The first time after `now`, by the clock on the wall: what runs each night at
        two does so in summer too."""
        due, every = timezone.make_naive(self.due_at), timedelta(hours=self.every_hours)
        passed = max(0, (timezone.make_naive(now) - due) // every)
        return timezone.make_aware(due + (passed + 1) * every)
