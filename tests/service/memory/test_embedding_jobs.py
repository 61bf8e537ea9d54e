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


def test_a_write_is_embedded_by_the_worker(observe):
    observe("likes tea")
    before = IndexEntry.objects.get().model

    work_off()

    assert (before, IndexEntry.objects.get().model) == ("", "use-3")


def test_many_writes_ask_once_and_the_run_leaves_one_row(observe):
    for number in range(5):
        observe(f"tea {number}")
    asked = DBTaskResult.objects.count()

    work_off()
    observe("one more")

    assert asked == 1
    assert IndexEntry.objects.filter(model="use-3").count() == 5
    assert DBTaskResult.objects.count() == 1


def test_a_run_that_takes_long_hands_over_to_another(observe, monkeypatch):
    monkeypatch.setattr(embedding_jobs, "RUN_S", 0.0)
    monkeypatch.setattr(embedding_jobs, "BATCH", 2)
    observe("one", "two", "three")

    made = embedding_jobs.make_vectors.func()

    assert made == 2
    monkeypatch.undo()
    work_off()
    assert not IndexEntry.objects.filter(model="").exists()


def test_recall_asks_again_for_what_nobody_asked_for(api, profile, observe):
    observe("likes tea")
    DBTaskResult.objects.all().delete()
    embedding_jobs._asked_until = 0.0

    api("POST", f"{profile}/Recall", {"query": "tea"})

    assert DBTaskResult.objects.count() == 1


def test_a_write_holds_though_the_queue_cannot_be_reached(api, profile, monkeypatch):
    def fails() -> None:
        raise ConnectionError

    monkeypatch.setattr(embedding_jobs, "_enqueue", fails)

    body = {"observations": [an_observation()]}
    answer = api("POST", f"{profile}/Observations", body)

    assert answer.status_code == 202
    assert IndexEntry.objects.count() == 1
