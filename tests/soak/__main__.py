"""`make soak`: an hour of mixed work at 16 clients, and what grows meanwhile.

On SQLite and, where its programs are, on PostgreSQL, side by side. Each client waits
between its requests, so that the machine is busy and not full: what counts is what
fails, leaks or grows, not how fast it is. SOAK_MINUTES (60); ARGS names one database.
Exits with 1 when a request was answered wrongly, or a log or a database is not sound.
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.migrated import copy_kept
from tests.postgres import find_binaries, server
from tests.postgres import run as run_command
from tests.soak.trial import Trial

MINUTES = float(os.environ.get("SOAK_MINUTES", "60"))
# Of seconds all would go into the vectors of the demo.
EMBEDDER = "use-3" if MINUTES >= 1 else "none"


def main() -> int:
    asked = set(sys.argv[1:]) or {"sqlite", "postgres"}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        trials = []
        if "sqlite" in asked:
            urls = [
                f"sqlite:///{folder}/{name}.sqlite3" for name in ("console", "memory")
            ]
            for alias, url in zip(("default", "memory"), urls, strict=True):
                copy_kept(alias, Path(url.removeprefix("sqlite:///")))
            trials.append(Trial("SQLite", *urls, data=folder, embedder=EMBEDDER))
        binaries = find_binaries() if "postgres" in asked else None
        if binaries:
            url = stack.enter_context(server(binaries))
            names = ("soak_console", "soak_memory")
            for name in names:
                maintenance = f"--maintenance-db={url}/postgres"
                run_command(binaries / "createdb", maintenance, name)
            urls = [f"{url}/{name}" for name in names]
            trials.append(Trial("PostgreSQL", *urls, data=None, embedder=EMBEDDER))
        with ThreadPoolExecutor(len(trials)) as pool:
            sound = list(pool.map(lambda trial: trial.run(MINUTES), trials))
    return 0 if sound and all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
