"""`manage.py verify_audit`: is the audit log as it was written?"""

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from console.audit.checkpoints import read_receipts, read_sent_receipts
from console.audit.models import count_entries
from console.audit.verification import LogVerdict, verify_log
from console.core.errors import DomainError


class Command(BaseCommand):
    help = (
        "Check every audit entry against the chain, the seals, the checkpoints and a "
        "receipt. Exits 0 when sound, 1 when broken, 2 when that cannot be told."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--receipt",
            type=Path,
            help="file with a receipt, or with one a line; without it that of "
            "AUDIT_RECEIPTS",
        )

    def handle(self, *args: Any, receipt: Path | None = None, **options: Any) -> None:
        started = time.perf_counter()
        try:
            receipts = (
                read_receipts(receipt.read_text("utf-8"))
                if receipt
                else read_sent_receipts()
            )
        except (DomainError, OSError, UnicodeDecodeError) as problem:
            verdict = LogVerdict(unknown=f"the receipt cannot be used: {problem}")
        else:
            # None: quiet unless stderr is a terminal.
            with tqdm(total=count_entries(), unit=" entries", disable=None) as bar:
                verdict = verify_log(receipts, report=bar.update)
        rate = verdict.entries / (time.perf_counter() - started)
        out = self.stderr if verdict.fault else self.stdout
        out.write(f"{verdict} {rate:,.0f} entries/s.")
        if verdict.exit_code:
            sys.exit(verdict.exit_code)
