"""`make slow`: 200 slow connections of each kind beside 16 good clients, for 20 s each.

Exits with 1 when a good request is not answered within a second.
"""

import asyncio
import os
import secrets
import sys
import tempfile
from pathlib import Path

from tests.processes import serving
from tests.slow.clients import KINDS, Outcome, try_kind

SLOW, GOOD, SECONDS = 200, 16, 20.0
WITHIN_S = 1.0


def build_settings(folder: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "MEMORY_DIGEST_KEY": secrets.token_urlsafe(50),
        "VAULT_KEYS": "slow:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "HTTPS": "0",
        "LOG_LEVEL": "ERROR",
        "WEB_CONCURRENCY": "2",
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{folder}/memory.sqlite3",
    }


def measure_mb(process: int) -> float:
    """What a process and its children keep in memory, shared pages counted once."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    own = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return own / 1000 + sum(map(measure_mb, children))


def describe(kind: str, outcome: Outcome, mb: float) -> str:
    times = sorted(outcome.times_s) or [float("nan")]
    p50, p99 = (times[int(len(times) * share)] for share in (0.5, 0.99))
    figures = "".join(f"{seconds * 1000:>9.0f}" for seconds in (p50, p99, times[-1]))
    answered = f"{len(outcome.times_s)}/{outcome.sent}"
    return f"{kind or 'none':<22}{answered:>12}{figures}{mb:>9.0f}"


def main() -> int:
    failed = 0
    print(f"{SLOW} slow clients{'good':>17}{'p50 ms':>9}{'p99':>9}{'max':>9}{'MB':>9}")
    with tempfile.TemporaryDirectory(prefix="slow-") as folder:
        settings = build_settings(folder)
        for kind in ("", *KINDS):
            with serving("tests.slow.wsgi", prepares=True, **settings) as (
                port,
                process,
            ):
                # The first request of a process loads what all others need.
                asyncio.run(try_kind(port, "silent", slow=0, good=GOOD, seconds=1))
                slow = SLOW if kind else 0
                trial = try_kind(
                    port, kind or "silent", slow=slow, good=GOOD, seconds=SECONDS
                )
                outcome = asyncio.run(trial)
                print(describe(kind, outcome, measure_mb(process.pid)), flush=True)
            in_time = sum(seconds <= WITHIN_S for seconds in outcome.times_s)
            failed += outcome.sent - in_time
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
