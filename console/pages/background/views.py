"""Background work for operators: tasks that wait, run or failed, and their workers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from console.audit.log import log
from console.core.errors import DomainError
from console.jobs.leases import (
    TRIES,
    get_retry_at,
    is_given_up,
    list_live_workers,
    put_back,
)
from console.jobs.models import Worker
from console.tenants.actor import Actor, Permission
from console.web.access import POST, allow
from console.web.forms import InvalidQuery
from console.web.render import ConsoleRequest


class NotFailed(DomainError, status=409, title="The task has not failed"):
    pass


@transaction.atomic
def run_task_again(task_id: UUID, *, by: Actor) -> None:
    """As if it had never been tried. Raises DBTaskResult.DoesNotExist, NotFailed."""
    task = DBTaskResult.objects.get(pk=task_id)
    if not put_back(task, worker_ids=[]):
        raise NotFailed("It is running, waiting or done by now: load the page again.")
    log(by, "task.retried", "task", str(task_id), task=task.task_name)


# The page's words, in the order of its tabs; finished tasks are pruned.
STATES = ("waiting", "planned", "running", "failed")
# Where a function's name alone would not say it.
LABELS = {
    "learn": "Learn from conversations",
    "deliver": "Send webhooks",
    "advance_deletions": "Carry out deletions",
    "tell_segment": "Send to Segment",
    "compact": "Clean files after deletions",
    "purge": "Rewrite databases at night",
}


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task.

    ids      of what it works on, opaque
    since    when it was enqueued; for one that runs, when it was started
    next_at  when it will run; None for at once, or never
    reason   the class of the error that its last try ended with
    """

    id: UUID
    name: str
    ids: list[str]
    state: str
    tries: str
    since: datetime
    next_at: datetime | None
    reason: str
    given_up: bool


def filter_tasks(state: str) -> QuerySet[Any]:
    """The newest first; of every state for ""."""
    tasks: Any = DBTaskResult.objects
    later = Q(run_after__gt=timezone.now()) & ~Q(run_after=get_date_max())
    found: QuerySet[Any] = {
        "waiting": tasks.ready,
        "planned": lambda: tasks.filter(later, status=TaskResultStatus.READY),
        "running": tasks.running,
        "failed": tasks.failed,
        "": lambda: tasks.exclude(status=TaskResultStatus.SUCCESSFUL),
    }[state]()
    return found.order_by("-enqueued_at", "id")


def count_tasks() -> dict[str, int]:
    """How many there are of each state, none included."""
    return {state: filter_tasks(state).count() for state in STATES}


def build_task_row(task: Any) -> TaskRow:
    is_ready = task.status == TaskResultStatus.READY
    is_failed = task.status == TaskResultStatus.FAILED
    given_up, next_at = is_failed and is_given_up(task), None
    if is_failed and not given_up:
        next_at = get_retry_at(task)
    elif is_ready and task.run_after != get_date_max():
        next_at = task.run_after
    state = "waiting" if is_ready else task.status.lower()
    if is_ready and next_at and next_at > timezone.now():
        state = "planned"
    return TaskRow(
        id=task.pk,
        name=LABELS.get(task.task_name, task.task_name.replace("_", " ").capitalize()),
        ids=[arg for arg in task.args_kwargs["args"] if isinstance(arg, str)],
        state=state,
        tries=f"{len(task.worker_ids)} of {TRIES}",
        since=task.started_at if state == "running" else task.enqueued_at,
        next_at=next_at,
        reason=task.exception_class_path.rpartition(".")[2],
        given_up=given_up,
    )


def list_workers(now: datetime) -> list[tuple[Worker, bool]]:
    """The living and those that were killed within a day; whether each lives."""
    alive = set(list_live_workers(now))
    workers = Worker.objects.order_by("-beat_at", "pk")
    return [(worker, worker in alive) for worker in workers]


PAGE_ROWS = 50


@allow(Permission.MANAGE_TASKS, logs="none: names and states of tasks")
def list_tasks(request: ConsoleRequest) -> HttpResponse:
    """All of them, or those of one state."""
    state = request.GET.get("state", "")
    if state and state not in STATES:
        raise InvalidQuery(f"state: must be one of {', '.join(STATES)}")
    page = Paginator(filter_tasks(state), PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "state": state,
        "counts": count_tasks(),
        "page": page,
        "tasks": [build_task_row(task) for task in page],
        "workers": list_workers(timezone.now()),
    }
    return render(request, "background/list.html", context)


@allow(Permission.MANAGE_TASKS, POST, logs="task.retried")
def run_again(request: ConsoleRequest, task_id: UUID) -> HttpResponse:
    try:
        run_task_again(task_id, by=request.actor)
    except DBTaskResult.DoesNotExist as exc:
        raise Http404 from exc
    messages.success(request, "The task is waiting to run again.")
    return redirect("background:list")
