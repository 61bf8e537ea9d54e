"""Writing a backup while the console runs."""

import shutil
from pathlib import Path

import msgspec
from django.db import DatabaseError

from console.audit.log import log
from console.backups.databases import NAMES, BackupError, open_database
from console.backups.manifest import FILE, Manifest, begin_manifest, describe_file
from console.core.errors import DomainError
from console.tenants.actor import Actor


def take_backup(folder: Path) -> Manifest:
    """A new folder: whole, or not there at all. Raises BackupError."""
    if folder.exists():
        raise BackupError(f"{folder}: exists already; name a new folder.")
    partial = folder.with_name(f"{folder.name}.partial")
    try:
        log(Actor(None), "backup.taken")
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
    manifest = begin_manifest()
    for alias in NAMES:
        database = open_database(alias)
        target = folder / database.file
        database.dump(target)
        manifest.databases[alias] = describe_file(alias, target, database.server)
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (folder / FILE).write_bytes(content)
    return manifest
