"""`make residue`: is anything left of what was deleted?

RESIDUE_PROFILES (200) on SQLite and on PostgreSQL: markers are planted in every text
that a profile can have, deleted by page and by API, and looked for in every file. Exits
with 1 when one is left where none may be.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.crash.__main__ import environment
from tests.migrated import copy_kept
from tests.postgres import find_binaries, server
from tests.upgrade.databases import connected

PROFILES = int(os.environ.get("RESIDUE_PROFILES", "200"))


def run_on_files(profiles: int) -> int:
    with tempfile.TemporaryDirectory(prefix="residue-") as name:
        urls = [f"sqlite:///{name}/{each}.sqlite3" for each in ("console", "memory")]
        for alias, url in zip(("default", "memory"), urls, strict=True):
            copy_kept(alias, Path(url.removeprefix("sqlite:///")))
        return run("SQLite", profiles, *urls)


def run_on_server(profiles: int, url: str) -> int:
    names = [f"residue_{each}_{os.getpid()}" for each in ("console", "memory")]
    with connected(f"{url}/postgres") as cursor:
        for name in names:
            cursor.execute(f"CREATE DATABASE {name}")
    return run("PostgreSQL", profiles, *(f"{url}/{name}" for name in names))


def run(name: str, profiles: int, default: str, memory: str) -> int:
    with tempfile.TemporaryDirectory(prefix="residue-") as folder:
        variables = environment(default, memory) | {
            "DJANGO_SETTINGS_MODULE": "tests.upgrade.settings",
            "STATIC_ROOT": folder,
            "ALLOWED_HOSTS": "localhost",
            "LOG_LEVEL": "INFO",
        }
        log = Path(folder, "log")
        command = ["-m", "tests.residue.trial", name, str(profiles), str(log)]
        with Path(folder, "stderr").open("w+") as errors:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", *command], env=variables, stderr=errors
            )
            errors.seek(0)
            if done.returncode:
                print("".join(errors.readlines()[-20:]))
        return done.returncode


def main() -> int:
    failed = run_on_files(PROFILES)
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL: skipped, its server programs are not here")
        return failed
    with server(binaries) as url:
        return run_on_server(PROFILES, url) or failed


if __name__ == "__main__":
    sys.exit(main())
