"""Many at once: each thread with connections of its own, on real databases."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from console.service.memory.models import (
    Identifier,
    IndexEntry,
    Observation,
    Profile,
    Store,
    Trait,
)
from tests.service.conftest import CONTROL, an_observation

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, call) -> list:
    """What `count` calls answer that start in one moment."""
    barrier = Barrier(count)

    def run(number: int):
        barrier.wait()
        try:
            return call(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def test_create_profile_by_twenty_at_once_makes_one_profile(api, store):
    path = f"/v1/Stores/{store}/Profiles"
    traits = {"Contact": {"email": "a@b.com", "phone": "5558675310"}}

    answers = at_once(20, lambda _: api("POST", path, {"traits": traits}))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Profile.objects.count() == 1
    assert Identifier.objects.count() == Trait.objects.count() == 2


def test_create_store_by_forty_at_fourteen_of_fifteen_makes_one(api, make_store):
    for number in range(14):
        make_store(f"client-{number}")

    answers = at_once(
        40, lambda number: api("POST", CONTROL, {"displayName": f"racer-{number}"})
    )

    codes = sorted(answer.status_code for answer in answers)
    assert codes == [202] + [400] * 39
    assert Store.objects.count() == 15


def test_patch_observation_at_once_keeps_every_revision(api, profile, observe):
    [seen] = observe("0")
    one = f"{profile}/Observations/{seen['id']}"

    at_once(10, lambda number: api("PATCH", one, {"content": f"version {number}"}))

    states = api.get(f"{one}/Revisions").json()["revisions"]
    assert len(states) == 11
    assert states[0] == api.get(one).json()


def test_merge_by_forty_who_know_two_halves_of_a_person_ends_with_one_profile(
    api, store
):
    """A third knows the email, a third the phone, a third that both are one."""
    path = f"/v1/Stores/{store}/Profiles"
    email, phone = {"email": "a@b.com"}, {"phone": "+15558675310"}

    def write(number: int) -> set[int]:
        contact = (email, phone, email | phone)[number % 3]
        made = api("POST", path, {"traits": {"Contact": contact}})
        body = {"observations": [an_observation(f"fact {number}")]}
        target = f"{path}/{made.json()['id']}/Observations"
        answer = api("POST", target, body)
        while answer.status_code == 308:
            answer = api("POST", answer.headers["Location"], body)
        return {made.status_code, answer.status_code}

    answers = at_once(40, write)

    assert answers == [{202}] * 40
    [profile] = Profile.objects.all()
    observations = Observation.objects.filter(profile_id=profile.id)
    assert {o.content for o in observations} == {
        f"fact {number}" for number in range(40)
    }
    assert Identifier.objects.count() == 2
    assert IndexEntry.objects.filter(profile_id=profile.id).count() == 40
