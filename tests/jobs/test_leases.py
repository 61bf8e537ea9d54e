"""A task whose worker died is run again, and given up in the end."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.jobs import leases
from console.jobs.models import Worker
from console.service.memory.embedding_jobs import make_vectors
from console.web.session import SessionStore

NOW = timezone.now()


def later(seconds: float):
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def task(db) -> DBTaskResult:
    """Claimed by a worker that beats for the last time."""
    leases.beat("w1", NOW)
    make_vectors.enqueue()
    task = DBTaskResult.objects.get()
    task.claim("w1")
    return task


def fail(task: DBTaskResult, *, tries: int, at=NOW) -> None:
    DBTaskResult.objects.update(
        status="FAILED", finished_at=at, worker_ids=["w"] * tries
    )


def test_fail_lost_tasks_waits_for_the_lease_to_expire(task):
    leases.fail_lost_tasks(later(29))
    task.refresh_from_db()
    held = task.status
    leases.fail_lost_tasks(later(31))
    task.refresh_from_db()

    assert (held, task.status) == ("RUNNING", "FAILED")
    assert task.exception_class_path == "console.jobs.leases.WorkerLost"


def test_fail_lost_tasks_keeps_a_task_while_its_worker_beats(task):
    leases.beat("w1", later(300))

    leases.fail_lost_tasks(later(310))

    task.refresh_from_db()
    assert task.status == "RUNNING"


def test_fail_lost_tasks_takes_a_task_of_a_worker_that_nobody_knows(task):
    Worker.objects.all().delete()

    leases.fail_lost_tasks(later(1))

    task.refresh_from_db()
    assert task.status == "FAILED"


@pytest.mark.parametrize(("tries", "wait"), [(1, 10), (2, 40), (3, 160), (4, 640)])
def test_retry_failed_tasks_waits_longer_each_time(task, tries, wait):
    fail(task, tries=tries)

    leases.retry_failed_tasks(later(wait - 1))
    early = DBTaskResult.objects.ready().count()
    leases.retry_failed_tasks(later(wait))

    assert (early, DBTaskResult.objects.ready().count()) == (0, 1)


def test_retry_failed_tasks_waits_for_room_on_the_disk(task, full_disk):
    fail(task, tries=1)

    leases.retry_failed_tasks(later(1000))

    task.refresh_from_db()
    assert task.status == "FAILED"
    assert not DBTaskResult.objects.ready().exists()


def test_retry_failed_tasks_gives_up_after_five(task):
    fail(task, tries=5)

    leases.retry_failed_tasks(later(1_000_000))

    task.refresh_from_db()
    assert (task.status, leases.is_given_up(task)) == ("FAILED", True)


def test_prune_keeps_what_failed_and_who_was_here_today(task):
    fail(task, tries=5)
    make_vectors.enqueue()
    DBTaskResult.objects.ready().update(status="SUCCESSFUL", finished_at=NOW)
    leases.beat("w0", NOW - timedelta(days=2))

    leases.prune(later(599))
    kept = DBTaskResult.objects.count()
    leases.prune(later(601))

    assert (kept, DBTaskResult.objects.get()) == (2, task)
    assert Worker.objects.get().pk == "w1"


def test_prune_removes_sessions_that_have_ended(db):
    ended, lasting = SessionStore(), SessionStore()
    for session in (ended, lasting):
        session["wanted"] = "/t/acme/find/?id=email%3Aa%40b.com"
        session.create()
    Session.objects.filter(pk=ended.session_key).update(expire_date=later(-1))

    leases.prune(NOW)

    assert Session.objects.get().pk == lasting.session_key
