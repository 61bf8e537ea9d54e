"""django_tasks_db's worker, with a heartbeat and leases (console/jobs/leases.py)."""

import logging
from contextlib import suppress
from itertools import count
from threading import Event, Thread
from time import sleep
from typing import Any

from django.conf import settings
from django.db import Error, close_old_connections, connections
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.module_loading import import_string
from django_tasks_db.management.commands import db_worker

from console.jobs import leases
from console.jobs.models import Worker

logger = logging.getLogger(__name__)
# Every so many beats, what need not be quick: once a minute.
RARELY = 12


class Command(db_worker.Command):
    def handle(self, *, worker_id: str, **options: Any) -> None:
        while not self._live(worker_id, options):
            sleep(leases.BEAT_S)
            # Another one to the leases: what it ran is lost, though it lives on.
            worker_id = get_random_string(32)

    def _live(self, worker_id: str, options: dict[str, Any]) -> bool:
        """Works until it is told to stop; False if the database went before."""
        stop = Event()
        heart = Thread(target=keep_beating, args=(worker_id, stop), daemon=True)
        close_old_connections()
        try:
            # Before a task is claimed: one of an unknown worker counts as lost.
            leases.beat(worker_id, timezone.now())
            heart.start()
            super().handle(worker_id=worker_id, **options)
        except Error:
            logger.warning("The worker waits for its database.", exc_info=True)
            return False
        finally:
            stop.set()
            if heart.is_alive():
                heart.join()
            with suppress(Error):
                Worker.objects.filter(pk=worker_id).delete()
        return True


def keep_beating(worker_id: str, stop: Event) -> None:
    """In a thread of its own, so that a long task is no silence."""
    for number in count():
        if stop.wait(leases.BEAT_S):
            break
        try:
            sweep(worker_id, rarely=number % RARELY == 0)
        except Error:
            # The next beat tries again: the database may be back by then.
            logger.warning("The worker's heartbeat failed.", exc_info=True)
        close_old_connections()
    connections.close_all()


def sweep(worker_id: str, *, rarely: bool) -> None:
    now = timezone.now()
    leases.beat(worker_id, now)
    leases.fail_lost_tasks(now)
    leases.retry_failed_tasks(now)
    if rarely:
        leases.prune(now)
    for path in [*settings.DUE_WORK, *(settings.LOST_WORK if rarely else ())]:
        import_string(path)()
