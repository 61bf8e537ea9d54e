"""A cache that cannot be written says so."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from console.databases.disk import Cache, DatabaseAway


@pytest.fixture
def cache(db, settings) -> Cache:
    settings.CACHES = {
        "default": {"BACKEND": "console.databases.disk.Cache", "LOCATION": "cache"}
    }
    call_command("createcachetable", verbosity=0)
    return Cache("cache", {})


def refuse(execute, sql, params, many, context):
    if sql.startswith(("INSERT", "UPDATE")):
        raise DatabaseError("cannot be written")
    return execute(sql, params, many, context)


def test_cache_adds_what_is_not_there(cache):
    assert [cache.add("tries", 1), cache.add("tries", 2)] == [True, False]
    assert cache.get("tries") == 1


@pytest.mark.parametrize("act", ["add", "set"])
def test_cache_does_not_forget_in_silence(cache, act):
    with connection.execute_wrapper(refuse), pytest.raises(DatabaseAway):
        getattr(cache, act)("tries", 1)


def test_cache_touches_nothing_that_is_not_there(cache):
    assert cache.touch("tries") is False
