import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from console.databases.compaction import NotOwner, rewrite


class Command(BaseCommand):
    help = (
        "Takes what was deleted out of the files of both databases, which rewrites them:"
        " writers wait meanwhile, on PostgreSQL whoever uses the table at hand. The"
        " worker does it at night by itself; this does it now. Exits 1 when somebody was"
        " in the way."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        busy = [alias for alias in connections if not self.clean(alias)]
        if busy:
            raise CommandError(
                f"{', '.join(busy)}: in use by another transaction, so not all was"
                " removed. Try again."
            )

    def clean(self, alias: str) -> bool:
        started = time.perf_counter()
        try:
            done = rewrite(alias)
        except NotOwner as exc:
            raise CommandError(f"{alias}: {exc}. Run it as the tables' owner.") from exc
        seconds = time.perf_counter() - started
        self.stdout.write(f"{alias}: {'done' if done else 'busy'}, {seconds:.1f} s")
        return done
