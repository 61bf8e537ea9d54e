"""The one way past the triggers on the audit log, for tests alone."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache

from django.db import connection, connections
from django.db.transaction import atomic
from django.test import TransactionTestCase

from console.audit.models import AuditEntry
from console.audit.verification import append_only


@contextmanager
def guards_down() -> Iterator[None]:
    """As somebody who owns the database could do it; in a transaction too."""
    run(append_only.DOWN[connection.vendor])
    try:
        yield
    finally:
        run(append_only.UP[connection.vendor])


def run(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def let_tests_flush() -> None:
    """Have tables emptied after a transactional test with the guards down, by DELETE:
    Django's flush makes every permission anew and locks each table of PostgreSQL, which
    takes longer than most tests."""
    TransactionTestCase._fixture_teardown = empty_tables


def empty_tables(self: TransactionTestCase) -> None:
    for alias in self._databases_names(include_mirrors=False):
        has_guards = alias == "default" and AuditEntry.objects.exists()
        guards = guards_down() if has_guards else nullcontext()
        with guards, atomic(using=alias), connections[alias].cursor() as cursor:
            for table in list_tables(alias):
                cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608


@cache
def list_tables(alias: str) -> list[str]:
    """But for what migrations have filled."""
    names = connections[alias].introspection.django_table_names(only_existing=True)
    return sorted({*names} - {"auth_permission", "django_content_type"})
