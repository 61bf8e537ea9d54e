"""The worker makes the vectors that a write has asked for."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.service.memory import embedding_jobs
from console.service.memory.models import IndexEntry
from tests.service.conftest import an_observation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nobody_has_asked(monkeypatch):
    monkeypatch.setattr(embedding_jobs, "_asked_until", 0.0)


def work_off() -> None:
    """What `manage.py db_worker` finds to do two seconds later."""
    with time_machine.travel(timezone.now() + timedelta(seconds=2), tick=True):
        call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)


def test_make_vectors_embeds_what_was_written(observe):
    observe("likes tea")
    before = IndexEntry.objects.get().model

    work_off()

    assert (before, IndexEntry.objects.get().model) == ("", "use-3")


def test_request_vectors_enqueues_once_for_many_writes(observe):
    for number in range(5):
        observe(f"tea {number}")
    asked = DBTaskResult.objects.count()

    work_off()
    observe("one more")

    assert asked == 1
    assert IndexEntry.objects.filter(model="use-3").count() == 5
    assert DBTaskResult.objects.count() == 1


def test_make_vectors_hands_over_when_it_takes_long(observe, monkeypatch):
    monkeypatch.setattr(embedding_jobs, "RUN_S", 0.0)
    monkeypatch.setattr(embedding_jobs, "BATCH", 2)
    observe("one", "two", "three")

    made = embedding_jobs.make_vectors.func()

    assert made == 2
    monkeypatch.undo()
    work_off()
    assert not IndexEntry.objects.filter(model="").exists()


def test_request_pending_vectors_makes_good_for_a_lost_task(observe):
    observe("likes tea")
    DBTaskResult.objects.all().delete()
    embedding_jobs._asked_until = 0.0

    embedding_jobs.request_pending_vectors()
    work_off()
    embedding_jobs.request_pending_vectors()

    assert IndexEntry.objects.get().model == "use-3"
    assert not DBTaskResult.objects.filter(status="READY").exists()


def test_request_vectors_lets_a_write_hold_without_a_queue(api, profile, monkeypatch):
    def fails() -> None:
        raise ConnectionError

    monkeypatch.setattr(embedding_jobs, "_enqueue", fails)

    body = {"observations": [an_observation()]}
    answer = api("POST", f"{profile}/Observations", body)

    assert answer.status_code == 202
    assert IndexEntry.objects.count() == 1
