import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.backups.databases import NAMES, BackupError
from console.backups.restoring import Restored, restore_backup

ALIASES = {name: alias for alias, name in NAMES.items()}


class Command(BaseCommand):
    help = (
        "Put back what `backup` wrote, checked; what was deleted since then stays"
        " deleted. Web server and worker must not run. Nothing is changed unless all of"
        " it succeeds."
    )
    # They would ask databases that may not be there.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="what `backup` made")
        parser.add_argument("--only", choices=ALIASES, help="one of the two databases")
        parser.add_argument(
            "--force", action="store_true", help="replace databases that hold data"
        )
        parser.add_argument(
            "--without-ledger",
            action="store_true",
            help="where nothing is known of deletions since the backup: bring them back",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started, only = time.perf_counter(), options["only"]
        try:
            restored = restore_backup(
                options["folder"].absolute(),
                [ALIASES[only]] if only else [*NAMES],
                force=options["force"],
                without_ledger=options["without_ledger"],
            )
        except BackupError as exc:
            raise CommandError(f"{exc} Nothing was changed.") from exc
        except OSError as exc:
            what = f"{exc.filename}: {exc.strerror}."
            raise CommandError(f"{what} Nothing was changed.") from exc
        self.report(restored, time.perf_counter() - started)

    def report(self, restored: Restored, seconds: float) -> None:
        again = ", ".join(f"{n} {kind}" for kind, n in restored.deleted.items())
        for line in (
            f"As of {restored.manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC, {seconds:.1f} s",
            f"Audit log: sound, {restored.entries} entries" if restored.entries else "",
            f"Migrations applied: {restored.migrations}",
            f"Deleted since, and deleted again: {again or 'nothing'}",
            f"Half-done writes and imports dropped: {restored.dropped}",
            *(f"Came back: {each.email}: {each.what}" for each in restored.returned),
        ):
            if line:
                self.stdout.write(line)
