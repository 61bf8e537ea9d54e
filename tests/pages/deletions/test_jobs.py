"""The worker closes what the page that asked could not."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.audit.models import AuditEntry
from console.jobs import leases
from console.pages.deletions.models import Deletion
from console.pages.deletions.services import SETTLE_AFTER, enqueue_settle, settle
from console.tenants.memory import open_store
from tests.factories import make_observation, make_profile, move_tenant


def work_off(*, after: timedelta) -> None:
    """What `manage.py db_worker` finds to do that much later."""
    with time_machine.travel(timezone.now() + after, tick=True):
        call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)


@pytest.fixture
def crashed(transactional_db, tenant, officer) -> Deletion:
    """An attempt that was committed and never closed: the process died there."""
    profile = make_profile(tenant)
    observation = make_observation(tenant, profile)
    deletion = Deletion.objects.create(
        tenant=tenant,
        kind="observation",
        profile_id=profile,
        object_id=observation.id,
        counts={"observations": 1},
        reason_code="customer_request",
        reason="Ticket 4711",
        requested_by=officer,
    )
    enqueue_settle(deletion)
    return deletion


@pytest.mark.django_db(transaction=True)
def test_settle_ends_as_done_after_a_crash_behind_the_call(crashed, tenant):
    open_store(tenant).delete_observation(crashed.profile_id, crashed.object_id)

    work_off(after=SETTLE_AFTER + timedelta(seconds=1))

    crashed.refresh_from_db()
    assert crashed.state == Deletion.State.DONE
    entry = AuditEntry.objects.get(action="observation.deleted")
    assert (entry.outcome, entry.role) == ("done", "worker")


@pytest.mark.django_db(transaction=True)
def test_settle_ends_as_failed_after_a_crash_before_the_call(crashed):
    work_off(after=SETTLE_AFTER + timedelta(seconds=1))

    crashed.refresh_from_db()
    assert crashed.state == Deletion.State.FAILED
    assert "nothing was deleted" in crashed.words


@pytest.mark.django_db(transaction=True)
def test_settle_leaves_a_deletion_in_progress_alone(crashed):
    work_off(after=timedelta(seconds=5))

    crashed.refresh_from_db()
    assert crashed.state == Deletion.State.EXECUTING


@pytest.mark.django_db(transaction=True)
def test_settle_is_tried_again_while_the_memory_cannot_be_asked(
    crashed, tenant, settings
):
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:9")

    work_off(after=SETTLE_AFTER + timedelta(seconds=1))

    crashed.refresh_from_db()
    task = DBTaskResult.objects.get(task_path=settle.module_path)
    assert crashed.state == Deletion.State.UNKNOWN
    assert task.exception_class_path.endswith(".StillOpen")
    assert not leases.is_given_up(task)
