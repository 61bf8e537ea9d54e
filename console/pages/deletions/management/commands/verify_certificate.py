"""`manage.py verify_certificate FILE`: did this installation sign it, as it is?"""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from console.audit.signing import SignerUnknown
from console.core.errors import DomainError
from console.pages.deletions.certificates import check_certificate


class Command(BaseCommand):
    help = (
        "Check the certificate of a deletion. Exits 0 when it is sound, 1 when it was "
        "changed or is none, 2 when another installation signed it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            stated = check_certificate(file.read_text("utf-8"))
        except (DomainError, OSError, UnicodeDecodeError) as problem:
            self.stderr.write(str(problem))
            sys.exit(2 if isinstance(problem, SignerUnknown) else 1)
        self.stdout.write(
            f"Sound. {stated['deleted']} of {stated['tenant']}, verified"
            f" {stated['verified']}; {stated['people']}."
        )
