"""A ballast stands beside each SQLite file, and goes when the disk fills."""

import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from console.databases import disk

MB = 2**20
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def files(tmp_path, settings, monkeypatch):
    """Two databases on a disk of which a test says how much is free."""
    settings.DISK_BALLAST_MB = 2
    paths = [tmp_path / "console.sqlite3", tmp_path / "memory.sqlite3"]
    monkeypatch.setattr(disk, "_list_files", lambda: paths)
    return tmp_path


@pytest.fixture
def leave(monkeypatch):
    def set_free(free: float) -> None:
        usage = Usage(0, 0, int(free * MB))
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)

    return set_free


def list_ballasts(folder) -> list[tuple[str, int]]:
    return sorted((path.name, path.stat().st_size) for path in folder.iterdir())


BOTH = [("console.sqlite3-ballast", 2 * MB), ("memory.sqlite3-ballast", 2 * MB)]


def test_is_full_puts_a_ballast_beside_each_file(files, leave):
    leave(100)

    assert not disk.is_full()
    assert list_ballasts(files) == BOTH


@pytest.mark.parametrize(("free", "full"), [(1.0, False), (0.99, True)])
def test_is_full_drops_the_ballast_at_half_of_its_size(files, leave, free, full):
    leave(100)
    disk.is_full()
    leave(free)

    assert disk.is_full() is full
    assert list_ballasts(files) == ([] if full else BOTH)


def test_is_full_puts_it_back_only_well_above_what_dropping_sets_free(files, leave):
    leave(0.5 + 2 * 2)
    after_dropping = disk.is_full()
    leave(6)

    assert after_dropping
    assert not disk.is_full()
    assert list_ballasts(files) == BOTH


def test_is_full_stays_so_where_the_ballast_cannot_be_written(files, leave):
    leave(100)
    (files / "memory.sqlite3-ballast").symlink_to(files / "gone" / "ballast")

    assert disk.is_full()
    assert list(files.iterdir()) == []


def test_is_full_is_written_once_by_threads_that_look_together(files, leave):
    leave(100)

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(lambda _: disk.is_full(), range(16)))

    assert answers == {False}
    assert list_ballasts(files) == BOTH


def test_is_full_is_false_without_a_ballast(settings):
    settings.DISK_BALLAST_MB = 0

    assert not disk.is_full()


def test_get_companion_is_beside_the_database_where_that_is_a_file():
    path = disk.get_companion("ended-sessions")

    connection = connections["default"]
    if connection.vendor == "sqlite":
        assert str(path) == f"{connection.settings_dict['NAME']}-ended-sessions"
    else:
        assert path.name == "memory-console-ended-sessions"
