"""Having a failed task run again."""

from uuid import UUID

from django.db import transaction
from django_tasks_db.models import DBTaskResult

from console.audit.log import log
from console.core.errors import DomainError
from console.jobs.leases import put_back
from console.tenants.actor import Actor


class NotFailed(DomainError):
    status = 409
    title = "The task has not failed"


@transaction.atomic
def run_task_again(task_id: UUID, *, by: Actor) -> None:
    """As if it had never been tried. Raises DBTaskResult.DoesNotExist, NotFailed."""
    task = DBTaskResult.objects.get(pk=task_id)
    if not put_back(task, worker_ids=[]):
        raise NotFailed("It runs, waits or is done by now: load the page again.")
    log(by, "task.retried", "task", str(task_id), task=task.task_name)
