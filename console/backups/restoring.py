"""Putting a backup back, with what was deleted since then left out."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import DatabaseError

from console.accounts.models import User
from console.audit.log import DETAIL_MAX, log
from console.audit.models import AuditEntry
from console.audit.verification import verify_log
from console.backups.databases import BackupError, Database, open_database
from console.backups.taking import Manifest, read_manifest
from console.databases.schema import read_schema_state
from console.pages.deletions.models import Deletion
from console.service.memory.models import Suppression, Tombstone
from console.service.memory.restoring import drop_unfinished, repeat_deletions
from console.service.memory.tombstones import digest_key, get_key_id
from console.service.models import Account
from console.tenants.actor import Actor
from console.tenants.models import Membership

T = TypeVar("T")
Ledger = dict[str, datetime]  # by the digests of console.service.memory.tombstones
# Changes with each deletion.
MARK = f"SELECT COUNT(*), MAX(deleted_at) FROM {Tombstone._meta.db_table}"  # noqa: S608


class Right(NamedTuple):
    """A role, a password or a second factor; stored: as the database has it."""

    email: str
    user_id: int
    what: str
    stored: str


@dataclass
class Restored:
    """What a restore did.

    migrations  how many the backup lacked
    entries     of the audit log, all sound; 0 when it was not restored
    deleted     how much of each kind had come back and was deleted again
    dropped     writes and imports that the backup found half done
    returned    what people may do or sign in with again that they could not any more
    """

    manifest: Manifest
    migrations: int = 0
    entries: int = 0
    deleted: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    returned: list[Right] = field(default_factory=list)


def restore_backup(
    folder: Path, aliases: Sequence[str], *, force: bool, without_ledger: bool
) -> Restored:
    """All of it or nothing. Raises BackupError.

    force           replace databases that hold something
    without_ledger  bring back what was deleted since: nobody knows what that was
    """
    restored = Restored(read_manifest(folder))
    databases = [open_database(alias) for alias in aliases]
    for database in databases:
        _check_fits(database, restored.manifest)
    with ExitStack() as unused:
        for database in databases:
            unused.enter_context(database.hold())
    for database in databases if not force else ():
        _check_empty(database)
    mark = _try(lambda: _read_mark(databases), list[Any]())
    rights = _try(_list_rights, set[Right]())
    known, present = _read_ledger(restored.manifest), _list_accounts()
    if known is None and "memory" in aliases and not without_ledger:
        raise BackupError(
            "There is no ledger of deletions here: this memory is new or cannot be"
            f" read. What was deleted after {restored.manifest.taken_at:%Y-%m-%d %H:%M}"
            " UTC would come back; --without-ledger accepts that."
        )
    known = (known or {}) | _read_receipts()
    suppressed = _try(lambda: list(Suppression.objects.all()), list[Suppression]())
    try:
        for database in databases:
            _stage(database, folder, restored)
        if "default" in aliases:
            # Who has signed out, or was put out, since the backup stays out.
            Session.objects.all().delete()
            restored.returned = sorted(_list_rights() - rights)
        if "memory" in aliases:
            if not (without_ledger or present & _list_accounts()):
                raise BackupError(
                    "The memory here has none of the backup's accounts, so its ledger of"
                    " deletions is another's: what was deleted after the backup would"
                    " come back; --without-ledger accepts that."
                )
            # The restored console may know of a deletion that its memory does not.
            restored.deleted = repeat_deletions(known | _read_receipts())
            restored.dropped = drop_unfinished()
            _keep_suppressed(suppressed if present else None)
        _swap(databases, mark)
    finally:
        for database in databases:
            database.lead_to(database.present)
            database.drop_staged()
    _log(restored)
    return restored


def _try(read: Callable[[], T], otherwise: T) -> T:
    """What it reads; else of a database that has no tables yet, or cannot be read."""
    try:
        return read()
    except DatabaseError:
        return otherwise


def _keep_suppressed(rows: Sequence[Suppression] | None) -> None:
    """As the replaced memory has them: some were lifted since the backup."""
    if rows is not None:
        Suppression.objects.all().delete()
        Suppression.objects.bulk_create(rows)


def _list_accounts() -> set[str]:
    return _try(lambda: set(Account.objects.values_list("pk", flat=True)), set())


def _list_rights() -> set[Right]:
    """Of whoever can sign in here."""
    people = User.objects.filter(is_active=True, is_staff=True)
    return {
        Right(user.email, user.pk, what, stored)
        for user in people.prefetch_related("memberships__tenant")
        for what, stored in (
            ("password", user.password),
            *((_describe(each), "") for each in user.memberships.all()),
            *(
                (each.get_type_display(), str(each.data))
                for each in Authenticator.objects.filter(user=user)
            ),
        )
    }


def _describe(member: Membership) -> str:
    tenant = member.tenant.slug if member.tenant else member.place.lower()
    return f"{member.get_role_display()} of {tenant}"


def _read_mark(databases: Sequence[Database]) -> list[Any]:
    return [each.ask(MARK) for each in databases if each.alias == "memory"]


def _check_fits(database: Database, manifest: Manifest) -> None:
    file = manifest.databases.get(database.alias)
    if file is None or file.engine != database.connection.vendor:
        raise BackupError(
            f"{database.name}: the backup has none that is kept in"
            f" {database.connection.vendor}."
        )
    if manifest.key_id != get_key_id():
        raise BackupError(
            "MEMORY_DIGEST_KEY: not the one that the backup was made with."
        )
    database.recover()


def _check_empty(database: Database) -> None:
    model: Any = {"default": User, "memory": Account}[database.alias]
    has_tables = database.connection.introspection.table_names
    # One that cannot be read may hold something; one without tables was only opened.
    if database.exists() and _try(
        lambda: bool(has_tables()) and model.objects.exists(), True
    ):
        raise BackupError(
            f"{database.name}: holds data that would be replaced; --force accepts that."
        )


def _read_ledger(manifest: Manifest) -> Ledger | None:
    """What this installation knows to be deleted; None when it knows nothing."""
    try:
        rows = list(Tombstone.objects.values_list("digest", "key_id", "deleted_at"))
        if not rows and not Account.objects.exists():
            return None
    except DatabaseError:
        return None
    key_id = get_key_id()
    others = [at for _, key, at in rows if key != key_id and at > manifest.taken_at]
    if others:
        raise BackupError(
            f"MEMORY_DIGEST_KEY: {len(others)} deletions since the backup were recorded"
            " with another one; restore with that."
        )
    return {digest: at for digest, key, at in rows if key == key_id}


def _read_receipts() -> Ledger:
    """The console's own deletions, by the digests of a memory that is embedded."""
    gone = [Deletion.State.DONE, Deletion.State.VERIFYING]
    done = Deletion.objects.filter(state__in=gone).select_related("tenant")
    return {
        digest_key(target.kind.name, (deletion.tenant.store_id, target.object_id)): at
        for deletion in _try(lambda: list(done), list[Deletion]())
        if (at := deletion.verified_at)
        for target in deletion.targets
    }


def _stage(database: Database, folder: Path, restored: Restored) -> None:
    """A copy of its own, as this version needs it. Raises BackupError."""
    file = folder / Path(restored.manifest.databases[database.alias].file).name
    try:
        database.stage(file)
        state = read_schema_state(database.alias)
        if state.newer:
            raise BackupError(f"{database.name}: {state}.")
        call_command("migrate", database=database.alias, interactive=False, verbosity=0)
        restored.migrations += state.waiting
        if database.alias == "default":
            restored.entries = _check_log(restored.manifest)
    except DatabaseError as exc:
        raise BackupError(f"{file}: not readable ({type(exc).__name__}).") from exc


def _check_log(manifest: Manifest) -> int:
    """The number of entries. Raises BackupError."""
    verdict = verify_log()
    newest = AuditEntry.objects.filter(seq=manifest.audit_seq).first()
    if not verdict.is_sound:
        raise BackupError(
            f"console: the audit log is broken at entry {verdict.broken_at}:"
            f" {verdict.why}. --only memory restores the memory alone."
        )
    if manifest.audit_seq and (not newest or newest.hash != manifest.audit_hash):
        raise BackupError("console: the audit log is not the one of the manifest.")
    return verdict.entries


def _swap(databases: Sequence[Database], mark: list[Any]) -> None:
    retired: list[Database] = []
    with ExitStack() as held:
        for database in databases:
            held.enter_context(database.hold())
        try:
            for database in databases:
                database.retire()
                retired.append(database)
            if mark and mark != [
                each.ask_retired(MARK) for each in databases if each.alias == "memory"
            ]:
                raise BackupError("memory: something was deleted in it meanwhile.")
            for database in databases:
                database.install()
        except (BackupError, OSError):
            for database in reversed(retired):
                database.undo()
            raise
    for database in databases:
        database.drop_replaced()


def _log(restored: Restored) -> None:
    by = Actor(None, name="command line")
    for right in restored.returned:
        user_id, email = str(right.user_id), right.email[:DETAIL_MAX]
        log(by, "user.returned", "user", user_id, email=email, what=right.what)
    log(
        by,
        "backup.restored",
        taken_at=f"{restored.manifest.taken_at:%Y-%m-%dT%H:%M:%SZ}",
        deleted_again=restored.deleted.total(),
        dropped=restored.dropped,
    )
