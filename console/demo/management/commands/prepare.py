"""Everything that has to be there before the server starts, in one process."""

import os
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from console.accounts.models import User
from console.databases.schema import read_schema_state
from console.demo.seeding import STAFF
from console.tenants.models import Role

# Any number, as long as nobody else's lock in this database has it.
LOCK = 0x4D656D6F7279


class Command(BaseCommand):
    help = (
        "Migrates both databases, makes the cache table and collects the static files;"
        " with --demo also makes the demo in an empty installation. Does only what is"
        " left to do."
    )
    # Checks would import every page before there is anything to serve.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="make the demo tenants")
        parser.add_argument(
            "--operator",
            metavar="EMAIL",
            help="make the first person, if there is none",
        )
        parser.add_argument("--port", type=int, default=8000, help="for the address")

    def handle(self, *args: Any, **options: Any) -> None:
        with lock_preparation():
            for alias in connections:
                migrate_database(alias)
            call_command("createcachetable", verbosity=0)
            if is_static_outdated():
                call_command("collectstatic", interactive=False, verbosity=0)
            if options["demo"]:
                call_command("seed_demo", "--if-empty", stdout=self.stdout)
            if options["operator"] and not User.objects.exists():
                call_command(
                    "create_user",
                    options["operator"],
                    role=Role.OPERATOR,
                    stdout=self.stdout,
                )
        self.stdout.write(build_welcome(options["port"]))


@contextmanager
def lock_preparation() -> Iterator[None]:
    """One at a time: a second one waits here, and then finds nothing left to do."""
    connection = connections["default"]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # The session's own: it is gone with the connection, however that ends.
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            yield
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    else:
        folder = os.open(Path(connection.settings_dict["NAME"]).parent, os.O_RDONLY)
        try:
            flock(folder, LOCK_EX)
            yield
        finally:
            os.close(folder)


def migrate_database(alias: str) -> None:
    """Bring one database up to date, if it is not: asking takes a tenth of the time."""
    state = read_schema_state(alias)
    if state.newer:
        raise CommandError(f"{alias}: {state}. Nothing was changed.")
    if state.waiting:
        call_command("migrate", database=alias, interactive=False, verbosity=0)


def is_static_outdated() -> bool:
    """Whether a static file was touched since they were collected.

    Never in an image: they were collected as it was built, unpacking it has touched all
    of them, and its user may not write there.
    """
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.exists():
        return True
    if not os.access(manifest, os.W_OK):
        return False
    collected_at = manifest.stat().st_mtime
    return any(
        # When it came here: a package's file is often dated long before its install.
        Path(storage.path(name)).stat().st_ctime > collected_at
        for finder in finders.get_finders()
        for name, storage in finder.list([])
    )


def get_address(port: int) -> str:
    """What people open: this machine's port, or the proxy in front of it."""
    if settings.HTTPS:
        return f"https://{settings.ALLOWED_HOSTS[0]}{settings.URL_PREFIX}/"
    return f"http://localhost:{port}{settings.URL_PREFIX}/"


def build_welcome(port: int) -> str:
    """The address, and who may sign in there: the demo people, if there are any."""
    present = set(User.objects.filter(email__in=STAFF).values_list("email", flat=True))
    lines = [f"\n  Memory Console: {get_address(port)}\n"]
    lines += [
        f"  {role.label:<16} {email}"
        for email, (_, role) in STAFF.items()
        if email in present
    ]
    if present:
        lines.append(f"  {'password':<16} {settings.DEMO_PASSWORD}  (for all of them)")
    elif not User.objects.exists():
        lines.append(
            "  Make the first operator: manage.py create_user EMAIL --role operator"
        )
    return "\n".join([*lines, ""])
