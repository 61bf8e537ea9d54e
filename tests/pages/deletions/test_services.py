"""What people are told when the memory does not simply say yes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import IntegrityError, connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.audit.log import AuditUnavailable
from console.audit.models import AuditEntry
from console.core import outgoing
from console.databases.compaction import compact
from console.databases.disk import DiskFull
from console.pages.deletions.models import Deletion, Target
from console.pages.deletions.services import delete_item
from console.pages.deletions.steps import advance
from console.profiles import items
from console.tenants.actor import Actor
from console.tenants.models import Role
from tests.factories import make_user, move_tenant
from tests.pages.deletions.test_views import confirm, confirm_url
from tests.pages.deletions.upstream import Upstream, serving

pytestmark = pytest.mark.django_db
PROFILE = "mem_profile_01kce57bqte2vr3vckwgb1zdtb"
CANONICAL = "mem_profile_01kce57bqte2vr3vckwgb1zdta"
OBSERVATION = "mem_observation_01kce57bqte2vr3vckwgb1zdtb"
TARGET = Target(items.OBSERVATION, PROFILE, OBSERVATION)
ACCEPTED = (202, {})


@pytest.fixture
def upstream(tenant, settings):
    """A memory of its own for the tenant, which does as it is told."""
    settings.MEMORY_ALLOW_PRIVATE = True
    settings.MEMORY_TOTAL_TIMEOUT_S = 0.5
    with serving(Upstream(OBSERVATION, lambda: ACCEPTED)) as upstream:
        move_tenant(tenant, upstream.address)
        yield upstream


def delete_it(tenant, by, target=TARGET):
    return delete_item(
        target,
        Actor(by, tenant, Role.OFFICER),
        counts={"observations": 1},
        reason_code="customer_request",
        reason="Ticket 4711",
    )


def settle(deletion, by):
    advance(deletion, Actor(by, deletion.tenant, Role.OFFICER))
    deletion.refresh_from_db()
    return deletion


def age(deletion, **delta):
    """As if it had been asked for that long ago."""
    then = timezone.now() - timedelta(**delta)
    Deletion.objects.filter(pk=deletion.pk).update(created_at=then)
    deletion.refresh_from_db()


def outcomes():
    entries = AuditEntry.objects.filter(action="observation.deleted").order_by("seq")
    return [entry.outcome for entry in entries]


def test_deletion_whose_answer_was_lost_is_unknown_until_verified(
    tenant, officer, upstream
):
    def delete_and_hang_up():
        upstream.is_gone = True

    upstream.on_delete = delete_and_hang_up

    deletion = delete_it(tenant, officer)

    assert (deletion.state, deletion.finished_at) == ("unknown", None)
    assert "not known whether it was done" in deletion.words
    settled = settle(deletion, officer)
    assert (settled.state, settled.words) == ("done", "")
    assert settled.verified_at
    assert outcomes() == ["unknown", "done"]
    assert len(upstream.deletions) == 1


def test_deletion_from_a_memory_elsewhere_has_what_pages_derived_removed(
    tenant, officer, upstream
):
    upstream.on_delete = lambda: (setattr(upstream, "is_gone", True), ACCEPTED)[1]

    delete_it(tenant, officer)

    tasks = DBTaskResult.objects.filter(task_path=compact.module_path)
    assert tasks.count() == 1


def test_deletion_that_hangs_is_unknown_within_the_deadline(tenant, officer, upstream):
    released = Event()
    upstream.on_delete = lambda: released.wait(5) and ACCEPTED

    deletion = delete_it(tenant, officer)
    released.set()

    assert deletion.state == "unknown"
    assert "took too long" in deletion.words


def test_deletion_that_was_not_done_is_repeated_once_it_is_read_back(
    tenant, officer, upstream
):
    upstream.on_delete = lambda: None
    deletion = delete_it(tenant, officer)
    upstream.on_delete = lambda: (setattr(upstream, "is_gone", True), ACCEPTED)[1]

    settled = settle(deletion, officer)

    assert (settled.state, settled.words) == ("done", "")
    assert outcomes() == ["unknown", "done"]
    assert len(upstream.deletions) == 2


def test_settle_logs_once_what_is_still_there(tenant, officer, upstream):
    deletion = delete_it(tenant, officer)

    settled = settle(deletion, officer)

    assert settled.state == "unknown"
    assert "still returns it" in settled.words
    assert outcomes() == ["unknown"]


def test_deletion_that_cannot_be_verified_is_unknown(tenant, officer, upstream):
    def delete_and_go_down():
        upstream.is_down = True
        return ACCEPTED

    upstream.on_delete = delete_and_go_down

    deletion = delete_it(tenant, officer)

    assert deletion.state == "unknown"
    assert deletion.words.startswith("Could not verify the deletion.")


def test_deletion_of_what_was_already_gone_fails(tenant, officer, upstream):
    upstream.is_gone = True
    upstream.on_delete = lambda: (404, {})

    deletion = delete_it(tenant, officer)

    assert deletion.state == "failed"
    assert "already been deleted" in deletion.words
    assert outcomes() == ["failed"]


@pytest.mark.parametrize("status", [400, 401, 403, 409])
def test_deletion_fails_with_the_memorys_message(tenant, officer, upstream, status):
    upstream.on_delete = lambda: (status, {})

    deletion = delete_it(tenant, officer)

    assert deletion.state == "failed"
    assert "Nothing was changed" in deletion.words


def test_deletion_is_unknown_when_the_memory_breaks(tenant, officer, upstream):
    upstream.on_delete = lambda: (500, {})

    assert delete_it(tenant, officer).state == "unknown"


def test_deletion_fails_when_the_memory_cannot_be_reached(tenant, officer, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    settings.MEMORY_TOTAL_TIMEOUT_S = 0.5
    move_tenant(tenant, "http://127.0.0.1:9")

    deletion = delete_it(tenant, officer)

    assert deletion.state == "failed"
    assert "Nothing was changed" in deletion.words


def test_deletion_stopped_by_a_merge_leads_to_the_merged_profile(
    client, tenant, officer, upstream
):
    moved = f"{upstream.address}/v1/Stores/{tenant.store_id}/Profiles/{CANONICAL}/Observations/{OBSERVATION}"
    upstream.on_delete = lambda: (
        308,
        {"Location": moved, "Canonical-Profile-Id": CANONICAL},
    )

    deletion = delete_it(tenant, officer)

    assert (deletion.state, deletion.canonical_id) == ("failed", CANONICAL)
    client.force_login(officer)
    receipt = reverse("deletions:deletion", args=["acme", deletion.pk])
    page = client.get(receipt).content.decode()
    assert confirm_url("observation", CANONICAL, OBSERVATION) in page
    assert "Nothing was deleted" in page


def test_delete_profile_redirects_to_the_merged_profile(client, officer, upstream):
    upstream.merged_to = CANONICAL
    client.force_login(officer)

    response = client.get(confirm_url("profile", PROFILE))

    assert response["Location"] == confirm_url("profile", CANONICAL)
    assert not AuditEntry.objects.filter(action="deletion.previewed").exists()


def test_deletion_can_be_tried_again_after_a_failure(tenant, officer, upstream):
    upstream.on_delete = lambda: (409, {})
    first = delete_it(tenant, officer)
    upstream.on_delete = lambda: (setattr(upstream, "is_gone", True), ACCEPTED)[1]

    second = delete_it(tenant, officer)

    assert (first.state, second.state) == ("failed", "done")
    assert first.pk != second.pk


def test_deletion_is_not_begun_twice(tenant, officer, upstream):
    upstream.on_delete = lambda: None
    first = delete_it(tenant, officer)

    second = delete_it(tenant, officer)

    assert first.pk == second.pk
    assert len(upstream.deletions) == 1


def test_deletion_raises_when_the_database_refuses_the_row(tenant, officer, upstream):
    with pytest.raises(IntegrityError):
        delete_item(
            TARGET,
            Actor(officer, tenant, Role.OFFICER),
            counts={},
            reason_code="other",
            reason="no",
        )

    assert not upstream.deletions


def left_behind(tenant, officer):
    """What a crash between the commit and the answer leaves."""
    return Deletion.objects.create(
        tenant=tenant,
        kind=TARGET.kind.name,
        profile_id=TARGET.profile_id,
        object_id=TARGET.object_id,
        counts={"observations": 1},
        reason_code="other",
        reason="Ticket 4711",
        requested_by=officer,
    )


def test_check_again_after_a_crash(client, tenant, officer, upstream):
    deletion = left_behind(tenant, officer)
    receipt = reverse("deletions:deletion", args=["acme", deletion.pk])
    client.force_login(officer)
    at_once = client.get(receipt).content.decode()
    age(deletion, seconds=61)
    upstream.is_gone = True

    later = client.get(receipt).content.decode()
    answer = client.post(reverse("deletions:move", args=["acme", deletion.pk, "check"]))

    assert "Deletion in progress" in at_once
    assert "Check again" not in at_once
    assert "The deletion is not confirmed" in later
    assert "Check again" in later
    assert answer["Location"] == receipt
    deletion.refresh_from_db()
    assert deletion.state == "done"
    assert outcomes() == ["done"]


def test_check_leaves_a_deletion_that_somebody_waits_for(
    client, tenant, officer, upstream
):
    deletion = left_behind(tenant, officer)
    upstream.is_gone = True
    client.force_login(officer)

    client.post(reverse("deletions:move", args=["acme", deletion.pk, "check"]))

    deletion.refresh_from_db()
    assert deletion.state == "executing"


def test_check_leaves_a_closed_one(client, tenant, officer, upstream):
    upstream.on_delete = lambda: (409, {})
    deletion = delete_it(tenant, officer)
    upstream.is_gone = True

    client.force_login(officer)
    client.post(reverse("deletions:move", args=["acme", deletion.pk, "check"]))

    deletion.refresh_from_db()
    assert (deletion.state, outcomes()) == ("failed", ["failed"])


def test_settle_keeps_the_first_of_two(tenant, officer, upstream):
    upstream.on_delete = lambda: None
    mine, theirs = delete_it(tenant, officer), Deletion.objects.get()
    upstream.is_gone = True
    settle(mine, officer)
    upstream.is_gone = False

    assert settle(theirs, officer).state == "done"
    assert outcomes() == ["unknown", "done"]


def test_check_again_is_refused_to_an_auditor(
    client, tenant, officer, auditor, upstream
):
    upstream.on_delete = lambda: None
    deletion = delete_it(tenant, officer)
    client.force_login(auditor)

    receipt = client.get(reverse("deletions:deletion", args=["acme", deletion.pk]))
    posted = client.post(reverse("deletions:move", args=["acme", deletion.pk, "check"]))

    assert "not known" in receipt.content.decode()
    assert "Check again" not in receipt.content.decode()
    assert posted.status_code == 403


@pytest.mark.django_db(transaction=True)
def test_deletion_is_not_begun_on_a_full_disk(tenant, officer, upstream, full_disk):
    with pytest.raises(DiskFull):
        delete_it(tenant, officer)

    assert (upstream.deletions, Deletion.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_deletion_stays_open_without_an_audit_log(tenant, officer, upstream):
    rename = "ALTER TABLE audit_audithead RENAME TO audit_elsewhere"
    back = "ALTER TABLE audit_elsewhere RENAME TO audit_audithead"
    with connection.cursor() as cursor:
        cursor.execute(rename)

    with pytest.raises(AuditUnavailable):
        delete_it(tenant, officer)

    with connection.cursor() as cursor:
        cursor.execute(back)
    assert Deletion.objects.get().state == "executing"


@pytest.mark.django_db(transaction=True)
def test_deletion_by_two_officers_at_once_happens_once(
    tenant, officer, upstream, settings, monkeypatch
):
    # However slow the second officer's pages are, the first one's call waits for them.
    settings.MEMORY_TOTAL_TIMEOUT_S = 120
    monkeypatch.setattr(outgoing, "TIMEOUT", 120)
    asked, released = Event(), Event()

    def wait_and_delete():
        asked.set()
        released.wait(60)
        upstream.is_gone = True
        return ACCEPTED

    def first_officer():
        try:
            client = Client()
            client.force_login(officer)
            return confirm(client, url, OBSERVATION[-6:])
        finally:
            connections.close_all()

    upstream.on_delete = wait_and_delete
    url = confirm_url("observation", PROFILE, OBSERVATION)
    second = Client()
    second.force_login(make_user(Role.OFFICER, tenant))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(first_officer)
        assert asked.wait(60)

        led_away = second.get(url)
        seen = second.get(led_away["Location"]).content.decode()
        released.set()

    assert first.result()["Location"] == led_away["Location"]
    assert "Deletion in progress" in seen
    assert len(upstream.deletions) == 1
    assert outcomes() == ["done"]


def carry_out(tenant, officer):
    """A request that a worker had begun when it was killed, by the next worker."""
    deletion = left_behind(tenant, officer)
    now = timezone.now()
    Deletion.objects.filter(pk=deletion.pk).update(requested_at=now, started_at=now)
    deletion.refresh_from_db()
    advance(deletion, Actor(officer, tenant, name="worker"))
    return deletion


@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [
        (409, {}, 10),
        (503, {}, 10),
        (429, {"Retry-After": "120"}, 120),
        (429, {"Retry-After": "3600"}, 300),
    ],
)
def test_worker_waits_as_the_memory_says(
    tenant, officer, upstream, status, headers, wait_s
):
    upstream.on_delete = lambda: (status, headers)
    before = timezone.now()

    deletion = carry_out(tenant, officer)

    wait = timedelta(seconds=wait_s)
    assert deletion.state == "executing"
    assert before + wait <= deletion.due_at <= timezone.now() + wait
    assert outcomes() == []


@pytest.mark.parametrize(
    ("status", "state"), [(500, "unknown"), (401, "failed"), (403, "failed")]
)
def test_worker_keeps_what_a_memory_refused(tenant, officer, upstream, status, state):
    upstream.on_delete = lambda: (status, {})

    deletion = carry_out(tenant, officer)

    assert (deletion.state, outcomes()) == (state, [state])
    assert bool(deletion.due_at) == (state == "unknown")


def test_worker_takes_the_404_of_a_repeated_call_for_done(tenant, officer, upstream):
    upstream.on_delete = lambda: (setattr(upstream, "is_gone", True), (404, {}))[1]

    deletion = carry_out(tenant, officer)

    assert (deletion.state, outcomes()) == ("verifying", ["done"])


def test_worker_sends_back_what_was_merged_under_its_hands(tenant, officer, upstream):
    def merge():
        upstream.merged_to = CANONICAL
        return 308, {"Location": moved, "Canonical-Profile-Id": CANONICAL}

    moved = f"{upstream.address}/v1/Stores/{tenant.store_id}/Profiles/{CANONICAL}/Observations/{OBSERVATION}"
    upstream.on_delete = merge

    deletion = carry_out(tenant, officer)

    assert (deletion.state, deletion.profile_id) == ("previewed", CANONICAL)
    assert "merged" in deletion.words
