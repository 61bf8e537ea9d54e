"""An audit entry before a change of somebody's memory, and one after."""

import pytest

from console.audit.log import log_change
from console.audit.models import AuditEntry
from console.client.errors import MemoryRefused, MemoryUnreachable
from console.tenants.actor import Actor
from console.tenants.models import Role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor(agent, tenant):
    return Actor(agent, tenant, Role.AGENT)


def correct(actor):
    return log_change(
        actor,
        "trait.corrected",
        object_type="trait",
        object_id="A.b",
        reason="why",
        profile="p1",
    )


def outcomes():
    entries = AuditEntry.objects.filter(action="trait.corrected").order_by("seq")
    return [(entry.outcome, entry.details) for entry in entries]


def test_log_change_logs_the_intent_first(actor):
    with correct(actor) as closing:
        assert [outcome for outcome, _ in outcomes()] == ["allowed"]
        closing["count"] = 2

    (allowed, first), (done, last) = outcomes()
    intent = AuditEntry.objects.get(outcome="allowed", action="trait.corrected")
    assert (allowed, first) == ("allowed", {"profile": "p1"})
    assert (done, last) == ("done", {"profile": "p1", "count": 2, "intent": intent.seq})
    assert intent.reason.text == "why"


@pytest.mark.parametrize(
    ("problem", "outcome"),
    [
        (MemoryUnreachable("no answer", maybe_done=True), "unknown"),
        (MemoryUnreachable("no way there"), "failed"),
        (MemoryRefused("no", code=20001, http_status=400), "failed"),
    ],
)
def test_log_change_logs_what_the_memory_did_not_do(actor, problem, outcome):
    with pytest.raises(type(problem)), correct(actor):
        raise problem

    assert [each for each, _ in outcomes()] == ["allowed", outcome]
