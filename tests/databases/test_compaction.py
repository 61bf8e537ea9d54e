"""What was deleted leaves the files too, whoever is in the way for a while."""

import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.databases import compaction
from console.databases.compaction import (
    compact,
    get_purge_time,
    purge,
    request_compaction,
)
from console.profiles.context import derived
from console.tenants.vault import open_store
from tests.factories import make_items, make_observation, make_profile

pytestmark = pytest.mark.django_db(transaction=True)
JOBS = {"sqlite": compact, "postgresql": purge}
SAID = "Keeps a parrot called Robespierre."


def vendor() -> str:
    return connections["memory"].vendor


def work_off(*, after: timedelta) -> None:
    with time_machine.travel(timezone.now() + after, tick=True):
        call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)


def read_files() -> bytes:
    """All that the memory's database has on disk."""
    name = connections["memory"].settings_dict["NAME"]
    if vendor() == "sqlite":
        files = [path for end in ("", "-wal") if (path := Path(name + end)).exists()]
    else:
        with connections["memory"].cursor() as cursor:
            cursor.execute("CHECKPOINT")
            cursor.execute(
                "SELECT current_setting('data_directory') || '/base/' || oid"
                " FROM pg_database WHERE datname = current_database()"
            )
            files = list(Path(cursor.fetchone()[0]).iterdir())
    return b"".join(path.read_bytes() for path in files)


@contextmanager
def somebody_reading():
    """Sees the memory as it is now, until the end."""
    if vendor() == "sqlite":
        name = connections["memory"].settings_dict["NAME"]
        with closing(sqlite3.connect(name)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM service_store").fetchone()
            yield
        return
    other = connections["memory"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            # No table: that would hold a lock as well.
            cursor.execute("SELECT 1")
            yield
    finally:
        other.close()


def list_waiting() -> list[DBTaskResult]:
    path = JOBS[vendor()].module_path
    return list(DBTaskResult.objects.filter(task_path=path, status="READY"))


@pytest.fixture
def observation(tenant):
    observation = make_observation(tenant, make_profile(tenant), SAID)
    if vendor() == "postgresql":
        with connections["memory"].cursor() as cursor:
            cursor.execute("ANALYZE")
    return observation


def delete(tenant, observation) -> None:
    store = open_store(tenant)
    [profile] = store.list_profiles(page_size=1).items
    store.delete_observation(profile, observation.id)


def test_compact_and_purge_leave_nothing_of_what_was_deleted(tenant, observation):
    delete(tenant, observation)
    before = read_files()

    work_off(after=timedelta(days=1))

    assert SAID.encode() in before
    assert SAID.encode() not in read_files()
    assert list_waiting() == []


def test_compact_and_purge_try_again_while_somebody_reads(tenant, observation):
    with somebody_reading():
        delete(tenant, observation)
        work_off(after=timedelta(days=1))
        [waiting] = list_waiting()

    work_off(after=timedelta(days=1, minutes=1))

    assert waiting.args_kwargs["args"] == [1, "memory"]
    assert list_waiting() == []
    assert SAID.encode() not in read_files()


def test_request_compaction_asks_once_for_many_deletions():
    request_compaction()
    request_compaction()

    assert len(list_waiting()) == 1


@pytest.mark.skipif("vendor() != 'sqlite'", reason="what SQLite does with its pages")
def test_compact_leaves_a_large_file_to_the_night(tenant, monkeypatch):
    monkeypatch.setattr(compaction, "SMALL_BYTES", 0)
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=100)
    open_store(tenant).delete_profile(profile)

    work_off(after=timedelta(seconds=5))
    at_once = count_free_pages()
    work_off(after=timedelta(days=1))

    assert at_once > 0
    assert count_free_pages() == 0


def count_free_pages() -> int:
    with connections["memory"].cursor() as cursor:
        cursor.execute("PRAGMA freelist_count")
        return int(cursor.fetchone()[0])


def test_request_compaction_leaves_it_to_a_person_without_an_hour(settings):
    settings.PURGE_HOUR = -1

    request_compaction()

    assert not DBTaskResult.objects.filter(task_path=purge.module_path).exists()


def test_try_again_waits_twice_as_long_each_time_and_ten_minutes_at_most():
    now = datetime(2026, 1, 5, 9, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        for tries in (0, 1, 2, 7, 5000):
            compaction._try_again(compact, tries, ["memory"])

    waits = [
        task.run_after - now for task in DBTaskResult.objects.order_by("run_after")
    ]
    assert [wait.total_seconds() for wait in waits] == [5, 10, 20, 600, 600]


@pytest.mark.parametrize(
    ("now", "night"),
    [((5, 2, 59), (5, 3)), ((5, 3, 0), (6, 3)), ((31, 12, 0), (32, 3))],
)
def test_get_purge_time_is_the_next_one(now, night):
    day, hour, minute = now
    expected = datetime(2026, 1, 1, night[1], tzinfo=UTC) + timedelta(days=night[0] - 1)

    assert get_purge_time(datetime(2026, 1, day, hour, minute, tzinfo=UTC)) == expected


def test_compact_forgets_what_pages_derived(client):
    derived.set("counts", "of a customer")
    client.get("/find?id=phone:%2B14155550123")
    session = client.cookies["session"].value
    assert "wanted" in SessionStore(session).load()

    compact.call()

    assert derived.get("counts") is None
    assert "wanted" not in SessionStore(session).load()


def test_purge_command_says_what_it_did(tenant, observation, capsys):
    delete(tenant, observation)

    call_command("purge")

    assert "memory: done" in capsys.readouterr().out
    assert SAID.encode() not in read_files()


@pytest.mark.skipif("vendor() == 'sqlite'", reason="a file has no owner")
def test_purge_command_needs_the_owner():
    with connections["memory"].cursor() as cursor:
        cursor.execute("CREATE ROLE reader")
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        cursor.execute("SET ROLE reader")

    try:
        with pytest.raises(CommandError, match=r"memory: .* the tables' owner"):
            call_command("purge")
    finally:
        with connections["memory"].cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP OWNED BY reader")
            cursor.execute("DROP ROLE reader")


def test_purge_command_fails_while_somebody_reads(tenant, observation):
    with somebody_reading():
        delete(tenant, observation)

        # The server's own vacuum may hold a table of the other one for a moment.
        with pytest.raises(CommandError, match=r"^(default, )?memory: in use"):
            call_command("purge")
