"""Background work, for operators."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.audit.models import AuditEntry
from console.databases.compaction import request_compaction
from console.jobs import leases
from console.pages.deletions.steps import advance_deletions
from console.service.memory.embedding_jobs import make_vectors
from console.service.memory.import_jobs import process_import
from tests.factories import make_user

URL = reverse("background:list")


@pytest.fixture
def fetch(client, operator):
    client.force_login(operator)

    return lambda query="": client.get(URL + query)


def make_failed(tries: int = 5) -> DBTaskResult:
    """An import that has failed so often."""
    process_import.enqueue("mem_store_1", "mem_import_1")
    task = DBTaskResult.objects.latest("enqueued_at")
    task.worker_ids, task.started_at = ["w"] * tries, timezone.now()
    task.save()
    task.set_failed(ValueError("ada@example.com"))
    return task


def test_list_tasks_says_so_when_there_is_nothing_to_do(fetch):
    response = fetch()

    assert "Nothing to do" in response.text
    assert "No worker runs" in response.text


def test_list_tasks_shows_each_state_with_its_count(fetch):
    make_vectors.enqueue()
    advance_deletions.enqueue()
    DBTaskResult.objects.filter(task_path__endswith="advance_deletions").get().claim(
        "w1"
    )
    make_failed()

    response = fetch()

    assert response.context["counts"] == {
        "waiting": 1,
        "planned": 0,
        "running": 1,
        "failed": 1,
    }
    rows = {row.name: row for row in response.context["tasks"]}
    assert set(rows) == {"Make vectors", "Carry out deletions", "Process import"}
    assert rows["Carry out deletions"].tries == "1 of 5"
    assert (rows["Process import"].reason, rows["Process import"].given_up) == (
        "ValueError",
        True,
    )
    assert "mem_import_1" in response.text
    assert "ada@example.com" not in response.text


def test_list_tasks_says_when_a_failed_task_is_tried_again(fetch):
    task = make_failed(tries=2)

    row = fetch().context["tasks"][0]

    assert not row.given_up
    assert row.next_at == task.finished_at + timedelta(seconds=40)


@pytest.mark.parametrize(
    ("state", "names"), [("waiting", ["Make vectors"]), ("failed", []), ("running", [])]
)
def test_list_tasks_keeps_to_one_state(fetch, state, names):
    make_vectors.enqueue()

    response = fetch(f"?state={state}")

    assert [row.name for row in response.context["tasks"]] == names


def test_list_tasks_names_what_state_may_be(fetch):
    response = fetch("?state=odd")

    assert response.status_code == 422
    assert "state: must be one of waiting, planned, running, failed" in response.text


def test_list_tasks_says_that_the_nights_rewrite_is_planned(fetch):
    """It waits for nobody: a new installation has one as soon as a value changes."""
    request_compaction()

    waiting, planned = (
        {row.name for row in fetch(f"?state={state}").context["tasks"]}
        for state in ("waiting", "planned")
    )

    assert "Rewrite databases at night" in planned - waiting


def test_list_tasks_pages_through_many(fetch):
    for _ in range(51):
        make_vectors.enqueue()

    first, second = fetch(), fetch("?page=2")

    assert (len(first.context["tasks"]), len(second.context["tasks"])) == (50, 1)
    assert "page=2" in first.text


def test_list_tasks_shows_which_workers_live(fetch):
    now = timezone.now()
    leases.beat("w1", now)
    leases.beat("w2", now - timedelta(minutes=5))

    workers = fetch().context["workers"]

    assert [(worker.pk, is_alive) for worker, is_alive in workers] == [
        ("w1", True),
        ("w2", False),
    ]


def test_run_again_puts_a_failed_task_back_as_if_new(fetch, client, operator):
    task = make_failed()

    response = client.post(reverse("background:run_again", args=[task.pk]), follow=True)

    task.refresh_from_db()
    assert (task.status, task.worker_ids) == ("READY", [])
    assert "The task is waiting to run again." in response.text
    entry = AuditEntry.objects.get(action="task.retried")
    assert (entry.actor, entry.object_id) == (operator.email, str(task.pk))
    assert entry.details == {"task": "process_import"}


def test_run_again_leaves_a_task_alone_that_has_not_failed(fetch, client):
    make_vectors.enqueue()
    task = DBTaskResult.objects.get()

    response = client.post(reverse("background:run_again", args=[task.pk]))
    unknown = client.post(reverse("background:run_again", args=[uuid4()]))

    assert (response.status_code, unknown.status_code) == (409, 404)
    assert not AuditEntry.objects.filter(action="task.retried").exists()


@pytest.mark.parametrize("role", ["agent", "officer", "auditor"])
def test_background_work_is_for_operators(client, tenant, role):
    client.force_login(make_user(role, tenant))
    task = make_failed()

    responses = [
        client.get(URL),
        client.post(reverse("background:run_again", args=[task.pk])),
    ]

    assert [response.status_code for response in responses] == [403, 403]
    assert DBTaskResult.objects.get().status == "FAILED"
