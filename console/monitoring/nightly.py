"""What is looked at each night, of every tenant: settings.NIGHTLY names it by the kind of
its results. Each takes the tenant and records one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import task

from console.audit.log import log_view
from console.core.errors import DomainError
from console.monitoring import checks
from console.monitoring.evidence import gather_evidence
from console.monitoring.isolation import GROUP, isolate
from console.monitoring.models import Health, Kind, Watch, record
from console.tenants.actor import Actor
from console.tenants.models import Tenant

STATES = {
    checks.State.FAIL: Health.FAILS,
    checks.State.UNKNOWN: Health.UNKNOWN,
    checks.State.WARN: Health.DOUBTFUL,
}


def get_night(now: datetime) -> datetime:
    """The next one: an hour after everything is rewritten, which others wait for."""
    hour = (settings.PURGE_HOUR + 1) % 24
    tonight = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return tonight if tonight > now else tonight + timedelta(days=1)


def start_due() -> None:
    """By the worker, each minute. A night is asked for with the change of its time: by no
    two workers, and by one that dies meanwhile not at all, so that the next one does."""
    now = timezone.now()
    with transaction.atomic():
        new = Tenant.objects.filter(watch=None)
        watches = [Watch(tenant=each, night_at=get_night(now)) for each in new]
        Watch.objects.bulk_create(watches, ignore_conflicts=True)
        Watch.objects.filter(night_at=None).update(night_at=get_night(now))
        due = Watch.objects.filter(night_at__lte=now, tenant__removed_at=None)
        rows = due.select_for_update(of=("self",)).order_by("tenant")
        ids = [str(each.tenant_id) for each in rows]
        Watch.objects.filter(tenant__pk__in=ids).update(night_at=get_night(now))
        for each in ids:
            examine.enqueue(each, now.isoformat())
        for at in range(0, len(ids), GROUP):
            group = ids[at : at + GROUP]
            isolate.enqueue(group, now.isoformat(), now.date().toordinal())


@task()
def examine(tenant_id: str, since: str) -> None:
    """Safe to run twice: of what has a result since then there is no other."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is None:
        return
    for kind, path in settings.NIGHTLY.items():
        done = tenant.results.filter(kind=kind, at__gte=datetime.fromisoformat(since))
        if done.exists():
            continue
        try:
            import_string(path)(tenant)
        except DomainError as problem:
            record(tenant, Kind(kind), Health.UNKNOWN, words=problem.message)


def ask_doctor(tenant: Tenant) -> None:
    ask(tenant, Actor(None, tenant, name="worker"))


def ask(tenant: Tenant, actor: Actor, of: str = "") -> Sequence[checks.Check]:
    """of: as for `gather_evidence`. Raises VaultLocked, CredentialTampered."""
    log_view(actor, "linkage.checked", "store", tenant.store_id)
    verdicts = checks.judge_all(gather_evidence(tenant, of), tenant.known_findings)
    if not of:
        keep_verdicts(tenant, verdicts)
    return verdicts


def keep_verdicts(tenant: Tenant, verdicts: Sequence[checks.Check]) -> None:
    """Of the whole tenant. first: the check that fails first, "" for none."""
    first = checks.find_first(verdicts)
    state = STATES[first.state] if first and first.state else Health.HOLDS
    found = first.findings[:1] if first else ()
    words = " ".join(each.words for each in found)
    name = first.name if first else ""
    record(tenant, Kind.DOCTOR, state, words=words, first=name)
