"""Databases of an earlier version, kept here packed: restored, asked by plain SQL.

make.py says how they were made, fill.py what is in them. Nothing here knows the
product: it has to read what an earlier one left behind.
"""

import lzma
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
ALIASES = ("default", "memory")

# What the databases were made with. All of it is made up, and opens nothing but them.
PASSWORD = "password-of-the-upgrade-test"
KEYS = {
    "SECRET_KEY": "upgrade-test-only-" + "k" * 50,
    "VAULT_KEYS": "upgrade:VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU=",
    "MEMORY_DIGEST_KEY": "upgrade-test-only-" + "d" * 50,
    "DEMO_PASSWORD": PASSWORD,
}

Row = tuple[str, ...]


@dataclass(frozen=True)
class Installation:
    """Two databases, by their URLs, and a folder for what else there is."""

    urls: dict[str, str]
    folder: Path

    def manage(self, *command: str) -> str:
        """What a management command prints; a failure shows what it said."""
        done = subprocess.run(
            [sys.executable, PROJECT / "manage.py", *command],
            cwd=PROJECT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"manage.py {command}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **KEYS,
            "DJANGO_SETTINGS_MODULE": "tests.upgrade.settings",
            "STATIC_ROOT": str(self.folder / "static"),
            "DATABASE_URL": self.urls["default"],
            "MEMORY_DATABASE_URL": self.urls["memory"],
            "MEMORY_EMBEDDER": "none",
            "ALLOWED_HOSTS": "testserver",
            "HTTPS": "0",
            "LOG_LEVEL": "ERROR",
        }

    def tables(self, alias: str) -> dict[str, list[str]]:
        """Every table with its columns."""
        with connected(self.urls[alias]) as cursor:
            if self.urls[alias].startswith("sqlite"):
                cursor.execute(SQLITE_COLUMNS)
            else:
                cursor.execute(POSTGRESQL_COLUMNS)
            found: dict[str, list[str]] = {}
            for table, column in cursor.fetchall():
                found.setdefault(table, []).append(column)
            return found

    def rows(self, alias: str, table: str, columns: list[str]) -> list[Row]:
        """A table's rows in an order that depends on nothing but their contents."""
        named = ", ".join(f'"{column}"' for column in columns)
        with connected(self.urls[alias]) as cursor:
            cursor.execute(f'SELECT {named} FROM "{table}"')  # noqa: S608
            return sorted(tuple(map(written, row)) for row in cursor.fetchall())


SQLITE_COLUMNS = """
    SELECT tables.name, columns.name
    FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
    WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'
    ORDER BY 1, columns.cid
"""
POSTGRESQL_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' ORDER BY 1, ordinal_position
"""


def written(value: Any) -> str:
    return repr(bytes(value) if isinstance(value, memoryview) else value)


@contextmanager
def connected(url: str) -> Iterator[Any]:
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(urlsplit(url).path)
    else:
        connection = psycopg_connect(url)
    with closing(connection), closing(connection.cursor()) as cursor:
        yield cursor


def psycopg_connect(url: str) -> Any:
    import psycopg  # only there where PostgreSQL is wanted

    return psycopg.connect(url, autocommit=True)


@contextmanager
def restored(folder: Path, server_url: str = "") -> Iterator[Installation]:
    """The kept databases anew: files in `folder`, or databases of a server."""
    restore = restore_on_server if server_url else restore_file
    urls = {alias: restore(alias, server_url or str(folder)) for alias in ALIASES}
    try:
        yield Installation(urls, folder)
    finally:
        if server_url:
            drop(urls.values(), server_url)


def restore_file(alias: str, folder: str) -> str:
    path = Path(folder) / f"{alias}.sqlite3"
    path.write_bytes(lzma.decompress((HERE / f"{alias}.sqlite3.xz").read_bytes()))
    return f"sqlite:///{path}"


def restore_on_server(alias: str, server_url: str) -> str:
    name = f"upgrade_{alias}_{os.getpid()}"
    with connected(server_url) as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    url = urlsplit(server_url)._replace(path=f"/{name}").geturl()
    with connected(url) as cursor:
        cursor.execute(lzma.decompress((HERE / f"{alias}.sql.xz").read_bytes()))
    return url


def drop(urls: Iterable[str], server_url: str) -> None:
    with connected(server_url) as cursor:
        for url in urls:
            cursor.execute(f"DROP DATABASE {urlsplit(url).path[1:]} WITH (FORCE)")
