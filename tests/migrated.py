"""SQLite files that are migrated once for the code as it stands, and then copied: that
takes longer than most tests, and each process of each run needs two."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.sqlite3.creation import DatabaseCreation

ROOT = Path(__file__).parents[1]
KEPT = ROOT / ".pytest_cache" / "migrated"
_create = DatabaseCreation.create_test_db


@cache
def digest_code() -> str:
    """Migrations and what follows them use what they like of the project."""
    digest = sha256((ROOT / "requirements.lock").read_bytes())
    for path in sorted((ROOT / "console").rglob("*.py")):
        digest.update(f"{path}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        flock(file, LOCK_EX)
        yield


def create_or_copy(self: DatabaseCreation, *args: Any, **kwargs: Any) -> str:
    alias, connection = self.connection.alias, self.connection
    name = self._get_test_db_name()
    KEPT.mkdir(parents=True, exist_ok=True)
    with locked(KEPT / f"{alias}.lock"):
        if not copy_kept(alias, Path(name)):
            _create(self, *args, **kwargs)
            # The last connection that closes leaves all of it in the one file.
            connection.close()
            shutil.copyfile(name, KEPT / f"{alias}.sqlite3")
            (KEPT / f"{alias}.digest").write_text(digest_code())
    connection.close()
    settings.DATABASES[alias]["NAME"] = connection.settings_dict["NAME"] = name
    return name


def copy_kept(alias: str, path: Path) -> bool:
    """Whether there is one of this code: the product finds nothing left to migrate."""
    kept, of = KEPT / f"{alias}.sqlite3", KEPT / f"{alias}.digest"
    if not of.exists() or of.read_text() != digest_code():
        of.unlink(missing_ok=True)
        return False
    # What a killed process has left would be read as changes of the new file.
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    shutil.copyfile(kept, path)
    return True


def migrate_once() -> None:
    DatabaseCreation.create_test_db = create_or_copy
