"""`make crash`: the server is killed in the middle of writes, again and again.

CRASH_TRIALS (50) times on SQLite and as many on PostgreSQL: eight clients write, the
whole server gets a SIGKILL, and the database is held against what was acknowledged.
Exits with 1 when anything acknowledged is lost, anything is half done, or the table
that Recall reads differs from the observations and summaries.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.postgres import find_binaries, server

TRIALS = int(os.environ.get("CRASH_TRIALS", "50"))


def environment(default: str, memory: str) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "MEMORY_DIGEST_KEY": secrets.token_urlsafe(50),
        "VAULT_KEYS": "crash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "HTTPS": "0",
        "LOG_LEVEL": "CRITICAL",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": default,
        "MEMORY_DATABASE_URL": memory,
    }


def attempt(name: str, default: str, memory: str) -> int:
    command = [sys.executable, "-m", "tests.crash.trials", name, str(TRIALS)]
    return subprocess.run(command, env=environment(default, memory)).returncode


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        folder = Path(name)
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
