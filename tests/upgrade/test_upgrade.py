"""An installation of the version before: migrated by `prepare`, with nothing lost.

On the database that the suite runs on.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.upgrade.databases import ALIASES, Installation, Row, restored
from tests.upgrade.renamed import COLUMNS, TABLES

SERVER = os.environ.get("DATABASE_URL", "")
ON_SERVER = SERVER.startswith("postgres")
# Django's own notes of what there is: a migration writes there.
NOTES = {"auth_permission", "django_content_type", "django_migrations"}
TASKS = "django_tasks_database_dbtaskresult"
# Of apps that are installed for something else.
NEVER_USED = {
    "account_emailaddress",
    "account_emailconfirmation",
    "auth_group",
    "auth_group_permissions",
}

Snapshot = dict[str, list[Row]]


@dataclass(frozen=True, repr=False)
class Upgrade:
    """Rows by table as they were, and where they are now; what people found then."""

    before: Snapshot
    after: Snapshot
    found: dict[str, Any]
    later: Installation


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory) -> Iterator[Upgrade]:
    folder = tmp_path_factory.mktemp("upgrade")
    with restored(folder, SERVER if ON_SERVER else "") as was:
        yield upgraded(was)


def upgraded(installation: Installation) -> Upgrade:
    before = {
        (alias, table): columns
        for alias in ALIASES
        for table, columns in installation.tables(alias).items()
        if table not in NOTES
    }
    rows = snapshot(installation, before, renamed=False)
    installation.manage("prepare")
    kept = snapshot(installation, before, renamed=True)
    look = "from tests.upgrade.look import look; look()"
    said = installation.manage("shell", "--no-imports", "-c", look)
    return Upgrade(rows, kept, json.loads(said.splitlines()[-1]), installation)


def snapshot(
    installation: Installation,
    tables: dict[tuple[str, str], list[str]],
    *,
    renamed: bool,
) -> Snapshot:
    """The rows of each table, by its old name, in the columns that are comparable."""
    found = {}
    for (alias, table), columns in tables.items():
        new = {column: COLUMNS.get((table, column), column) for column in columns}
        comparable = [new[each] if renamed else each for each in columns if new[each]]
        name = TABLES.get(table, table) if renamed else table
        found[table] = installation.rows(alias, name, comparable)
    return found


def test_upgrade_starts_from_an_installation_that_was_used(upgrade):
    empty = {table for table, rows in upgrade.before.items() if not rows}

    assert empty == NEVER_USED
    assert len(upgrade.before["service_observation"]) > 2000


def test_upgrade_keeps_every_row(upgrade):
    before, after = dict(upgrade.before), upgrade.after
    # Deletions are due by themselves: the two tasks that were to look at them go.
    kept = [row for row in before[TASKS] if row in after[TASKS]]
    assert len(kept) == len(before[TASKS]) - 2
    before[TASKS] = kept

    assert {table: len(rows) for table, rows in after.items()} == {
        table: len(rows) for table, rows in before.items()
    }
    changed = [table for table in before if before[table] != after[table]]
    assert changed == []


def test_upgrade_keeps_the_audit_log_sound(upgrade):
    entries = len(upgrade.before["audit_auditentry"])

    # The command that migrated has an entry of its own.
    assert entries_of(upgrade.found["log"]) == entries + 1
    assert entries_of(upgrade.found["log_later"]) > entries + 1


def test_upgrade_keeps_the_version_of_every_entry(upgrade):
    found = rows(upgrade, "default", "audit_auditentry", "version")
    versions = [version for (version,) in found]
    entries = len(upgrade.before["audit_auditentry"])

    assert versions == ["1"] * entries + ["2"] * (len(versions) - entries)
    assert len(versions) > entries


def entries_of(verdict: str) -> int:
    count, *_ = re.findall(r"([\d,]+) entries\b", verdict)
    return int(count.replace(",", ""))


def test_upgrade_keeps_the_audit_log_append_only(upgrade):
    words = upgrade.found["refused"]

    assert len(words) == 3
    assert [each for each in words if "append-only" not in each] == []


def test_upgrade_keeps_sessions_and_what_was_revealed_in_them(upgrade):
    assert upgrade.found["session"] == 200
    assert upgrade.found["revealed"] is True
    assert upgrade.found["masked"] is True


def test_upgrade_keeps_passwords_and_second_factors(upgrade):
    assert upgrade.found["second_factor"] == ["/accounts/2fa/authenticate/", "/"]


def test_upgrade_keeps_sealed_credentials_and_what_they_open(upgrade):
    assert "Keeps a dog on board." in upgrade.found["card"]
    assert len(upgrade.found["recalled"]) > 0


def test_upgrade_does_the_writes_that_were_delayed(upgrade):
    assert "Sails on Sundays." in upgrade.found["timeline"]
    assert rows(upgrade, "memory", "service_pendingwrite", "path") == []


def test_upgrade_runs_the_tasks_that_were_waiting(upgrade):
    imports = rows(upgrade, "memory", "service_profileimport", "status")
    deletions = rows(upgrade, "default", "deletions_deletion", "state")

    assert imports == [("'COMPLETED'",)] * 2
    assert deletions == [("'done'",)] * 2


def rows(upgrade: Upgrade, alias: str, table: str, column: str) -> list[Row]:
    named = COLUMNS.get((table, column), column)
    return upgrade.later.rows(alias, TABLES.get(table, table), [named])
