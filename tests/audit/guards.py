"""The one way past the triggers on the audit log, for tests alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test import TransactionTestCase

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
    """Have Django empty the tables after a transactional test with the guards down."""
    flush = TransactionTestCase._fixture_teardown

    def flush_with_guards_down(self: TransactionTestCase) -> None:
        with guards_down():
            flush(self)

    TransactionTestCase._fixture_teardown = flush_with_guards_down
