"""The canary: what it does in a memory, what it says of one that does not work, and that
it leaves nothing behind."""

import pytest
from django.utils import timezone

from console.audit.models import AuditEntry
from console.contract.memory import profile as wire
from console.monitoring import canary
from console.monitoring.canary import STALE, STEPS, CanaryBusy, advance, start
from console.monitoring.models import Made, Watch
from console.monitoring.synthetic import clean
from console.profiles.candidates import fetch_candidates, is_synthetic
from console.service.conversations.learning import learn
from console.service.conversations.models import Conversation
from console.service.memory.models import Profile
from console.tenants.actor import Actor
from console.tenants.vault import open_store
from tests.factories import make_profile, move_tenant
from tests.monitoring.world import World
from tests.pages.odd_memory import OddMemory, serving

ALL_WELL = dict.fromkeys(STEPS, "ok")


@pytest.fixture
def actor(tenant):
    return Actor(None, tenant, name="worker")


def run(tenant, actor):
    """The whole of one, with the worker's learning in between: its result."""
    finish(start(tenant, actor), actor)
    return tenant.results.get(is_latest=True)


def finish(watch, actor):
    while not advance(watch, actor):
        learn.func()


def states(result):
    return {name: each["state"] for name, each in result.facts["steps"].items()}


def is_left():
    return Profile.objects.exists() or Conversation.objects.exists()


def test_canary_sees_a_memory_at_work_and_leaves_nothing(tenant, actor):
    result = run(tenant, actor)

    assert (result.state, states(result)) == ("holds", ALL_WELL)
    assert not is_left()
    assert not Made.objects.exists()
    entries = AuditEntry.objects.filter(action="canary.run").order_by("seq")
    assert [each.outcome for each in entries] == ["allowed", "done"]


def test_canary_waits_for_what_is_not_visible_yet(tenant, actor, settings):
    settings.MEMORY_VISIBILITY_LAG_S = 0.2

    result = run(tenant, actor)

    assert (result.state, states(result)) == ("holds", ALL_WELL)
    assert result.facts["steps"]["listed"]["ms"] >= 200
    assert result.facts["steps"]["gone"]["ms"] >= 200


def test_canary_begins_conversations_as_the_tenant_does(tenant, actor):
    World(tenant).configure(memoryExtractionEnabled=False)

    result = run(tenant, actor)

    learned = result.facts["steps"]["learned"]
    assert (result.state, learned["state"]) == ("holds", "skipped")
    assert "extraction is off" in learned["words"]


def test_canary_leaves_customers_alone(tenant, actor):
    mine = make_profile(tenant, email="ada@example.com")

    run(tenant, actor)

    assert [each.id for each in Profile.objects.all()] == [mine]


def test_canary_is_known_for_synthetic(tenant, actor):
    watch = start(tenant, actor)
    advance(watch, actor)

    profile = open_store(tenant).fetch_profile(Made.objects.get().profile)
    [listed] = fetch_candidates(open_store(tenant), tenant, [profile.id])

    assert listed.is_synthetic
    assert not is_synthetic(
        wire.Profile(traits={"Contact": {"email": "ada@example.com"}})
    )


def test_canary_goes_on_where_a_killed_one_was(tenant, actor, monkeypatch):
    class Killed(BaseException):
        """As by a signal."""

    def die(self):
        raise Killed

    for name in STEPS:
        watch = start(tenant, actor)
        with monkeypatch.context() as patched:
            patched.setattr(canary.Canary, f"do_{name}", die)
            with pytest.raises(Killed):
                finish(watch, actor)
        # As the worker finds it when it runs the task again.
        finish(Watch.objects.get(), actor)
        assert states(tenant.results.get(is_latest=True)) == ALL_WELL, name

    assert not is_left()


def test_canary_clears_away_what_a_dead_one_left(tenant, actor):
    watch = start(tenant, actor)
    advance(watch, actor)
    Watch.objects.update(beat_at=timezone.now() - STALE)

    result = run(tenant, actor)

    dead = tenant.results.get(is_latest=False)
    assert (dead.state, result.state) == ("unknown", "holds")
    assert "broke off" in dead.facts["words"]
    assert not is_left()


def test_canary_finds_a_profile_whose_id_was_not_noted(tenant, actor):
    watch = start(tenant, actor)
    advance(watch, actor)
    Made.objects.update(profile="", conversation="")
    Watch.objects.update(beat_at=timezone.now() - STALE)

    run(tenant, actor)

    assert not is_left()


def test_canary_is_one_at_a_time(tenant, actor):
    start(tenant, actor)

    with pytest.raises(CanaryBusy):
        start(tenant, actor)


def test_canary_cannot_tell_of_a_memory_that_is_silent(tenant, actor, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:1")

    result = run(tenant, actor)

    assert result.state == "unknown"
    assert states(result)["recalled"] == "skipped"
    assert STEPS["profile"] in result.facts["words"]


def test_canary_names_what_a_memory_does_not_do(tenant, actor, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    with serving(OddMemory(failing={"TraitGroups": 400})) as memory:
        move_tenant(tenant, memory.address)
        result = run(tenant, actor)

    assert (result.state, states(result)["profile"]) == ("fails", "fail")


def test_canary_gives_up_on_what_is_never_seen(tenant, actor, settings, monkeypatch):
    settings.MEMORY_VISIBILITY_LAG_S = 60
    monkeypatch.setattr(canary, "LONGEST_S", 0.1)

    result = run(tenant, actor)

    assert (result.state, states(result)["profile"]) == ("fails", "fail")
    assert "Not within" in result.facts["words"]
    assert Made.objects.exists()


def test_canary_removes_later_what_it_could_not(tenant, actor, settings, monkeypatch):
    settings.MEMORY_VISIBILITY_LAG_S = 60
    monkeypatch.setattr(canary, "LONGEST_S", 0.1)
    run(tenant, actor)
    settings.MEMORY_VISIBILITY_LAG_S = 0

    for _ in range(2):  # it removes, and looks whether that is so
        Made.objects.update(free_at=timezone.now())
        clean()

    assert not is_left()
    assert not Made.objects.exists()
