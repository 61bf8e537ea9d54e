"""The isolation test: nothing of one tenant is found from another, or it is told loudly."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console.audit.models import AuditEntry
from console.databases.encryption import encrypt
from console.monitoring import isolation
from console.monitoring.isolation import isolate, keep, run_isolation
from console.monitoring.models import Made, Result
from console.service.memory.models import Profile
from console.tenants.actor import Actor
from console.tenants.vault import read_token
from tests.factories import make_profile, make_store, make_tenant, move_tenant

ACTOR = Actor(None, name="worker")


@pytest.fixture
def tenants(tenant):
    return [tenant, make_tenant("globex"), make_tenant("initech")]


def run(tenants, turn=None):
    """By each tenant's slug, the state and the facts of its result."""
    since = timezone.now() - timedelta(minutes=1)
    keep(run_isolation(tenants, turn), tenants, since, ACTOR)
    found = Result.objects.filter(kind="isolation", is_latest=True)
    return {each.tenant.slug: (each.state, each.facts) for each in found}


def test_isolation_holds_and_leaves_nothing(tenants):
    found = run(tenants)

    assert {slug: state for slug, (state, _) in found.items()} == dict.fromkeys(
        ("acme", "globex", "initech"), "holds"
    )
    assert found["acme"][1]["asked"] == 4
    assert not Profile.objects.exists()
    actions = AuditEntry.objects.filter(action="isolation.tested")
    assert {(x.tenant, x.outcome) for x in actions} == {
        (each.slug, "done") for each in tenants
    }


@pytest.mark.parametrize("way", ["list", "search", "id", "lookup", "recall"])
def test_isolation_fails_for_both_whichever_way_leaks(tenants, monkeypatch, way):
    acme, globex, _ = tenants
    real = isolation.Round._list_ways

    def list_ways(self, store, markers, mine=(), looker=None):
        """What globex asks is answered of acme's store."""
        leaks = looker == globex
        theirs = isolation.open_store(acme) if leaks else store
        for (name, ask), (_, leaky) in zip(
            real(self, store, markers, mine, looker),
            real(self, theirs, markers, mine, looker),
            strict=True,
        ):
            yield name, leaky if name == way else ask

    monkeypatch.setattr(isolation.Round, "_list_ways", list_ways)

    found = run([acme])

    assert {slug: state for slug, (state, _) in found.items()} == {
        "acme": "fails",
        "globex": "fails",
    }
    assert found["acme"][1]["found"] == [way]
    assert found["acme"][1]["where"] == [str(globex.pk)]
    assert "globex" not in found["acme"][1]["words"]


def test_isolation_cannot_tell_of_a_memory_that_is_silent(tenants, settings):
    acme, globex, _ = tenants
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(globex, "http://127.0.0.1:1")

    found = run([acme])

    assert {slug: state for slug, (state, _) in found.items()} == {
        "acme": "unknown",
        "globex": "unknown",
    }


def test_isolation_tells_nothing_of_a_marker_that_its_own_tenant_misses(
    tenants, settings, monkeypatch
):
    settings.MEMORY_VISIBILITY_LAG_S = 60
    monkeypatch.setattr(isolation, "SEEN_S", 0.1)

    found = run([tenants[0]])

    assert found["acme"][0] == "unknown"
    assert "its own tenant misses" in found["acme"][1]["words"]


def test_isolation_waits_until_a_marker_is_visible(tenants, settings):
    settings.MEMORY_VISIBILITY_LAG_S = 0.2

    found = run([tenants[0]])

    assert found["acme"][0] == "holds"


def test_isolation_of_one_account_with_two_stores(tenant):
    other = make_tenant("acme-two")
    other.account_sid = tenant.account_sid
    other.store_id = make_store(tenant.account_sid, "second")
    other.encrypted_token = encrypt(read_token(tenant), context=other.token_context)
    other.save()

    found = run([tenant])

    assert found["acme"][0] == "holds"


def test_isolation_of_a_lone_tenant_proves_nothing(tenant):
    found = run([tenant])

    assert found["acme"][0] == "doubtful"


def test_isolation_lets_a_worse_result_of_the_night_stand(tenants):
    globex = tenants[1]
    isolation.record(globex, "isolation", "fails", words="found", planted=False)

    found = run([globex])

    assert found["globex"][0] == "fails"


def test_isolation_asks_by_id_in_turns(tenants, monkeypatch):
    monkeypatch.setattr(isolation, "PEERS", 1)
    acme = tenants[0]
    make_profile(acme)

    calls = [run_isolation(tenants, turn).calls for turn in (0, 1)]
    everything = run_isolation(tenants).calls

    assert calls[0] == calls[1] < everything


def test_isolate_does_nothing_twice(tenants):
    since = (timezone.now() - timedelta(minutes=1)).isoformat()
    ids = [str(each.pk) for each in tenants]

    isolate.func(ids, since)
    isolate.func(ids, since)

    assert Result.objects.filter(kind="isolation").count() == 3


def test_isolation_removes_its_markers_when_it_breaks(tenants, monkeypatch):
    monkeypatch.setattr(isolation.Round, "look_from", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        run_isolation(tenants)

    assert not Profile.objects.exists()
    assert Made.objects.count() == 3  # until it was looked for once more
