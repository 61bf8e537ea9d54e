"""Workers; the tasks they run are rows of django_tasks_db."""

from typing import Any

from django.db import models
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django_tasks_db.models import DBTaskResult


class Worker(models.Model):
    """One running `manage.py db_worker`. The row goes when it ends by itself.

    id       as its tasks name it in worker_ids
    beat_at  when it last said that it is alive
    """

    id = models.CharField(primary_key=True, max_length=64)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()


@receiver(pre_save, sender=DBTaskResult)
def drop_traceback(*, instance: Any, **_: Any) -> None:
    """An error's message can name a customer; its class stays, the log has the lines."""
    instance.traceback = ""
