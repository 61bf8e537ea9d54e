from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.tenants.rotation import list_outdated, reencrypt_batch


class Command(BaseCommand):
    help = (
        "Seal every stored credential again with the first of VAULT_KEYS. Can be cut "
        "off at any moment and started again; an old key may go when none remain."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=100, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch: must be 1 or more.")
        locked: list[str] = []
        while list_outdated().exclude(slug__in=locked).exists():
            locked += reencrypt_batch(options["batch"], skipped=locked)
            self.stdout.write(f"{list_outdated().count()} remain under an older key")
        if locked:
            raise CommandError(
                f"Not opened, so left as they are: {', '.join(locked)}. Add the key "
                "that sealed them to VAULT_KEYS, or enter their credentials again."
            )
        self.stdout.write("Every credential is sealed with the newest key.")
