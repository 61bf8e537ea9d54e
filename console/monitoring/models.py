"""What was found out about tenants: each result is kept, for KEEP or until there is a newer
one of its kind."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from console.databases.encryption import decrypt, encrypt
from console.tenants.models import Tenant

KEEP = timedelta(days=90)
URL_MAX = 2000


class Kind(models.TextChoices):
    DOCTOR = "doctor"
    CANARY = "canary"
    ISOLATION = "isolation"
    DRIFT = "drift"
    USAGE = "usage"


class Health(models.TextChoices):
    HOLDS = "holds", "Passes"
    DOUBTFUL = "doubtful"
    FAILS = "fails"
    UNKNOWN = "unknown", "cannot tell"

    @property
    def tone(self) -> str:
        """What it is drawn as."""
        known = {Health.HOLDS: "ok", Health.FAILS: "refused"}
        return known.get(self, "waiting")


class Watch(models.Model):
    """How a tenant is watched, and what is going on.

    every_hours  between canaries; 0: by hand alone, 24: each night
    due_at       of the next one
    night_at     from when on the next nightly checks are made
    alert_after  so many failed canaries in a row; of other kinds one is enough
    webhook, mail  where alerts are sent
    alerted      kinds of which an outage was told and not its end, with its moment
    run          the canary that is under way, {} for none (canary.py); beat_at: when
                 that was last seen to go on
    """

    class Every(models.IntegerChoices):
        NEVER = 0, "Only by hand"
        HOUR = 1, "Every hour"
        SIX_HOURS = 6, "Every six hours"
        NIGHT = 24, "Every night"

    tenant = models.OneToOneField(Tenant, models.CASCADE, related_name="watch")
    every_hours = models.PositiveSmallIntegerField(choices=Every, default=Every.NEVER)
    due_at = models.DateTimeField(null=True)
    night_at = models.DateTimeField(null=True)
    alert_after = models.PositiveSmallIntegerField(default=2)
    webhook = models.CharField(max_length=URL_MAX, blank=True)
    mail = models.EmailField(blank=True)
    alerted = models.JSONField(default=dict)
    run = models.JSONField(default=dict)
    beat_at = models.DateTimeField(null=True)


class Made(models.Model):
    """A synthetic customer in a tenant's memory, from before it is made until it is seen
    to be gone (synthetic.py).

    mark     it is found by it, and by nothing else
    profile, conversation  their ids, "" while they are not known
    free_at  from when on nobody uses it: what is still there is removed
    until    so long it is looked for though it is not there: a write can be seen late
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="made")
    mark = models.CharField(max_length=40, unique=True)
    profile = models.CharField(max_length=64, blank=True)
    conversation = models.CharField(max_length=64, blank=True)
    free_at = models.DateTimeField()
    until = models.DateTimeField()


class Result(models.Model):
    """Of one kind, of one tenant.

    is_latest  of its kind: there is one
    facts      what was read, as each kind has it, and `words` for an alert: never a
               customer's data
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="results")
    kind = models.CharField(max_length=16, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=16, choices=Health)
    facts = models.JSONField(default=dict)
    is_latest = models.BooleanField(default=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "kind", "-at"], name="result_newest_first"),
            models.Index(fields=["at"], name="result_oldest_first"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind"],
                condition=Q(is_latest=True),
                name="result_one_latest_a_kind",
            )
        ]

    @property
    def tone(self) -> str:
        return Health(self.state).tone

    @property
    def is_well(self) -> bool:
        """What cannot be told is not."""
        return self.state in {Health.HOLDS, Health.DOUBTFUL}


def get_watch(tenant: Tenant) -> Watch:
    return Watch.objects.get_or_create(tenant=tenant)[0]


def record(tenant: Tenant, kind: Kind, state: Health, **facts: Any) -> Result:
    """Keeps it, and alerts if it has to (alerts.py).

    words  of the facts: what is wrong, in one sentence
    """
    with transaction.atomic():
        # One at a time: each takes the place of the one before.
        Tenant.ever.select_for_update().get(pk=tenant.pk)
        before = tenant.results.filter(kind=kind, is_latest=True)
        before.update(is_latest=False)
        return tenant.results.create(kind=kind, state=state, facts=facts)


def latest(tenants: Iterable[Tenant]) -> dict[Any, dict[str, Result]]:
    """By the tenant's id and the kind; one query."""
    found = defaultdict[Any, dict[str, Result]](dict)
    ids = [tenant.pk for tenant in tenants]
    for each in Result.objects.filter(is_latest=True, tenant__in=ids):
        found[each.tenant_id][each.kind] = each
    return found


def prune() -> None:
    """By the worker, each minute."""
    old = Result.objects.filter(at__lt=timezone.now() - KEEP, is_latest=False)
    old.delete()


class Snapshot(models.Model):
    """How one thing of a tenant is set up, from the moment when it was first seen so
    (drift.py).

    thing    store, identity, rules, console, or one of many: configuration/<id>,
             group/<name>
    encrypted_token  its content as JSON, sealed, as addresses of webhooks can hold
             secrets; "": it is gone
    version  of the thing, where it has one
    before   what was there until then; None: it is new
    since    when nothing was changed yet; None: of the first look at all
    changed_at  as the memory tells it; None where it does not
    seen_at  when it was last seen so
    lost     paths of members that were there before; settled_at: they are back, or were
             meant to go
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="snapshots")
    thing = models.CharField(max_length=100)
    encrypted_token = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=0)
    before = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    since = models.DateTimeField(null=True)
    at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    lost = models.JSONField(default=list)
    settled_at = models.DateTimeField(null=True)
    is_latest = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "-id"], name="snapshot_newest_first")]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "thing"],
                condition=Q(is_latest=True),
                name="snapshot_one_latest_a_thing",
            )
        ]

    @property
    def kind(self) -> str:
        return self.thing.partition("/")[0]

    @property
    def name(self) -> str:
        """Which of many."""
        return self.thing.partition("/")[2]

    @property
    def token_context(self) -> tuple[str, ...]:
        return ("monitoring.snapshot", str(self.tenant_id), self.thing, "content")

    @cached_property
    def content(self) -> dict[str, Any]:
        """{} when it is gone. Raises VaultLocked, CredentialTampered."""
        sealed = self.encrypted_token
        text = decrypt(sealed, context=self.token_context) if sealed else "{}"
        content: dict[str, Any] = json.loads(text)
        return content

    def seal(self, content: dict[str, Any]) -> None:
        text = json.dumps(content) if content else ""
        self.encrypted_token = text and encrypt(text, context=self.token_context)
