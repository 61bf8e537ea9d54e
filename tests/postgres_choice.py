"""Which tests PostgreSQL need not see again: those whose every statement others send.

`make test-postgres ARGS=--choose` runs all of CAN_DIFFER with this as a plugin, then
writes the names to postgres_covered.txt. A test that is not named there runs.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections

from tests.postgres import COVERED

# What several do at a time, the server with its files and triggers, constraints, order:
# another statement of the same words says nothing of it.
OWN = re.compile(
    "^tests/(audit|backups|databases|residue|upgrade|jobs)/|/models/|paging|concurrency"
    "|reveals|vault|_once|_twice|_two_|at_a_time|same_moment"
)
# How many rows a statement has, and what Django and the memory name by a number.
VARIES = re.compile(r"(?:\(?%s\)?, )*\(?%s\)?|\bs\d+_x\d+|(?:LIMIT|OFFSET) \d+")

sent: dict[str, set[str]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    statements = sent[item.nodeid] = set()

    def record(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.add(VARIES.sub("?", sql))
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(record))
        yield


def pytest_sessionfinish(exitstatus: int) -> None:
    if exitstatus == 0:
        names = sorted({*shorten(choose())})
        COVERED.write_text("".join(f"{name}\n" for name in names))


def choose() -> set[str]:
    """The tests that go; of the others the one with most that is new is taken next."""
    left = {name for name in sent if not OWN.search(name)}
    known = set[str]().union(*(sent[name] for name in sent.keys() - left))
    while left:
        best = max(sorted(left), key=lambda name: len(sent[name] - known))
        if sent[best] <= known:
            break
        known |= sent[best]
        left.remove(best)
    return left


def shorten(left: set[str]) -> Iterator[str]:
    """The shortest beginnings that name all of these and no other."""
    kept = sorted(sent.keys() - left)
    for name in left:
        for begin in (name.split("::")[0] + "::", name.split("[")[0], name):
            if not any(other.startswith(begin) for other in kept):
                yield begin
                break
