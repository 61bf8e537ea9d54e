"""How full a memory is, and what becomes of its conversations."""

import pytest

from console.client.errors import MemoryProblem
from console.monitoring.usage import measure
from console.service.conversations.models import Conversation, Diagnostic
from tests.factories import (
    make_knowledge,
    make_observation,
    make_profile,
    make_store,
    move_tenant,
)
from tests.monitoring.world import SAID, World


def test_measure_counts_what_is_there(tenant):
    world = World(tenant)
    make_observation(tenant, make_profile(tenant))
    make_knowledge(tenant, "Parcels come back within 30 days.")
    id_ = world.configure()
    world.talk(id_, *SAID)
    world.talk(id_, "Hi")

    result = measure(tenant)

    facts = result.facts
    assert result.state == "holds"
    assert facts["room"]["stores"] == (1, 15)
    assert facts["room"]["groups"] == (1, 50)
    assert facts["room"]["observations"][0] >= 1
    assert (facts["ended"], facts["learned"], facts["error"]) == (2, 1, {})
    assert facts["knowledge"] == {"bases": 1, "sources": 1, "failed": 0}
    assert facts["entry"] > 0


def test_measure_names_the_newest_diagnostic_without_its_words(tenant):
    world = World(tenant)
    talk = world.talk(world.configure(), *SAID)
    at = Conversation.objects.get(id=talk).created_at
    about = {"store_id": tenant.store_id, "conversation_id": talk, "at": at}
    told = "+14155550122 was not found"
    Diagnostic.objects.create(id="d" * 8, code=530003, reason=told, **about)

    facts = measure(tenant).facts

    assert (facts["error"]["code"], facts["error"]["talk"]) == ("530003", talk)
    assert "+1415" not in str(facts)


def test_measure_doubts_an_account_that_is_nearly_full(tenant):
    for number in range(11):
        make_store(tenant.account_sid, f"more-{number}")

    result = measure(tenant)

    assert (result.state, result.facts["room"]["stores"]) == ("doubtful", (12, 15))


def test_measure_does_not_take_silence_for_empty(tenant, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:9")

    with pytest.raises(MemoryProblem):
        measure(tenant)
