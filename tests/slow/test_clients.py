"""Slow clients beside good ones, in their short form; the long one is `make slow`."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.processes import serving
from tests.slow.clients import KINDS, try_kind

SLOW, GOOD = 60, 4


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slow")
    databases = {
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{folder}/memory.sqlite3",
    }
    with serving("tests.slow.wsgi", prepares=True, HTTPS="0", **databases) as (
        port,
        _process,
    ):
        yield port


@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_keep_no_good_one_waiting(port, kind):
    trial = try_kind(port, kind, slow=SLOW, good=GOOD, seconds=1)

    # In a thread of its own: a browser's test leaves a loop in this one.
    with ThreadPoolExecutor() as pool:
        outcome = pool.submit(asyncio.run, trial).result()

    assert outcome.sent == GOOD * 4
    assert len(outcome.times_s) == outcome.sent
