"""Where a customer's data could be left, as bytes."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.contrib.sessions.models import Session
from django.db import connections

from tests.postgres import find_binaries

NAMES = {"default": "console", "memory": "memory"}
# Promised by nobody: PostgreSQL recycles these in its own time.
AGES_OUT = "PostgreSQL's write-ahead log"


def read_places(log: Path) -> Iterator[tuple[str, bytes]]:
    """Each place by its name; a place may come in pieces."""
    for alias, name in NAMES.items():
        if connections[alias].vendor == "sqlite":
            yield from _read_sqlite(alias, name)
        else:
            yield from _read_postgresql(alias, name)
    if connections["memory"].vendor == "postgresql":
        for path in Path(_ask("memory", "SHOW data_directory"), "pg_wal").glob("0*"):
            yield AGES_OUT, path.read_bytes()
        server_log = Path(_ask("memory", "SHOW data_directory")).parent / "log"
        yield "PostgreSQL's log", server_log.read_bytes()
    for session in Session.objects.all():
        yield "sessions, decoded", json.dumps(session.get_decoded()).encode()
    yield "our own log", log.read_bytes()


def _read_sqlite(alias: str, name: str) -> Iterator[tuple[str, bytes]]:
    file = connections[alias].settings_dict["NAME"]
    for place, end in (("file", ""), ("write-ahead log", "-wal"), ("index", "-shm")):
        path = Path(f"{file}{end}")
        yield f"{name}: {place}", path.read_bytes() if path.exists() else b""


def _read_postgresql(alias: str, name: str) -> Iterator[tuple[str, bytes]]:
    settings = connections[alias].settings_dict
    url = f"postgres://{settings['USER']}@{settings['HOST']}:{settings['PORT']}"
    binaries = find_binaries() or Path()
    dump = [binaries / "pg_dump", f"{url}/{settings['NAME']}"]
    yield f"{name}: dump", subprocess.run(dump, check=True, stdout=-1).stdout
    with connections[alias].cursor() as cursor:
        cursor.execute("CHECKPOINT")
    folder = _ask(
        alias,
        "SELECT current_setting('data_directory') || '/base/' || oid"
        " FROM pg_database WHERE datname = current_database()",
    )
    for path in Path(folder).iterdir():
        # The server makes and removes files of its own as it likes.
        with suppress(FileNotFoundError):
            yield f"{name}: table files", path.read_bytes()


def _ask(alias: str, question: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute(question)
        return str(cursor.fetchone()[0])
