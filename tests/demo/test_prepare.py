import io
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from console.accounts.models import User
from console.demo.management.commands import prepare
from console.demo.seeding import add_staff
from console.tenants.models import Tenant
from tests.migrated import copy_kept
from tests.settings import BASE_DIR


@pytest.fixture
def collected(settings, tmp_path):
    """Static files come from one folder and go into another, with hashed names."""
    source = tmp_path / "static"
    source.mkdir()
    (source / "page.css").write_text("body {}")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = [
        "django.contrib.staticfiles.finders.FileSystemFinder"
    ]
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STORAGES = {
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
        }
    }
    return tmp_path


def run(*options):
    out = io.StringIO()
    call_command("prepare", *options, stdout=out)
    return out.getvalue()


def test_prepare_says_how_to_make_the_first_operator(db, collected):
    printed = run("--port", "8123")

    assert "http://localhost:8123/" in printed
    assert "manage.py create_user EMAIL --role operator" in printed
    assert "demo" not in printed
    assert not Tenant.objects.exists()


def test_prepare_makes_the_first_operator_once(db, collected):
    first = run("--operator", "first@console.example")
    again = run("--operator", "second@console.example")

    assert re.search(r"^password \S{20,}$", first, re.MULTILINE)
    assert "first@console.example is operator of every tenant" in first
    assert "password" not in again
    assert "create_user" not in first + again
    assert [user.email for user in User.objects.all()] == ["first@console.example"]


def test_prepare_names_what_people_open_behind_a_proxy(db, collected, settings):
    settings.HTTPS, settings.URL_PREFIX = True, "/memory"
    settings.ALLOWED_HOSTS = ["console.example", "localhost"]

    assert "https://console.example/memory/" in run()


def test_prepare_prints_the_demo_sign_ins(tenant, collected, settings):
    settings.DEMO_PASSWORD = "the-one-password"
    add_staff([tenant], settings.DEMO_PASSWORD)

    printed = run("--demo")

    assert "http://localhost:8000/" in printed
    assert printed.count("@demo.example") == 6
    assert "privacy officer  officer2@demo.example" in printed
    assert printed.count("the-one-password") == 1
    assert list(Tenant.objects.all()) == [tenant]


def test_prepare_collects_changed_static_files(db, collected):
    run()
    manifest = collected / "collected/staticfiles.json"
    first = manifest.read_text()

    assert not prepare.is_static_outdated()
    (collected / "static/page.css").write_text("body { color: red }")
    os.utime(manifest, (1, 1))
    run()

    assert manifest.read_text() != first
    assert not prepare.is_static_outdated()


def test_prepare_leaves_the_static_files_of_an_image(db, collected, monkeypatch):
    run()
    manifest = collected / "collected/staticfiles.json"
    os.utime(manifest, (1, 1))
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    run()

    assert manifest.stat().st_mtime == 1


def test_prepare_creates_the_cache_table_once(db, collected, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache",
        }
    }

    run()
    run()

    assert "cache" in connections["default"].introspection.table_names()


@pytest.mark.django_db(transaction=True)
def test_prepare_migrates_a_database(collected):
    call_command("migrate", "sessions", "zero", verbosity=0)

    prepare.migrate_database("default")

    assert "django_session" in connections["default"].introspection.table_names()


def test_prepare_refuses_a_schema_from_the_future(db, collected):
    MigrationRecorder(connections["default"]).record_applied("audit", "9000_unknown")

    with pytest.raises(
        CommandError, match=r"default: .* newer .*\(audit.9000_unknown\)"
    ):
        run()


def test_prepare_twice_at_once_migrates_once(tmp_path):
    """Two containers that start together, on files of which a table is missing still."""
    for alias, name in (("default", "console"), ("memory", "memory")):
        copy_kept(alias, tmp_path / f"{name}.sqlite3")
    with closing(sqlite3.connect(tmp_path / "console.sqlite3")) as console, console:
        console.execute("DROP TABLE IF EXISTS django_session")
        console.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{tmp_path}/memory.sqlite3",
    }

    both = [
        subprocess.Popen(
            [sys.executable, "manage.py", "prepare"],
            cwd=BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]

    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert all("http://localhost:8000/" in text for text in printed)


def test_prepare_waits_for_the_lock(db):
    """On PostgreSQL a lock of the session, on SQLite one of the folder."""
    with prepare.lock_preparation():
        waiting = Thread(target=take_lock, daemon=True)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()

    waiting.join()


def take_lock():
    with closing(connections["default"]), prepare.lock_preparation():
        pass
