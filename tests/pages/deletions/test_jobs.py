"""The worker closes what the page that asked could not."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from console.pages.deletions.models import Deletion, DeletionPolicy
from console.pages.deletions.services import Target, delete_item
from console.pages.deletions.steps import LEASE, LOOK_AGAIN_AFTER, enqueue_due
from console.profiles.items import PROFILE
from console.service.memory.models import Profile
from console.tenants.actor import Actor
from console.tenants.models import Role
from console.tenants.vault import open_store
from tests.factories import make_observation, make_profile, move_tenant
from tests.pages.deletions.test_views import confirm, confirm_url


def work_off(*, after: timedelta) -> None:
    """What `manage.py db_worker` finds to do that much later."""
    with time_machine.travel(timezone.now() + after, tick=True):
        enqueue_due()
        call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)


@pytest.fixture
def crashed(transactional_db, tenant, officer) -> Deletion:
    """An attempt that was committed and never closed: the process died there."""
    profile = make_profile(tenant)
    observation = make_observation(tenant, profile)
    return Deletion.objects.create(
        tenant=tenant,
        kind="observation",
        profile_id=profile,
        object_id=observation.id,
        counts={"observations": 1},
        reason_code="customer_request",
        reason="Ticket 4711",
        requested_by=officer,
        due_at=timezone.now() + LEASE,
    )


@pytest.mark.django_db(transaction=True)
def test_settle_ends_as_done_after_a_crash_behind_the_call(crashed, tenant):
    open_store(tenant).delete_observation(crashed.profile_id, crashed.object_id)

    work_off(after=LEASE + timedelta(seconds=1))

    crashed.refresh_from_db()
    assert crashed.state == Deletion.State.DONE
    entry = AuditEntry.objects.get(action="observation.deleted")
    assert (entry.outcome, entry.role) == ("done", "worker")


@pytest.mark.django_db(transaction=True)
def test_settle_ends_as_done_after_a_crash_before_the_call(crashed):
    work_off(after=LEASE + timedelta(seconds=1))

    crashed.refresh_from_db()
    assert crashed.state == Deletion.State.DONE


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

    work_off(after=LEASE + timedelta(seconds=1))

    before = crashed.due_at
    crashed.refresh_from_db()
    assert crashed.state == Deletion.State.UNKNOWN
    assert crashed.due_at > before


@pytest.fixture
def deleted(transactional_db, tenant, officer) -> Deletion:
    """Verified, by the console."""
    profile = make_profile(tenant, email="ann@example.com")
    return delete_item(
        Target(PROFILE, profile, profile),
        Actor(officer, tenant, Role.OFFICER),
        counts={"traits": 1},
        reason_code="customer_request",
        reason="Ticket 4711",
    )


def bring_back(deletion: Deletion) -> None:
    """As a restore by hand does."""
    Profile.objects.create(
        store_id=deletion.tenant.store_id,
        id=deletion.profile_id,
        created_at=deletion.created_at,
    )


def returned_entries() -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(action="deletion.returned")
    return [(entry.object_id, entry.role) for entry in entries]


@pytest.mark.django_db(transaction=True)
def test_look_again_confirms_a_deletion_after_a_day(deleted):
    work_off(after=LOOK_AGAIN_AFTER - timedelta(minutes=1))
    early = Deletion.objects.get().checked_at

    work_off(after=LOOK_AGAIN_AFTER + timedelta(minutes=1))

    later = Deletion.objects.get()
    assert early is None
    assert (later.state, later.checked_at > deleted.verified_at) == ("done", True)
    assert returned_entries() == []


@pytest.mark.django_db(transaction=True)
def test_look_again_notices_what_came_back(deleted, client, officer):
    bring_back(deleted)

    work_off(after=LOOK_AGAIN_AFTER + timedelta(minutes=1))

    assert returned_entries() == [(deleted.profile_id, "worker")]
    client.force_login(officer)
    page = client.get(reverse("deletions:deletion", args=["acme", deleted.pk])).text
    assert "It came back" in page
    assert "Delete it again" in page
    listed = client.get(reverse("deletions:list", args=["acme"])).text
    assert "A deleted profile came back" in listed


@pytest.mark.django_db(transaction=True)
def test_look_again_asks_a_silent_memory_every_hour(deleted, tenant, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:9")

    work_off(after=LOOK_AGAIN_AFTER + timedelta(minutes=1))

    waiting = Deletion.objects.get()
    assert waiting.checked_at is None
    assert waiting.due_at > deleted.verified_at + timedelta(hours=25)


@pytest.mark.django_db(transaction=True)
def test_what_came_back_can_be_deleted_again_at_once(deleted, client, officer):
    DeletionPolicy.objects.create(
        tenant=deleted.tenant, approval_above=None, cool_off_hours=0
    )
    bring_back(deleted)
    client.force_login(officer)
    url = confirm_url("profile", deleted.profile_id)
    tail = deleted.profile_id[-6:]

    confirm(client, url, tail, tenant_confirmation="acme")
    work_off(after=timedelta(0))

    newer, older = Deletion.objects.order_by("-created_at")
    assert (newer.state, older.state) == ("verifying", "returned")
    assert returned_entries() == [(deleted.profile_id, "officer")]
    assert not Profile.objects.exists()
    work_off(after=timedelta(minutes=1))
    work_off(after=timedelta(minutes=2))
    listed = client.get(reverse("deletions:list", args=["acme"])).text
    assert "came back on" not in listed
