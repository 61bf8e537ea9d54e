"""django_tasks_db's worker, with a heartbeat and leases (console/jobs/leases.py)."""

import logging
from collections.abc import Callable, Iterable
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
        threads = [
            Thread(target=repeat, args=(stop, *each), daemon=True)
            for each in (
                (leases.BEAT_S, lambda n: sweep(worker_id, rarely=n % RARELY == 0)),
                (1.0, lambda _: call(settings.EACH_SECOND)),
            )
        ]
        close_old_connections()
        try:
            # Before a task is claimed: one of an unknown worker counts as lost.
            leases.beat(worker_id, timezone.now())
            for thread in threads:
                thread.start()
            super().handle(worker_id=worker_id, **options)
        except Error:
            logger.warning("The worker waits for its database.", exc_info=True)
            return False
        finally:
            stop.set()
            for thread in threads:
                if thread.is_alive():
                    thread.join()
            with suppress(Error):
                Worker.objects.filter(pk=worker_id).delete()
        return True


def repeat(stop: Event, every_s: float, act: Callable[[int], None]) -> None:
    """In a thread of its own, so that a long task is no silence."""
    for number in count():
        if stop.wait(every_s):
            break
        try:
            act(number)
        except Error:
            # The next time may do: the database may be back by then.
            logger.warning("What the worker does at all times failed.", exc_info=True)
        close_old_connections()
    connections.close_all()


def sweep(worker_id: str, *, rarely: bool) -> None:
    now = timezone.now()
    leases.beat(worker_id, now)
    leases.fail_lost_tasks(now)
    leases.retry_failed_tasks(now)
    if rarely:
        leases.prune(now)
    call([*settings.DUE_WORK, *(settings.LOST_WORK if rarely else ())])


def call(paths: Iterable[str]) -> None:
    for path in paths:
        import_string(path)()
