"""Loads a file of conversations, from which the tenant's memory learns."""

from argparse import ArgumentParser
from pathlib import Path
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from console.core.errors import DomainError
from console.loading.conversations import load_conversations
from console.loading.management.commands.load_memory import with_progress
from console.loading.records import read_lines
from console.tenants.models import Tenant


class Command(BaseCommand):
    help = (
        "Loads conversations, one JSON object a line, and closes each, so that the memory"
        " learns from it. A line that was loaded before is passed over; refused lines are"
        " named, and make the exit code 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.jsonl")
        parser.add_argument("--tenant", required=True, metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"--tenant: there is no tenant {options['tenant']!r}.")
        path, started = options["file"], monotonic()
        # None: quiet unless stderr is a terminal.
        disable = True if options["verbosity"] == 0 else None
        try:
            size = path.stat().st_size
            with (
                path.open("rb") as file,
                tqdm(total=size, unit="B", unit_scale=True, disable=disable) as bar,
            ):
                lines = with_progress(read_lines(file), bar)
                report = load_conversations(tenant, lines, tell=self.tell)
        except OSError as exc:
            raise CommandError(f"{path}: {exc.strerror}.") from exc
        except DomainError as exc:
            raise CommandError(
                f"Stopped: {exc.message} Run it again: nothing is added twice."
            ) from exc
        self.stdout.write(
            f"conversations: {report.loaded} loaded, {report.already_there} already "
            f"there, {report.refused} refused\n"
            f"communications: {report.communications}\n"
            f"{monotonic() - started:.1f} s"
        )
        if report.refused:
            raise CommandError(f"{report.refused} refused; each is named above.")

    def tell(self, text: str) -> None:
        """A line on stderr that leaves the progress bar whole."""
        with tqdm.external_write_mode():
            self.stderr.write(text)
