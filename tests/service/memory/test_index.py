"""What Recall reads stays what the observations and summaries say."""

import io
import os
import random
from typing import Any

import numpy as np
from django.core.management import call_command

from console.engine.texts import Vectors
from console.engine.words import hash_stem
from console.service.memory.embedding_jobs import (
    embed_pending,
    get_embedder,
    make_vectors,
    request_pending_vectors,
)
from console.service.memory.items import rebuild_index
from console.service.memory.models import IndexEntry, Observation, Store, Summary
from tests.service.conftest import CONVERSATION, OTHER_CONVERSATION, an_observation

# One profile of three is replaced, and two are merged, in each 250.
OPERATIONS = int(os.environ.get("INDEX_OPERATIONS", "250"))
WORDS = [
    "tea",
    "coffee",
    "dog",
    "tent",
    "boots",
    "sms",
    "invoice",
    "Berlin",
    "the",
    "likes",
    "not",
    "avalanche",
]


def reindex(*args: str) -> str:
    out = io.StringIO()
    call_command("reindex", *args, stdout=out, verbosity=0)
    return out.getvalue()


def entries() -> dict[str, tuple[Any, ...]]:
    """Every entry without its vector, by the item's id."""
    columns = [
        "store_id",
        "profile_id",
        "occurred_at",
        "terms",
        "conversations",
        "model",
    ]
    rows = IndexEntry.objects.values_list("item_id", *columns)
    return {id_: tuple(map(as_plain, rest)) for id_, *rest in rows}


def as_plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def vectors() -> dict[str, np.ndarray]:
    rows = IndexEntry.objects.exclude(model="").values_list("item_id", "vector")
    return {id_: Vectors.of([bytes(vector)]).vector(0) for id_, vector in rows}


class Life:
    """A store in use: profiles with observations and summaries that come and go."""

    def __init__(self, api, make_profile) -> None:
        self.api, self.make_profile = api, make_profile
        self.dice = random.Random(4711)
        self.profiles = [make_profile(f"{n}@b.com") for n in range(3)]

    def live(self, steps: int) -> None:
        for step in range(steps):
            self.write()
            if step % 100 == 50:
                make_vectors.func()
            if step % 250 == 249:
                self.replace_a_profile(step)
            if step % 200 == 199:
                self.merge_two(step)

    def write(self) -> None:
        ways = (self.observe,) * 4 + (self.summarise,) * 2 + (self.change,) * 3
        ways += (self.delete,) * 2
        self.dice.choice(ways)()

    def text(self) -> str:
        return " ".join(self.dice.choices(WORDS, k=self.dice.randint(1, 6)))

    def facts(self) -> dict[str, Any]:
        day = self.dice.randint(1, 28)
        return {"content": self.text(), "occurredAt": f"2026-01-{day:02}T09:00:00.123Z"}

    def ids(self) -> list[str]:
        return [CONVERSATION, OTHER_CONVERSATION][: self.dice.randint(0, 2)]

    def observe(self) -> None:
        items = [
            an_observation(**self.facts(), conversationIds=self.ids())
            for _ in range(self.dice.randint(1, 3))
        ]
        self.send("POST", "Observations", {"observations": items})

    def summarise(self) -> None:
        item = self.facts() | {"conversationId": CONVERSATION}
        self.send("POST", "ConversationSummaries", {"summaries": [item]})

    def change(self) -> None:
        if found := self.somewhere():
            path, is_observation = found
            field = self.dice.choice(
                ["content", "occurredAt", "source", "conversation"]
            )
            changes: dict[str, Any] = {field: self.facts().get(field, "desk")}
            if field == "conversation":
                one = {"conversationId": OTHER_CONVERSATION}
                changes = {"conversationIds": self.ids()} if is_observation else one
            assert self.api("PATCH", path, changes).status_code == 202

    def delete(self) -> None:
        if found := self.somewhere():
            assert self.api("DELETE", found[0]).status_code == 202

    def replace_a_profile(self, step: int) -> None:
        gone = self.profiles.pop(0)
        assert self.api("DELETE", gone).status_code == 202
        self.profiles.append(self.make_profile(f"new{step}@b.com"))

    def merge_two(self, step: int) -> None:
        one, other = self.dice.sample(self.profiles, 2)
        email, *_ = self.api.get(f"{other}/Identifiers/email").json()["values"]
        identifier = {"idType": "email", "value": email}
        assert self.api("POST", f"{one}/Identifiers", identifier).status_code == 202
        self.profiles = [
            path for path in self.profiles if self.api.get(path).status_code == 200
        ]
        assert len(self.profiles) == 2
        self.profiles.append(self.make_profile(f"third{step}@b.com"))

    def send(self, method: str, under: str, body: Any) -> None:
        path = f"{self.dice.choice(self.profiles)}/{under}"
        assert self.api(method, path, body).status_code == 202

    def somewhere(self) -> tuple[str, bool] | None:
        profile = self.dice.choice(self.profiles)
        model, under = self.dice.choice(
            [(Observation, "Observations"), (Summary, "ConversationSummaries")]
        )
        rows = model.objects.filter(profile_id=profile.rsplit("/", 1)[1])
        if not (ids := sorted(rows.values_list("id", flat=True))):
            return None
        return f"{profile}/{under}/{self.dice.choice(ids)}", model is Observation


def test_index_rebuilt_equals_index_kept_by_many_operations(api, make_profile):
    Life(api, make_profile).live(OPERATIONS)
    make_vectors.func()
    kept, meant = entries(), vectors()

    reindex()

    items = {*Observation.objects.values_list("id", flat=True)}
    items |= {*Summary.objects.values_list("id", flat=True)}
    assert len(items) > 50
    assert kept.keys() == meant.keys() == items
    assert entries() == kept
    rebuilt = vectors()
    assert all(rebuilt[id_] @ meant[id_] > 0.999 for id_ in items)


def test_reindex_repairs_what_is_missing_wrong_or_too_much(store, observe):
    first, second = observe("likes tea", "has a dog")
    make_vectors.func()
    right = entries()
    IndexEntry.objects.filter(item_id=first["id"]).update(terms=b"", vector=b"")
    IndexEntry.objects.filter(item_id=second["id"]).delete()
    IndexEntry.objects.create(
        store_id=store,
        profile_id="mem_profile_01k0000000000000000000000a",
        item_id="mem_observation_01k0000000000000000000000a",
        occurred_at=0,
        terms=b"",
        conversations=b"",
    )

    printed = reindex()

    assert entries() == right
    assert printed.splitlines() == ["2 texts, embedder use-3", "  2 use-3"]


def test_reindex_goes_on_when_a_profile_is_merged_meanwhile(
    api, store, observe, make_profile
):
    one, other = make_profile("one@b.com"), make_profile("other@b.com")
    for path in (one, other):
        observe("likes tea", path=path)
    steps = rebuild_index(Store.objects.get(pk=store))
    next(steps)

    api("POST", f"{other}/Identifiers", {"idType": "email", "value": "one@b.com"})
    rest = list(steps)

    assert 0 in rest
    assert entries().keys() == {*Observation.objects.values_list("id", flat=True)}


def test_index_keeps_the_vector_of_a_changed_source_and_not_of_a_changed_text(
    api, profile, observe
):
    [seen] = observe("likes tea")
    make_vectors.func()
    path = f"{profile}/Observations/{seen['id']}"

    api("PATCH", path, {"source": "desk", "occurredAt": "2026-02-01T00:00:00Z"})
    assert IndexEntry.objects.get().model == "use-3"

    api("PATCH", path, {"content": "likes coffee"})
    entry = IndexEntry.objects.get()
    assert (entry.model, bytes(entry.vector)) == ("", b"")


def test_reindex_status_says_how_far_the_vectors_of_another_model_are(
    observe, settings
):
    observe("likes tea", "has a dog", "owns a tent")
    make_vectors.func()
    IndexEntry.objects.filter(terms__gt=b"").update(model="older-model")

    before = reindex("--status")
    made = make_vectors.func()

    assert before.splitlines() == [
        "3 texts, embedder use-3",
        "  3 older-model",
        "  3 wait for the worker",
    ]
    assert made == 3
    assert reindex("--status").splitlines() == ["3 texts, embedder use-3", "  3 use-3"]


def test_terms_of_an_earlier_version_answer_until_the_worker_made_them_anew(
    api, profile, observe, settings
):
    settings.MEMORY_EMBEDDER = "none"
    observe("likes tea")
    before = entries()
    old = np.array([hash_stem("like"), hash_stem("tea")], "<u4").tobytes()
    IndexEntry.objects.filter(terms__gt=b"").update(terms=old, terms_version=1)

    answer = api("POST", f"{profile}/Recall", {"query": "tea"})
    waiting = reindex("--status")
    request_pending_vectors()
    made = make_vectors.func()

    assert answer.json()["observations"][0]["score"] > 0.3
    assert "1 wait for the worker" in waiting
    assert made == 1
    assert entries() == before
    assert "wait" not in reindex("--status")


def test_reindex_vectors_makes_them_at_once(observe):
    observe("likes tea")

    assert "1 use-3" in reindex("--vectors")


def test_reindex_status_without_an_embedder_has_nothing_pending(observe, settings):
    settings.MEMORY_EMBEDDER = "none"
    observe("likes tea")

    assert make_vectors.func() == 0
    assert reindex().splitlines() == [
        "1 texts, embedder none",
        "  1 without a vector",
    ]


class Interrupted:
    """The real embedder, with something that happens while it works."""

    def __init__(self, happening) -> None:
        self.id, self._happening = get_embedder().id, happening

    def embed(self, texts):
        happening, self._happening = self._happening, lambda: None
        happening()
        return get_embedder().embed(texts)


def test_embed_pending_gives_a_text_that_changes_meanwhile_its_new_vector(
    api, profile, observe
):
    [seen] = observe("keeps a cat")
    path = f"{profile}/Observations/{seen['id']}"
    model = Interrupted(lambda: api("PATCH", path, {"content": "rides a bicycle"}))

    steps = list(embed_pending(model))

    [found] = vectors().values()
    assert steps == [1, 1]
    assert found @ get_embedder().embed(["rides a bicycle"])[0] > 0.99


def test_embed_pending_leaves_nothing_of_a_text_that_is_deleted_meanwhile(
    api, profile, observe
):
    [seen] = observe("keeps a cat")
    path = f"{profile}/Observations/{seen['id']}"

    steps = list(embed_pending(Interrupted(lambda: api("DELETE", path))))

    assert len(steps) > 0
    assert not IndexEntry.objects.exists()


def test_embed_pending_is_not_held_up_by_an_entry_without_a_text(observe):
    observe("keeps a cat", "owns a tent")
    Observation.objects.filter(content="keeps a cat").delete()

    assert sum(embed_pending(get_embedder())) == 2

    assert IndexEntry.objects.count() == len(vectors()) == 1


def test_embed_pending_skips_a_deleted_store(api, store, observe):
    observe("keeps a cat")
    Store.objects.filter(pk=store).delete()

    assert list(embed_pending(get_embedder())) == []
