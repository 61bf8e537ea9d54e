"""Profiles kept for the next recall answer as if they were read anew."""

import os
from typing import Any

import pytest

from console.engine.ranking import WORDS, PreparedProfile
from console.engine.texts import Texts
from console.service.memory import recall
from console.service.memory.embedding_jobs import get_model_id, make_vectors
from console.service.memory.items import rebuild_index
from console.service.memory.models import IndexEntry, Profile, Store
from console.service.memory.prepared import KEPT_S, PreparedProfiles
from console.service.memory.queries import read_entries, read_entry_columns
from tests.engine.memory import row
from tests.service.conftest import CONVERSATION
from tests.service.memory.test_index import Life
from tests.service.memory.test_queries import assert_alike

QUESTIONS = int(os.environ.get("RECALL_QUESTIONS", "40"))
STORE, PROFILE = "mem_store_1", "mem_profile_1"
KEY = (STORE, PROFILE, False)
VERSION = (1, "")


class Asked(Life):
    """That life, asked by two processes of which each keeps what it has read."""

    def __init__(self, *args: Any, keep: Any) -> None:
        super().__init__(*args)
        self._keep, self._nothing = keep, PreparedProfiles(most_bytes=0)
        self._processes = [PreparedProfiles(), PreparedProfiles()]
        self.found = 0

    def live_on(self, step: int) -> None:
        self.write()
        if step % 8 == 7:
            make_vectors.func()
        # Two that were parted are not merged again: one of them has gone by then.
        if step % 40 in (25, 35):
            self.replace_a_profile(step)
        if step % 40 == 19:
            self.merge_and_part(step)

    def merge_and_part(self, step: int) -> None:
        before = set(self.profiles)
        for profile in before:
            self.ask(profile)
        self.merge_two(step)
        [merged] = before - set(self.profiles)
        self.ask(self.profiles[0])
        self.ask(self.profiles[1])
        path = merged.replace("/Profiles/", "/Merges/")
        assert self.api("POST", f"{path}/Unmerge").status_code < 300
        self.profiles[-1] = merged

    def ask(self, profile: str) -> None:
        body = {"masked": self.dice.random() < 0.2}
        if self.dice.random() < 0.8:
            body["query"] = self.text()
        else:
            body["conversationId"] = CONVERSATION
        if self.dice.random() < 0.2:
            body["endDate"] = "2026-01-15T00:00:00Z"
        anew = self._ask(profile, body, self._nothing)
        for kept in self._processes:
            assert self._ask(profile, body, kept) == anew
        self.found += len(anew[0])
        known = Profile.objects.get(id=profile.rsplit("/", 1)[1])
        assert_alike(read_entry_columns(known, get_model_id()), read_entries(known))

    def _ask(self, profile: str, body: Any, kept: PreparedProfiles) -> Any:
        self._keep(recall, "PREPARED", kept)
        answer = self.api("POST", f"{profile}/Recall", body).json()
        return answer["observations"], answer["summaries"]


def test_recall_of_a_kept_profile_is_that_of_one_read_anew(
    api, make_profile, monkeypatch
):
    life = Asked(api, make_profile, keep=monkeypatch.setattr)

    for step in range(QUESTIONS):
        life.live_on(step)
        life.ask(life.dice.choice(life.profiles))

    assert life.found > QUESTIONS


def test_recall_sees_an_index_that_was_made_anew(api, profile, observe, store):
    observe("likes tea", "has a dog")
    body = {"query": "tea"}
    before = api("POST", f"{profile}/Recall", body).json()["observations"]

    IndexEntry.objects.filter(store_id=store).update(terms=b"")
    without = api("POST", f"{profile}/Recall", body).json()["observations"]
    list(rebuild_index(Store.objects.get(pk=store)))
    again = api("POST", f"{profile}/Recall", body).json()["observations"]

    assert before == again != without


def test_recall_of_a_deleted_profile_leaves_nothing_of_it(api, profile, observe):
    observe("likes tea")
    api("POST", f"{profile}/Recall", {"query": "tea"})
    taken = recall.PREPARED.nbytes

    api("DELETE", profile)
    gone = api("POST", f"{profile}/Recall", {"query": "tea"})

    assert gone.status_code == 404
    assert recall.PREPARED.nbytes < taken


def a_profile(texts: int = 1) -> PreparedProfile:
    rows = [row(f"{number:03}", "likes tea") for number in range(texts)]
    return PreparedProfile(Texts.of(rows, ""), Texts.of([], ""), WORDS)


@pytest.mark.parametrize("version", [(2, ""), (1, "use-3")])
def test_a_kept_profile_is_of_one_version_and_model(version):
    kept = PreparedProfiles()
    kept.put(KEY, VERSION, profile := a_profile())

    assert kept.get(KEY, VERSION) is profile
    assert kept.get(KEY, version) is None
    assert kept.nbytes == 0


def test_kept_profiles_take_no_more_than_their_bytes():
    size = a_profile(10).nbytes
    kept = PreparedProfiles(most_bytes=3 * size)
    keys = [(STORE, str(number), False) for number in range(4)]

    for key in keys[:3]:
        kept.put(key, VERSION, a_profile(10))
    kept.get(keys[0], VERSION)
    kept.put(keys[3], VERSION, a_profile(10))

    assert [kept.get(key, VERSION) is not None for key in keys] == [
        True,
        False,
        True,
        True,
    ]
    assert kept.nbytes == 3 * size


def test_a_kept_profile_that_nobody_looks_for_is_dropped_by_time():
    now = [0.0]
    kept = PreparedProfiles(clock=lambda: now[0])
    kept.put(KEY, VERSION, a_profile())

    now[0] = KEPT_S + 1
    kept.get((STORE, "another", False), VERSION)

    assert kept.nbytes == 0
