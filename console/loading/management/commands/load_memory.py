"""Loads a file of profiles into a tenant's memory."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from console.core.errors import DomainError
from console.loading.loading import (
    ItemCounts,
    LoadReport,
    declare_traits,
    infer_types,
    load_lines,
)
from console.loading.records import read_lines
from console.tenants.models import Tenant
from console.tenants.vault import open_account, open_store


class Command(BaseCommand):
    help = (
        "Loads profiles with their observations and summaries, one JSON object a line."
        " What is already there is not added again, nor what a person has deleted or"
        " corrected since; refused records are named by line"
        " and field, and make the exit code 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.jsonl")
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument(
            "--declare",
            action="store_true",
            help="first create the trait groups and traits that the store lacks",
        )

        parser.add_argument(
            "--restore",
            action="store_true",
            help="bring back what people have deleted or corrected, and name it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"--tenant: there is no tenant {options['tenant']!r}.")
        started = monotonic()
        try:
            if options["declare"]:
                self.declare(tenant, options["file"])
            report = self.load(
                tenant,
                options["file"],
                quiet=options["verbosity"] == 0,
                restore=options["restore"],
            )
        except OSError as exc:
            raise CommandError(f"{options['file']}: {exc.strerror}.") from exc
        except DomainError as exc:
            raise CommandError(
                f"Stopped: {exc.message} Run it again: nothing is added twice."
            ) from exc
        self.print_report(report, monotonic() - started)

    def declare(self, tenant: Tenant, path: Path) -> None:
        with path.open("rb") as file:
            types = infer_types(read_lines(file))
        for name in declare_traits(open_account(tenant), open_store(tenant), types):
            self.stdout.write(f"declared {name}")

    def load(
        self, tenant: Tenant, path: Path, *, quiet: bool, restore: bool
    ) -> LoadReport:
        # None: quiet unless stderr is a terminal.
        disable = True if quiet else None
        size = path.stat().st_size
        with (
            path.open("rb") as file,
            tqdm(total=size, unit="B", unit_scale=True, disable=disable) as bar,
        ):
            return load_lines(
                tenant,
                with_progress(read_lines(file), bar),
                tell=self.tell,
                restore=restore,
            )

    def tell(self, text: str) -> None:
        """A line on stderr that leaves the progress bar whole."""
        with tqdm.external_write_mode():
            self.stderr.write(text)

    def print_report(self, report: LoadReport, seconds: float) -> None:
        self.stdout.write(
            f"profiles: {report.profiles_new} new, {report.profiles_found} found"
            f"{format_removed(report.profiles_removed)}\n"
            f"observations: {format_counts(report.observations)}\n"
            f"summaries: {format_counts(report.summaries)}\n"
            f"{seconds:.1f} s"
        )
        if report.refused:
            raise CommandError(f"{report.refused} refused; each is named above.")


def with_progress(
    lines: Iterable[tuple[int, bytes]], bar: tqdm
) -> Iterator[tuple[int, bytes]]:
    for number, raw in lines:
        yield number, raw
        bar.update(len(raw))


def format_counts(counts: ItemCounts) -> str:
    return (
        f"{counts.added} added, {counts.already_there} already there"
        f"{format_removed(counts.removed)}, {counts.refused} refused"
    )


def format_removed(count: int) -> str:
    return f", {count} left as people deleted or corrected them" if count else ""
