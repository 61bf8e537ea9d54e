"""What is in a backup: one `manifest.json` beside the databases' files."""

import hashlib
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from console.audit.verification import get_head
from console.backups.databases import BackupError
from console.service.memory.tombstones import get_key_id

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


def begin_manifest() -> Manifest:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    head = get_head()
    return Manifest(
        version=project["project"]["version"],
        taken_at=datetime.now(UTC),
        key_id=get_key_id(),
        audit_seq=head.seq,
        audit_hash=head.hash,
    )


def describe_file(alias: str, path: Path, server: str) -> DatabaseFile:
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    return DatabaseFile(
        engine=connections[alias].vendor,
        server=server,
        file=path.name,
        size=path.stat().st_size,
        sha256=digest_file(path),
        migrations=dict(sorted(applied)),
    )


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
