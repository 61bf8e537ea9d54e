"""Whatever is asked, the service keeps to its own description."""

import hypothesis
import pytest
from django.db import transaction

from tests.fuzz.run import CASES, SEED, run, schema_of
from tests.fuzz.server import Door, serve
from tests.fuzz.world import furnish, make_api

BASES, BASE = "/v2/ControlPlane/KnowledgeBases", "/v2/KnowledgeBases/{}"
KNOWLEDGE = {
    f"GET {BASES}",
    f"POST {BASES}",
    f"GET {BASES}/{{}}",
    f"PATCH {BASES}/{{}}",
    f"DELETE {BASES}/{{}}",
    "GET /v2/ControlPlane/Operations/{}",
    f"GET {BASE}/Knowledge",
    f"POST {BASE}/Knowledge",
    f"GET {BASE}/Knowledge/{{}}",
    f"PATCH {BASE}/Knowledge/{{}}",
    f"DELETE {BASE}/Knowledge/{{}}",
    f"GET {BASE}/Knowledge/{{}}/Chunks",
    f"POST {BASE}/Search",
}
SEQUENCES = max(12, CASES // 10)
# So many to a run of hypothesis, which keeps each answer until its end: 1 MB a sequence.
TOGETHER = 100


@pytest.fixture
def api(db):
    return make_api()


def told(door: Door) -> str:
    """What pytest shows with `-rP`."""
    return f"{door.statuses.total()} requests: {dict(sorted(door.statuses.items()))}"


def test_every_answer_is_as_described(api):
    known, door = furnish(api), Door(forgetful=True)

    with serve(door) as base:
        found = run(schema_of(api, base, known))

    print(told(door))
    assert not found, "\n\n".join(found)
    assert door.statuses["202"] > 100, told(door)
    assert door.reached >= KNOWLEDGE


def test_what_is_made_is_there_and_what_is_deleted_is_gone(api):
    known, door = furnish(api), Door(forgetful=False)

    with serve(door) as base:
        machine = schema_of(api, base, known, stateful=True).as_state_machine()

        class Sequence(machine):
            """Each starts in the world as it was, or it could not be repeated."""

            def setup(self) -> None:
                self.before = transaction.savepoint(using="memory")

            def teardown(self) -> None:
                transaction.savepoint_rollback(self.before, using="memory")
                super().teardown()

        for number in range(0, SEQUENCES, TOGETHER):
            some = hypothesis.settings(
                max_examples=min(TOGETHER, SEQUENCES - number),
                stateful_step_count=8,
                deadline=None,
                database=None,
                suppress_health_check=list(hypothesis.HealthCheck),
            )
            hypothesis.seed(SEED + number)(Sequence).run(settings=some)

    print(told(door))
    assert door.statuses["201"] > 3, told(door)
