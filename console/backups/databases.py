"""The two kinds of database, as a backup writes them and a restore puts them back.

A restore makes a second database beside the present one and leads Django's alias there:
so everything is checked and done before anybody can ask. Only then they change places.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from time import sleep
from typing import Any

from django.db import DatabaseError, OperationalError, connections
from django.db.backends.postgresql.client import DatabaseClient

# The order in which a backup takes them: a deletion that comes in between is still open
# in the console's file, and is settled later.
NAMES = {"default": "console", "memory": "memory"}
IN_USE = "in use: stop the web server and the worker first"
# Together three seconds.
LEAVING_TRIES, LEAVING_PAUSE_S = 30, 0.1


class BackupError(Exception):
    """Why a backup or a restore was not done, in words; nothing was changed."""


class DatabaseBase:
    """One alias; `name` is what people call it."""

    ending: str
    server: str

    def __init__(self, alias: str) -> None:
        self.alias, self.name = alias, NAMES[alias]
        self.connection = connections[alias]
        self.present = str(self.connection.settings_dict["NAME"])

    @property
    def file(self) -> str:
        return f"{self.name}.{self.ending}"

    def lead_to(self, name: str) -> None:
        self.connection.close()
        self.connection.settings_dict["NAME"] = name

    def ask(self, question: str, *parameters: str) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(question, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []


class SqliteFile(DatabaseBase):
    ending = "sqlite3"

    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        self.server = sqlite3.sqlite_version
        self.staged = f"{self.present}.restoring"
        self.replaced = f"{self.present}.replaced"

    def exists(self) -> bool:
        path = Path(self.present)
        return path.exists() and path.stat().st_size > 0

    def dump(self, target: Path) -> None:
        """As it is at this moment, whoever writes; without its free pages."""
        self.ask("VACUUM INTO %s", str(target))

    def stage(self, source: Path) -> None:
        self.drop_staged()
        shutil.copyfile(source, self.staged)
        if self.exists():
            shutil.copymode(self.present, self.staged)
            there = os.stat(self.present)
            os.chown(self.staged, there.st_uid, there.st_gid)
        self.lead_to(self.staged)
        found = self.ask("PRAGMA integrity_check") + self.ask(
            "PRAGMA foreign_key_check"
        )
        if found != [("ok",)]:
            raise BackupError(f"{source}: damaged: {found[0][0]}")

    def hold(self) -> AbstractContextManager[Any]:
        """Until its end nobody has the present file open. Raises BackupError."""
        self.connection.close()
        if not self.exists():
            return nullcontext()
        self.held = held = sqlite3.connect(
            self.present, timeout=0, isolation_level=None
        )
        try:
            # Only the last connection to a file can take it out of WAL mode.
            held.execute("PRAGMA journal_mode=DELETE").fetchone()
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as exc:
            held.close()
            raise BackupError(f"{self.name}: {IN_USE}.") from exc
        except sqlite3.DatabaseError:
            pass  # damaged: nobody can be using it
        return closing(held)

    def retire(self) -> None:
        """The first half of changing places: the present one gets its other name. It
        keeps its own as well: at no moment there is no file."""
        self.drop_replaced()
        if self.exists():
            os.link(self.present, self.replaced)

    def ask_retired(self, question: str) -> list[Any]:
        return self.held.execute(question).fetchall()

    def install(self) -> None:
        """The second half: the staged one gets the name of the present one."""
        with closing(sqlite3.connect(self.staged)) as connection:
            # All of it in the one file that is moved.
            connection.execute("PRAGMA journal_mode=DELETE")
        os.replace(self.staged, self.present)

    def undo(self) -> None:
        """As it was before `retire`, whatever was done since."""
        if Path(self.present).exists():
            os.replace(self.present, self.staged)
        if Path(self.replaced).exists():
            os.replace(self.replaced, self.present)

    def recover(self) -> None:
        """From a restore that was killed between the two halves of a swap: nothing to
        do, one file takes the other's place."""

    def drop_staged(self) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{self.staged}{end}").unlink(missing_ok=True)

    def drop_replaced(self) -> None:
        Path(self.replaced).unlink(missing_ok=True)


class PostgresDatabase(DatabaseBase):
    ending = "dump"

    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        self.staged = f"{self.present}_restoring"
        self.replaced = f"{self.present}_replaced"
        self.server = self.ask_server("SHOW server_version")[0][0]

    def ask_server(self, question: str) -> list[Any]:
        """Connected to no database of ours."""
        with self.connection._nodb_cursor() as cursor:
            cursor.execute(question)
            return list(cursor.fetchall()) if cursor.description else []

    def exists(self) -> bool:
        return self.present in self._list_names()

    def _list_names(self) -> set[str]:
        return {name for (name,) in self.ask_server("SELECT datname FROM pg_database")}

    def recover(self) -> None:
        if not self.exists() and self.replaced in self._list_names():
            self._rename(self.replaced, self.present)

    def dump(self, target: Path) -> None:
        self._run("pg_dump", "--format=custom", "--file", str(target))

    def stage(self, source: Path) -> None:
        self.drop_staged()
        self.ask_server(f'CREATE DATABASE "{self.staged}"')
        self.lead_to(self.staged)
        self._run(
            "pg_restore",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            str(source),
        )
        self.ask("ANALYZE")

    def hold(self) -> AbstractContextManager[Any]:
        """Nobody is connected now; who comes later makes the swap fail."""
        sql = (
            "SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND datname = %s"
        )
        self.connection.close()
        with self.connection._nodb_cursor() as cursor:
            # A connection that was just closed is listed until its process has ended.
            for _ in range(LEAVING_TRIES):
                cursor.execute(sql, [self.present])
                if not cursor.fetchone():
                    break
                sleep(LEAVING_PAUSE_S)
            else:
                raise BackupError(f"{self.name}: {IN_USE}.")
        return nullcontext()

    def retire(self) -> None:
        if self.exists():
            self.drop_replaced()
            self._rename(self.present, self.replaced)

    def ask_retired(self, question: str) -> list[Any]:
        self.lead_to(self.replaced)
        try:
            return self.ask(question)
        finally:
            self.connection.close()

    def install(self) -> None:
        self._rename(self.staged, self.present)

    def undo(self) -> None:
        if self.exists():
            self._rename(self.present, self.staged)
        self.recover()

    def _rename(self, old: str, new: str) -> None:
        try:
            self.ask_server(f'ALTER DATABASE "{old}" RENAME TO "{new}"')
        except OperationalError as exc:  # somebody is connected
            raise BackupError(f"{self.name}: {IN_USE}.") from exc

    def drop_staged(self) -> None:
        self.ask_server(f'DROP DATABASE IF EXISTS "{self.staged}"')

    def drop_replaced(self) -> None:
        self.ask_server(f'DROP DATABASE IF EXISTS "{self.replaced}"')

    def _run(self, program: str, *options: str) -> None:
        """A program of PostgreSQL's; the password goes by the environment."""
        arguments, variables = DatabaseClient.settings_to_cmd_args_env(
            self.connection.settings_dict, []
        )
        *login, name = arguments[1:]
        command = [program, *login, "--dbname", name, *options]
        try:
            done = subprocess.run(  # noqa: S603
                command,
                env=os.environ | (variables or {}),
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        except FileNotFoundError as exc:
            raise BackupError(
                f"{program}: not installed. It comes with PostgreSQL's client programs"
                f" ({self.server} or newer)."
            ) from exc
        if done.returncode:
            raise BackupError(f"{self.name}: {done.stderr.strip()}")


Database = SqliteFile | PostgresDatabase
KINDS: dict[str, Callable[[str], Database]] = {
    "sqlite": SqliteFile,
    "postgresql": PostgresDatabase,
}


def open_database(alias: str) -> Database:
    """Raises BackupError when its server does not answer."""
    try:
        return KINDS[connections[alias].vendor](alias)
    except DatabaseError as exc:
        raise BackupError(f"{NAMES[alias]}: the server does not answer.") from exc
