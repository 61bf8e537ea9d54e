"""Whatever is asked, the service keeps to its own description."""

import pytest

from tests.fuzz.run import CASES, run
from tests.fuzz.server import Door, serve
from tests.fuzz.world import furnish, make_api

OFF = {"enabled": False}
# Sequences, in which each call goes on with what the one before has made.
SEQUENCES = {"enabled": True, "generation": {"max-examples": max(1, CASES // 10)}}


@pytest.fixture
def told(db, request):
    """Of a door, after the test: how often it answered what; shown with `-rP`."""
    door = Door(forgetful=request.param)
    yield door
    print(f"{door.statuses.total()} requests: {dict(sorted(door.statuses.items()))}")


@pytest.mark.parametrize("told", [True], indirect=True)
def test_every_answer_is_as_described(told):
    api = make_api()
    known = furnish(api)

    with serve(told) as base:
        found = run(api, base, known, stateful=OFF)

    assert not found, "\n\n".join(found)
    assert told.statuses["202"] > 100


@pytest.mark.parametrize("told", [False], indirect=True)
def test_what_is_made_is_there_and_what_is_deleted_is_gone(told):
    api = make_api()
    known = furnish(api)

    with serve(told) as base:
        found = run(
            api,
            base,
            known,
            examples=OFF,
            coverage=OFF,
            fuzzing=OFF,
            stateful=SEQUENCES,
        )

    assert not found, "\n\n".join(found)
