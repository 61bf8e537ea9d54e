"""`make crash`: processes are killed in the middle of their work, again and again.

CRASH_TRIALS (50) times on SQLite and as many on PostgreSQL: eight clients write, the
whole server gets a SIGKILL, and the database is held against what was acknowledged. As
often for each kind of background task (CRASH_TRIALS=1: on one of the two): whoever asks for
it and its worker are killed.
As many backups are taken while clients write, and each is restored. The shortest form
does this and kills the server on SQLite alone.
Exits with 1 when anything acknowledged is lost, anything is half done or done twice, a
task is left behind, or the table that Recall reads differs from the observations and
summaries. One part alone: `python -m tests.crash tasks`.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.migrated import copy_kept
from tests.postgres import find_binaries, server

TRIALS = int(os.environ.get("CRASH_TRIALS", "50"))
PARTS = sys.argv[1:] or ["tasks", "writes", "backups"]


def environment(default: str, memory: str) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "MEMORY_DIGEST_KEY": secrets.token_urlsafe(50),
        "VAULT_KEYS": "crash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "HTTPS": "0",
        "MEMORY_ALLOW_PRIVATE": "1",
        "LOG_LEVEL": "ERROR",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": default,
        "MEMORY_DATABASE_URL": memory,
    }


def attempt(name: str, default: str, memory: str) -> int:
    variables = environment(default, memory)
    for part in PARTS[: 1 if TRIALS == 1 and name == "PostgreSQL" else None]:
        command = [sys.executable, "-m", f"tests.crash.{part}", name, str(TRIALS)]
        if failed := subprocess.run(command, env=variables).returncode:
            return failed
    return 0


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        folder = Path(name)
        for alias, file in (("default", "console"), ("memory", "memory")):
            copy_kept(alias, folder / f"{file}.sqlite3")
        failed = attempt(
            "SQLite",
            f"sqlite:///{folder}/console.sqlite3",
            f"sqlite:///{folder}/memory.sqlite3",
        )
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL: skipped, its server programs are not here")
        return failed
    with server(binaries) as url:
        for database in ("crash_default", "crash_memory"):
            subprocess.run(
                [
                    binaries / "createdb",
                    "--maintenance-db",
                    f"{url}/postgres",
                    database,
                ],
                check=True,
            )
        urls = (f"{url}/crash_default", f"{url}/crash_memory")
        return attempt("PostgreSQL", *urls) or failed


if __name__ == "__main__":
    sys.exit(main())
