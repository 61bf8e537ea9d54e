"""The nightly checks: each tenant's, once a night."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.monitoring import canary
from console.monitoring.models import Result, Watch
from console.monitoring.nightly import examine, start_due
from tests.factories import make_tenant, move_tenant


@pytest.fixture
def tenants(tenant):
    return [tenant, make_tenant("globex")]


def list_tasks():
    return sorted(
        task.task_path.rpartition(".")[2] for task in DBTaskResult.objects.all()
    )


def test_start_due_asks_for_a_night_once(tenants):
    start_due()
    Watch.objects.update(night_at=timezone.now() - timedelta(minutes=1))

    start_due()
    start_due()

    assert list_tasks() == ["examine", "examine", "isolate"]
    assert all(each.night_at > timezone.now() for each in Watch.objects.all())


def test_examine_keeps_one_result_of_each_kind(tenant, settings):
    since = timezone.now().isoformat()

    examine.func(str(tenant.pk), since)
    examine.func(str(tenant.pk), since)

    doctor = Result.objects.get(kind="doctor")
    assert Result.objects.count() == len(settings.NIGHTLY)
    assert doctor.state == "fails"
    assert doctor.facts["first"] == "configuration"


def test_examine_cannot_tell_of_a_locked_vault(tenant):
    move_tenant(tenant, "https://memory.example")
    tenant.encrypted_token = "tampered"
    tenant.save()

    examine.func(str(tenant.pk), timezone.now().isoformat())

    assert {each.state for each in Result.objects.all()} == {"unknown"}


def test_start_due_runs_canaries_as_they_are_set(tenants):
    now = timezone.now()
    for each, hours in zip(tenants, (1, 0), strict=True):
        due = now - timedelta(minutes=1) if hours else None
        Watch.objects.create(tenant=each, every_hours=hours, due_at=due)

    canary.start_due()
    canary.start_due()

    assert list_tasks() == ["run_canary"]
    next_at = Watch.objects.get(tenant=tenants[0]).due_at
    assert now + timedelta(minutes=59) < next_at < now + timedelta(minutes=61)
