import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from console.databases.schema import read_schema_state

pytestmark = pytest.mark.django_db


def record(app, name):
    MigrationRecorder(connections["memory"]).record_applied(app, name)


def test_read_schema_state_fits_after_migrating():
    state = read_schema_state("memory")

    assert (state.newer, state.waiting, str(state)) == ([], 0, "")


def test_read_schema_state_names_what_comes_after_our_newest():
    record("service", "9000_from_the_future")

    assert read_schema_state("memory").newer == ["service.9000_from_the_future"]


@pytest.mark.parametrize("known", [("service", "0001_squashed"), ("gone", "0007_new")])
def test_read_schema_state_passes_over_what_was_removed_since(known):
    record(*known)

    assert read_schema_state("memory").newer == []


def test_check_and_migrate_refuse_a_schema_from_the_future():
    record("service", "9000_from_the_future")

    for command, options in (
        ("check", {"databases": ["memory"]}),
        ("migrate", {"database": "memory", "skip_checks": False}),
    ):
        with pytest.raises(SystemCheckError, match="newer than this version"):
            call_command(command, **options)
