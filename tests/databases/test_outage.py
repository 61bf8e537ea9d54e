"""Which errors of a database are a 503, and with which words."""

import sqlite3

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.db.transaction import TransactionManagementError

from console.databases.disk import (
    DatabaseAway,
    DatabaseBusy,
    DiskFull,
    find_outage,
)


def of_sqlite(code: int) -> Exception:
    cause = sqlite3.OperationalError("said by SQLite")
    cause.sqlite_errorcode = code
    return wrap(cause, OperationalError)


def of_postgres(code: str) -> Exception:
    cause = psycopg.errors.lookup(code)("said by PostgreSQL")
    return wrap(cause, OperationalError)


def wrap(cause: Exception, kind: type[Exception]) -> Exception:
    error = kind(*cause.args)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (of_sqlite(13), DiskFull),
        (of_sqlite(5), DatabaseBusy),
        (of_sqlite(261), DatabaseBusy),  # busy, in recovery
        (of_sqlite(14), DatabaseAway),  # cannot be opened
        (of_sqlite(778), DatabaseAway),  # I/O error while writing
        (of_postgres("53100"), DiskFull),
        (of_postgres("53300"), DatabaseBusy),  # too many connections
        (of_postgres("55P03"), DatabaseBusy),  # lock not available
        (of_postgres("57P01"), DatabaseAway),  # the server shuts down
        (wrap(psycopg.OperationalError("refused"), OperationalError), DatabaseAway),
        (wrap(psycopg.InterfaceError("closed"), InterfaceError), DatabaseAway),
    ],
)
def test_find_outage_names_what_the_database_lacks(error, outage):
    found = find_outage(error)

    assert type(found) is outage
    assert found.status == 503
    assert "said by" not in found.message


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite(1),  # no such table
        of_sqlite(21),  # misuse
        wrap(psycopg.errors.UndefinedTable("no"), ProgrammingError),
        ValueError(),
        None,
    ],
)
def test_find_outage_leaves_our_own_mistakes_alone(error):
    assert find_outage(error) is None


def test_find_outage_looks_behind_what_followed():
    error = TransactionManagementError("the transaction is broken")
    error.__cause__ = of_sqlite(13)

    assert isinstance(find_outage(error), DiskFull)
