"""`manage.py db_worker` beats while it lives, and sweeps."""

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone
from django_tasks.base import Task
from django_tasks_db.models import DBTaskResult

from console.jobs import leases
from console.jobs.management.commands.db_worker import sweep
from console.jobs.models import Worker
from console.service.memory.embedding_jobs import make_vectors

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(monkeypatch):
    """Enqueues a task that does as told, and has a worker look for it."""

    def enqueue_and_work(act) -> DBTaskResult:
        monkeypatch.setattr(Task, "call", lambda *args, **kwargs: act())
        make_vectors.enqueue()
        call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)
        return DBTaskResult.objects.get()

    return enqueue_and_work


def test_db_worker_is_known_while_it_runs(run):
    seen = []

    task = run(lambda: seen.extend(Worker.objects.values_list("pk", flat=True)))

    assert seen == task.worker_ids
    assert not Worker.objects.exists()


def test_db_worker_beats_during_a_long_task(run, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_S", 0.01)
    beats = set()

    def last_long():
        while len(beats) < 3:
            beats.add(Worker.objects.get().beat_at)

    run(last_long)

    assert len(beats) == 3


def test_db_worker_keeps_the_class_of_an_error_and_not_its_words(run):
    def fail():
        raise ValueError("ada@example.com")

    task = run(fail)

    assert (task.status, task.exception_class_path) == ("FAILED", "builtins.ValueError")
    assert task.traceback == ""


def test_db_worker_begins_nothing_on_a_full_disk(run, full_disk):
    task = run(lambda: pytest.fail("the task was begun"))

    assert task.exception_class_path == "console.databases.disk.DiskFull"


def test_db_worker_outlives_its_database(run, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_S", 0.01)
    gone = iter(range(6))  # as often as the worker tries to note an outcome

    def refuse(execute, sql, params, many, context):
        outcome = sql.startswith("UPDATE") and "return_value" in sql
        if outcome and next(gone, None) is not None:
            raise OperationalError("gone")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        run(lambda: None)

    # Left as running by a worker that is no more, unless its successor has seen it.
    leases.fail_lost_tasks(timezone.now())
    assert DBTaskResult.objects.get().exception_class_path == leases.LOST


def test_sweep_puts_back_what_a_dead_worker_left(db):
    make_vectors.enqueue()
    DBTaskResult.objects.get().claim("killed")

    sweep("w2", rarely=True)

    assert Worker.objects.get().pk == "w2"
    assert DBTaskResult.objects.get().exception_class_path == leases.LOST
