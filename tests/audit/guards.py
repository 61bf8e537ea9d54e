"""The one way past the triggers on the audit log, for tests alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from django.db import connection
from django.test import TransactionTestCase

append_only = import_module("console.audit.migrations.0002_append_only")


@contextmanager
def guards_down() -> Iterator[None]:
    """As somebody who owns the database file could do it."""
    with connection.schema_editor() as editor:
        append_only.take_down(None, editor)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            append_only.put_up(None, editor)


def let_tests_flush() -> None:
    """Have Django empty the tables after a transactional test with the guards down."""
    flush = TransactionTestCase._fixture_teardown

    def flush_with_guards_down(self: TransactionTestCase) -> None:
        with guards_down():
            flush(self)

    TransactionTestCase._fixture_teardown = flush_with_guards_down
