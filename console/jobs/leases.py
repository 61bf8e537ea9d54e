"""Tasks outlive their workers: each runs at least once, or is given up visibly.

A running task is leased to its worker while the worker beats. Example: a worker is
killed at 12:00:00, two seconds after its last beat. From 12:00:28 on its task counts as
failed for want of a worker, from 12:00:38 on it waits again, and after the fifth such
end it stays failed until a person has it run again.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.dispatch import receiver
from django_tasks.base import TaskResultStatus
from django_tasks.signals import task_started
from django_tasks_db.models import DBTaskResult

from console.databases import disk
from console.databases.disk import check_room
from console.jobs.models import Worker

BEAT_S = 5.0
# Several beats: a busy machine or a locked database may swallow some.
LEASE = timedelta(seconds=30)
TRIES = 5
# After the first failure; four times as long after each further one, 10 min in the end.
FIRST_WAIT = timedelta(seconds=10)
# One run a second would leave many rows that nobody reads.
KEEP_FINISHED = timedelta(minutes=10)
KEEP_WORKERS = timedelta(days=1)


class WorkerLost(Exception):
    """Stands as the reason of a task whose worker no longer beats; never raised."""


LOST = f"{WorkerLost.__module__}.{WorkerLost.__qualname__}"


@receiver(task_started)
def wait_for_room(**_: Any) -> None:
    """Fails the task at its start, to be tried again once there is room."""
    check_room()


def beat(worker_id: str, now: datetime) -> None:
    Worker.objects.update_or_create(
        pk=worker_id,
        defaults={"beat_at": now},
        create_defaults={"started_at": now, "beat_at": now},
    )


def list_live_workers(now: datetime) -> QuerySet[Worker]:
    return Worker.objects.filter(beat_at__gte=now - LEASE)


def fail_lost_tasks(now: datetime) -> None:
    """A task whose worker is dead has failed, as one that raised an error has."""
    alive = set(list_live_workers(now).values_list("pk", flat=True))
    for task in DBTaskResult.objects.running():
        if task.worker_ids[-1] not in alive:
            # Only this run of it: another worker may have been quicker.
            run = DBTaskResult.objects.running().filter(
                pk=task.pk, started_at=task.started_at
            )
            run.update(
                status=TaskResultStatus.FAILED,
                finished_at=now,
                exception_class_path=LOST,
            )


def retry_failed_tasks(now: datetime) -> None:
    if disk.is_full():
        return  # it would only use up its tries
    for task in DBTaskResult.objects.failed():
        if not is_given_up(task) and now >= get_retry_at(task):
            put_back(task)


def is_given_up(task: Any) -> bool:
    return len(task.worker_ids) >= TRIES


def get_retry_at(task: Any) -> datetime:
    """When a failed task that is not given up waits again."""
    wait = FIRST_WAIT * 4 ** (len(task.worker_ids) - 1)
    retry_at: datetime = task.finished_at + wait
    return retry_at


def put_back(task: Any, **fields: Any) -> bool:
    """Let a failed task wait again; False if it is no longer a failed one."""
    failed = DBTaskResult.objects.failed().filter(pk=task.pk)
    return bool(
        failed.update(status=TaskResultStatus.READY, finished_at=None, **fields)
    )


def prune(now: datetime) -> None:
    """Remove what nobody looks at: successful tasks, workers of yesterday, sessions
    that have ended, of which a stranger's may name a customer."""
    done = DBTaskResult.objects.successful()
    done.filter(finished_at__lt=now - KEEP_FINISHED).delete()
    Worker.objects.filter(beat_at__lt=now - KEEP_WORKERS).delete()
    Session.objects.filter(expire_date__lt=now).delete()
