import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.backups.databases import NAMES, BackupError
from console.backups.taking import take_backup


class Command(BaseCommand):
    help = (
        "Write both databases and a manifest to a new folder, while the console runs."
        " The keys of .env are not in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="does not exist yet")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        try:
            manifest = take_backup(options["folder"].absolute())
        except BackupError as exc:
            raise CommandError(str(exc)) from exc
        for alias, file in manifest.databases.items():
            self.stdout.write(f"{NAMES[alias]}: {file.size / 1e6:,.1f} MB")
        self.stdout.write(f"Taken in {time.perf_counter() - started:.1f} s")
