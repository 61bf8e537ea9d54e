"""Loads a file of profiles into a tenant's memory."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from console.core.errors import DomainError
from console.loading.loading import ItemCounts, declare_traits, infer_types, load_lines
from console.loading.records import read_lines
from console.tenants.models import Tenant
from console.tenants.vault import open_account, open_store

Lines = Iterable[tuple[int, bytes]]
R = TypeVar("R")


class LoadCommand(BaseCommand):
    """A command that loads a file of lines into a tenant's memory."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.jsonl")
        parser.add_argument("--tenant", required=True, metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"--tenant: there is no tenant {options['tenant']!r}.")
        started = monotonic()
        try:
            said, refused = self.load(tenant, options)
        except OSError as exc:
            raise CommandError(f"{options['file']}: {exc.strerror}.") from exc
        except DomainError as exc:
            raise CommandError(
                f"Stopped: {exc.message} Run it again: nothing is added twice."
            ) from exc
        self.stdout.write(f"{said}\n{monotonic() - started:.1f} s")
        if refused:
            raise CommandError(f"{refused} refused; each is named above.")

    def load(self, tenant: Tenant, options: dict[str, Any]) -> tuple[str, int]:
        """Answers what it did, in words, and how many lines were refused. Raises
        OSError, DomainError."""
        raise NotImplementedError

    def read(self, options: dict[str, Any], load: Callable[[Lines], R]) -> R:
        """What `load` makes of the file's lines, with a progress bar."""
        path = options["file"]
        # None: quiet unless stderr is a terminal.
        disable = True if options["verbosity"] == 0 else None
        size = path.stat().st_size
        with (
            path.open("rb") as file,
            tqdm(total=size, unit="B", unit_scale=True, disable=disable) as bar,
        ):
            return load(_with_progress(read_lines(file), bar))

    def tell(self, text: str) -> None:
        """A line on stderr that leaves the progress bar whole."""
        with tqdm.external_write_mode():
            self.stderr.write(text)


class Command(LoadCommand):
    help = (
        "Loads profiles with their observations and summaries, one JSON object a line."
        " What is already there is not added again, nor what a person has deleted or"
        " corrected since; refused records are named by line"
        " and field, and make the exit code 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
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

    def load(self, tenant: Tenant, options: dict[str, Any]) -> tuple[str, int]:
        if options["declare"]:
            self.declare(tenant, options["file"])
        restore = options["restore"]
        report = self.read(
            options,
            lambda lines: load_lines(tenant, lines, tell=self.tell, restore=restore),
        )
        said = (
            f"profiles: {report.profiles_new} new, {report.profiles_found} found"
            f"{format_removed(report.profiles_removed)}\n"
            f"traits: {report.traits_not_found} by which nobody is found"
            f"{format_removed(report.traits_removed)}\n"
            f"observations: {format_counts(report.observations)}\n"
            f"summaries: {format_counts(report.summaries)}"
        )
        return said, report.refused

    def declare(self, tenant: Tenant, path: Path) -> None:
        with path.open("rb") as file:
            types = infer_types(read_lines(file))
        for name in declare_traits(open_account(tenant), open_store(tenant), types):
            self.stdout.write(f"declared {name}")


def _with_progress(lines: Lines, bar: tqdm) -> Iterator[tuple[int, bytes]]:
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
