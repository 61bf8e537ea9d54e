"""A tenant's memory that hangs or fails is soon left alone, and holds few threads."""

import re
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from threading import Barrier, Event

import httpx
import pytest

from console.client import network
from console.client.account import connect
from console.client.errors import MemoryNotFound, MemoryProblem, MemorySuspended
from console.client.network import (
    FAILURES,
    IN_ALL,
    IN_FLIGHT,
    OPEN_S,
    TOGETHER,
    WAITING,
    WITHIN_S,
)
from console.core import outgoing
from tests.client.conftest import ORIGIN, PROFILE, PROFILE_BODY, STORE, Memory, refused

HUNG = httpx.ReadTimeout("hung")


@pytest.fixture
def guarded(clock):
    """A guard by the test's clock that lets nobody wait."""
    return network.Guard(now=lambda: clock.now, patience_s=0)


def open_store(answer, guarded):
    transport = httpx.MockTransport(answer)
    account = connect(
        ORIGIN, username="AC", secret="s", transport=transport, guard=guarded
    )
    return account.store(STORE)


def call(memory, guarded, times=1):
    """What `times` calls one after the other ended with: None is an answer."""
    store = open_store(memory, guarded)
    ends = []
    for _ in range(times):
        try:
            store.fetch_profile(PROFILE)
        except MemoryProblem as problem:
            ends.append(problem)
        else:
            ends.append(None)
    return ends


@pytest.mark.parametrize("broken", [HUNG, httpx.ConnectTimeout("x"), refused(500)])
def test_guard_sends_nothing_after_failures_in_a_row(guarded, broken):
    memory = Memory(broken)

    *_, suspended = call(memory, guarded, FAILURES + 1)

    assert isinstance(suspended, MemorySuspended)
    assert not suspended.maybe_done
    assert re.fullmatch(
        r"The last calls all failed; the memory is tried again in \d+ seconds\."
        r" Nothing was sent\.",
        suspended.message,
    )
    assert len(memory.requests) == FAILURES


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 429])
def test_guard_takes_a_refusal_for_an_answer(guarded, status):
    memory = Memory(refused(status, **{"Retry-After": "600"}))

    call(memory, guarded, FAILURES * 2)

    assert len(memory.requests) == FAILURES * 2
    assert guarded.retry_in_s is None


def test_guard_counts_no_full_pool_of_its_own(guarded):
    call(Memory(httpx.PoolTimeout("full")), guarded, FAILURES * 2)

    assert guarded.retry_in_s is None


def test_guard_counts_no_call_without_time_left(guarded):
    with outgoing.within(0):
        call(Memory(HUNG), guarded, FAILURES * 2)

    assert guarded.retry_in_s is None


def test_guard_forgets_failures_after_an_answer(guarded):
    memory = Memory(*[HUNG] * (FAILURES - 1), PROFILE_BODY, HUNG)

    call(memory, guarded, FAILURES * 2 - 1)

    assert guarded.retry_in_s is None


def test_guard_forgets_failures_that_are_long_ago(guarded, clock):
    for _ in range(FAILURES * 2):
        call(Memory(HUNG), guarded)
        clock.now += WITHIN_S / (FAILURES - 1) + 0.1

    assert guarded.retry_in_s is None


def test_guard_probes_once_and_closes_after_an_answer(guarded, clock):
    call(Memory(HUNG), guarded, FAILURES)
    clock.now += OPEN_S
    meanwhile = []

    def answer_after_others_have_asked(request):
        meanwhile.extend(call(Memory(PROFILE_BODY), guarded, 3))
        return httpx.Response(200, json=PROFILE_BODY)

    assert guarded.retry_in_s == 0
    assert call(answer_after_others_have_asked, guarded) == [None]
    assert [type(end) for end in meanwhile] == [MemorySuspended] * 3
    assert call(Memory(PROFILE_BODY), guarded, 3) == [None] * 3


def test_guard_opens_again_after_a_failed_probe(guarded, clock):
    call(Memory(HUNG), guarded, FAILURES)
    clock.now += OPEN_S
    memory = Memory(HUNG)

    call(memory, guarded, 3)

    assert len(memory.requests) == 1
    assert guarded.retry_in_s == OPEN_S


class Hanging:
    """Answers nobody until `release`; `arrived` is how many calls wait."""

    def __init__(self):
        self.release = Event()
        self.arrived = []

    def __call__(self, request):
        self.arrived.append(request)
        assert self.release.wait(60)
        return httpx.Response(200, json=PROFILE_BODY)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(20) as pool:
        yield pool


def start(threads, guarded, hanging):
    """Fills the tenant's places, and waits until each is taken."""
    calls = [threads.submit(call, hanging, guarded) for _ in range(IN_FLIGHT)]
    while guarded.in_flight < IN_FLIGHT:
        pass
    return calls


def test_guard_lets_a_few_calls_of_a_tenant_hang(guarded, threads):
    hanging = Hanging()
    calls = start(threads, guarded, hanging)

    ends = call(hanging, guarded, 20)

    assert {type(end) for end in ends} == {MemorySuspended}
    assert "Too many calls wait" in ends[0].message
    hanging.release.set()
    assert [each.result() for each in calls] == [[None]] * IN_FLIGHT
    assert call(Memory(PROFILE_BODY), guarded) == [None]


def test_guard_queues_a_few_calls_and_refuses_the_rest_at_once(threads):
    patient, hanging = network.Guard(patience_s=60), Hanging()
    calls = start(threads, patient, hanging)
    more = [threads.submit(call, hanging, patient) for _ in range(WAITING + 3)]

    refused, queued = wait_for(more, 3)

    assert all(isinstance(each.result()[0], MemorySuspended) for each in refused)
    hanging.release.set()
    assert [each.result() for each in [*calls, *queued]] == [[None]] * (
        IN_FLIGHT + WAITING
    )


def wait_for(futures, count):
    """Those that are done when `count` are, and the others."""
    done = set()
    while len(done) < count:
        done = {each for each in futures if each.done()}
    return done, set(futures) - done


def test_guard_lets_queued_calls_go_when_the_breaker_opens(threads):
    patient, hanging = network.Guard(patience_s=60), Hanging()
    calls = start(threads, patient, hanging)
    queued = threads.submit(call, hanging, patient)

    for _ in range(FAILURES):
        patient.record(failed=True)

    assert isinstance(queued.result()[0], MemorySuspended)
    hanging.release.set()
    wait(calls)


def test_guard_bounds_the_calls_of_all_tenants_together(threads):
    hanging = Hanging()
    tenants = [network.Guard(patience_s=0) for _ in range(3)]
    for tenant in tenants[:2]:
        start(threads, tenant, hanging)

    last = [threads.submit(call, hanging, tenants[2]) for _ in range(IN_FLIGHT)]

    refused, calls = wait_for(last, IN_FLIGHT * 3 - IN_ALL)
    assert all(isinstance(each.result()[0], MemorySuspended) for each in refused)
    assert tenants[2].in_flight <= IN_ALL - IN_FLIGHT * 2
    hanging.release.set()
    assert [each.result() for each in calls] == [[None]] * len(calls)


def test_guard_is_each_accounts_own_unless_given():
    first, second = (network.get_guard(name) for name in ("tenant 1", "tenant 2"))

    assert first is network.get_guard("tenant 1")
    assert first is not second


def test_gather_makes_calls_at_the_same_time_in_one_place(guarded):
    together, places = Barrier(TOGETHER, timeout=60), []

    def answer(request):
        together.wait()  # Broken, unless all of them are under way.
        places.append(guarded._inside)
        return httpx.Response(200, json=PROFILE_BODY)

    fetch = partial(open_store(answer, guarded).fetch_profile, PROFILE)
    found = open_store(answer, guarded).gather(*[fetch] * TOGETHER)

    assert [profile.id for profile in found] == [PROFILE] * TOGETHER
    assert places == [1] * TOGETHER
    assert guarded.in_flight == guarded._inside == 0


def test_gather_holds_its_place_for_calls_that_come_too_late(guarded):
    hanging = Hanging()

    def answer(request):
        if "Traits" in request.url.path:
            return hanging(request)
        return httpx.Response(200, json=PROFILE_BODY)

    store = open_store(answer, guarded)
    [profile, traits] = store.gather(
        partial(store.fetch_profile, PROFILE),
        beside=[partial(store.list_traits, PROFILE)],
    )
    held = guarded._inside
    hanging.release.set()
    while guarded._inside:
        pass

    assert profile.id == PROFILE
    assert traits is None
    assert held == 1
    assert guarded.in_flight == network.Guard._inside_all == 0


def test_gather_waits_for_its_turn_and_raises_what_the_first_raised(threads):
    patient, hanging = network.Guard(patience_s=0), Hanging()
    store = open_store(hanging, patient)
    fetch = partial(store.fetch_profile, PROFILE)
    full = threads.submit(store.gather, *[fetch] * TOGETHER)
    while patient.in_flight < TOGETHER:
        pass
    gathered = threads.submit(
        store.gather, fetch, partial(store.fetch_summary, PROFILE, "none")
    )

    hanging.release.set()

    assert isinstance(gathered.exception(), MemoryNotFound)
    assert len(full.result()) == TOGETHER
    assert len(hanging.arrived) == TOGETHER + 1
