from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model

from console.tenants.services import count_outdated, reencrypt_batch


class Command(BaseCommand):
    help = (
        "Seal tenants' credentials, the built-in memory's auth tokens and second factors "
        "again with the first of VAULT_KEYS. Can be cut off at any moment and started "
        "again; an old key may go when none remain."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=100, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch: must be 1 or more.")
        locked: list[Model] = []
        while count_outdated() > len(locked):
            locked += reencrypt_batch(options["batch"], skipped=locked)
            self.stdout.write(f"{count_outdated()} remain under an older key")
        if locked:
            raise CommandError(
                f"Not opened, so left as they are: {', '.join(map(describe, locked))}. "
                "Add the key that sealed them to VAULT_KEYS, or enter them again."
            )
        self.stdout.write("Every credential is sealed with the newest key.")


def describe(row: Any) -> str:
    if isinstance(row, Authenticator):
        return f"{row.get_type_display().lower()} of {row.user.email}"
    return str(getattr(row, "slug", row))
