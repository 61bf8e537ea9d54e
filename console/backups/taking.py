"""A backup: writing one while the console runs, and what its `manifest.json` says."""

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import DatabaseError
from django.db.migrations.recorder import MigrationRecorder

from console.audit.log import log
from console.audit.verification import get_head
from console.backups.databases import NAMES, BackupError, open_database
from console.core.errors import DomainError
from console.service.memory.tombstones import get_key_id
from console.tenants.actor import Actor

FILE = "manifest.json"
FORMAT = 1


class DatabaseFile(msgspec.Struct, kw_only=True, frozen=True):
    """One database.

    engine      sqlite or postgresql
    server      its version
    migrations  the newest applied one of each app
    """

    engine: str
    server: str
    file: str
    size: int
    sha256: str
    migrations: dict[str, str]


class Manifest(msgspec.Struct, kw_only=True, frozen=True):
    """
    version     of the product
    taken_at    before the first file was begun
    key_id      of the MEMORY_DIGEST_KEY in use
    audit_seq, audit_hash  the newest audit entry at `taken_at`
    """

    format: int = FORMAT
    version: str
    taken_at: datetime
    key_id: str
    audit_seq: int
    audit_hash: str
    databases: dict[str, DatabaseFile] = {}


def take_backup(folder: Path) -> Manifest:
    """A new folder: whole, or not there at all. Raises BackupError."""
    if folder.exists():
        raise BackupError(f"{folder}: exists already; name a new folder.")
    partial = folder.with_name(f"{folder.name}.partial")
    try:
        log(Actor(None, name="command line"), "backup.taken")
        # For its owner's eyes: it holds everything that the console knows.
        partial.mkdir(mode=0o700, parents=True)
        manifest = _write(partial)
        partial.rename(folder)
    except OSError as exc:
        raise BackupError(f"{folder}: {exc.strerror}.") from exc
    except DomainError as exc:
        raise BackupError(exc.message) from exc
    except DatabaseError as exc:
        raise BackupError(f"{folder}: not written ({type(exc).__name__}).") from exc
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _write(folder: Path) -> Manifest:
    head = get_head()
    manifest = Manifest(
        version=settings.VERSION,
        taken_at=datetime.now(UTC),
        key_id=get_key_id(),
        audit_seq=head.seq,
        audit_hash=head.hash,
    )
    for alias in NAMES:
        database = open_database(alias)
        path = folder / database.file
        database.dump(path)
        applied = MigrationRecorder(database.connection).applied_migrations()
        manifest.databases[alias] = DatabaseFile(
            engine=database.connection.vendor,
            server=database.server,
            file=path.name,
            size=path.stat().st_size,
            sha256=digest_file(path),
            migrations=dict(sorted(applied)),
        )
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (folder / FILE).write_bytes(content)
    return manifest


def digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Checked against the files. Raises BackupError."""
    try:
        manifest = msgspec.json.decode((folder / FILE).read_bytes(), type=Manifest)
    except OSError as exc:
        raise BackupError(f"{folder}: no readable {FILE}.") from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BackupError(f"{folder / FILE}: damaged.") from exc
    if manifest.format != FORMAT:
        raise BackupError(f"{folder}: made by a newer version, {manifest.version}.")
    for file in manifest.databases.values():
        path = folder / Path(file.file).name
        if not path.is_file() or digest_file(path) != file.sha256:
            raise BackupError(f"{path}: missing, or not as it was written.")
    return manifest
