"""An audit entry before a change of somebody's memory, and one after."""

from contextlib import ExitStack

import pytest
from django.db import OperationalError, connection

from console.audit.log import OutcomeUnrecorded, log_change
from console.audit.models import AuditEntry
from console.client.errors import MemoryRefused, MemoryUnreachable
from console.databases.disk import DiskFull
from console.tenants.actor import Actor
from console.tenants.models import Role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor(agent, tenant):
    return Actor(agent, tenant, Role.AGENT)


def correct(actor):
    return log_change(
        actor, "trait.corrected", "trait", "A.b", reason="why", about=["p1"]
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
    assert (allowed, first) == ("allowed", {})
    assert (done, last) == ("done", {"count": 2, "intent": intent.seq})
    assert intent.reason.text == "why"


@pytest.mark.parametrize(
    ("problem", "outcome"),
    [
        (MemoryUnreachable("no answer", maybe_done=True), "unknown"),
        (MemoryUnreachable("no way there"), "failed"),
        (MemoryRefused("no", code=20001, http_status=400), "failed"),
        (ZeroDivisionError("a fault of ours"), "unknown"),
    ],
)
def test_log_change_logs_what_the_memory_did_not_do(actor, problem, outcome):
    with pytest.raises(type(problem)), correct(actor):
        raise problem

    assert [each for each, _ in outcomes()] == ["allowed", outcome]


def test_log_change_is_refused_on_a_full_disk(actor, full_disk):
    with pytest.raises(DiskFull), correct(actor):
        pytest.fail("the memory was called")

    assert outcomes() == []


def test_log_change_closes_what_was_begun_before_the_disk_was_full(actor, request):
    with correct(actor):
        request.getfixturevalue("full_disk")

    assert [outcome for outcome, _ in outcomes()] == ["allowed", "done"]


def test_log_change_says_when_the_outcome_could_not_be_recorded(actor):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("gone")

    with ExitStack() as gone, pytest.raises(OutcomeUnrecorded) as no, correct(actor):
        gone.enter_context(connection.execute_wrapper(refuse))

    assert no.value.status == 503
    assert "Check before you try again" in no.value.message
    assert [outcome for outcome, _ in outcomes()] == ["allowed"]
