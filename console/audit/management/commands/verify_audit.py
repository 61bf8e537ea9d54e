"""`manage.py verify_audit`: is the audit log as it was written?"""

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand

from console.audit.verification import verify_log


class Command(BaseCommand):
    help = "Check every audit entry against the chain. Exits 0 when sound, 1 if not."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        verdict = verify_log()
        rate = verdict.entries / (time.perf_counter() - started)
        if not verdict.is_sound:
            self.stderr.write(
                f"BROKEN at entry {verdict.broken_at}: {verdict.why}. "
                f"{verdict.entries} entries before it are sound."
            )
            sys.exit(1)
        self.stdout.write(
            f"Sound: {verdict.entries} entries, {verdict.reasons_erased} reasons "
            f"erased since, {rate:,.0f} entries/s. "
            "An end cut off together with its head cannot be seen from here."
        )
