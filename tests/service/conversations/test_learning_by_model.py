# ruff: noqa: F811
"""Conversations 12.5 with a model: what is written, and what when it does not answer."""

from datetime import timedelta
from itertools import product
from threading import Event

import pytest
from django.db import connections
from django.utils import timezone

from console.core import chat
from console.service.conversations import learning, model_extractor, models
from console.service.memory.embedding_jobs import make_vectors
from tests.scripted_model import read_rows, running
from tests.service.conversations.conftest import CONVERSATIONS, a_message, a_participant
from tests.service.conversations.test_learning import (  # noqa: F401  # noqa: F401
    configuration,
    list_contents,
    list_outcomes,
    path,
    person,
)

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
EXTRACTIVE = "Customer said: I moved to Bergen with 2 dogs."


@pytest.fixture
def model(settings):
    with running() as model:
        settings.MEMORY_EXTRACTOR = "model"
        settings.MODEL_URL, settings.MODEL_NAME = model.url, "tiny"
        yield model


def a_fact(text: str, *turns: int):
    return {"text": text, "turns": list(turns), "about": "customer"}


def an_answer(*facts, summary: str = ""):
    return {"facts": list(facts), "summary": summary}


def a_decision(action: str, text: str = "", of: int = 1):
    change = {"fact": 1, "action": action, "of": of, "text": text, "why": "It says so."}
    return {"decisions": [change]}


def list_diagnostics() -> list[tuple[int, str]]:
    return list(models.Diagnostic.objects.values_list("code", "reason"))


@pytest.fixture
def moved(api, model, conversation, path, say):
    """The memory knows of a move to Bergen, learned from a first conversation."""
    say("I moved to Bergen with 2 dogs.")
    api("PATCH", path, {"status": "CLOSED"})
    model.script = [an_answer(a_fact("I moved to Bergen with 2 dogs.", 1))]
    learning.learn.func()
    make_vectors.func()
    model.calls.clear()


@pytest.fixture
def say_later(api, model, moved, open_conversation):
    """A second conversation of the customer: what is said, made of it, and decided."""

    def make(said: str, fact: str, decision):
        again = open_conversation()
        other = f"{CONVERSATIONS}/{again['id']}"
        api("POST", f"{other}/Communications", a_message(said))
        api("PATCH", other, {"status": "CLOSED"})
        model.script = [an_answer(a_fact(fact, 1)), decision]
        learning.learn.func()
        return again

    return make


def test_learning_by_model_writes_facts_and_a_summary(
    api,
    model,
    conversation,
    path,
    person,
    say,
):
    say("I moved to Bergen with 2 dogs.")
    api("PATCH", path, {"status": "CLOSED"})
    facts = [a_fact("I moved to Bergen.", 1), a_fact("I have 7 dogs.", 1)]
    model.script = [an_answer(*facts, summary="Customer told of a move to Bergen.")]

    count = learning.learn.func()

    [seen] = api.get(f"{person}/Observations").json()["observations"]
    [summary] = api.get(f"{person}/ConversationSummaries").json()["summaries"]
    rows = models.Learned.objects.order_by("id")
    [usage] = models.ModelUsage.objects.all()
    assert (count, len(model.calls)) == (1, 1)
    assert seen["content"] == "Customer said: I moved to Bergen."
    assert seen["source"] == "conversation/model-1/tiny"
    assert summary["content"].endswith("\nCustomer told of a move to Bergen.")
    assert [(row.outcome, row.reason) for row in rows] == [
        ("added", ""),
        ("quarantined", "Unsupported: 7."),
        ("added", ""),
    ]
    assert (usage.calls, usage.tokens_in, usage.tokens_out) == (1, 100, 20)
    assert list_diagnostics() == []


def test_learning_by_model_finds_the_same_known(api, person, conversation, say_later):
    again = say_later(
        "My new home is Bergen.",
        "My new home is Bergen.",
        a_decision("same"),
    )

    [seen] = api.get(f"{person}/Observations").json()["observations"]
    assert seen["content"] == "Customer said: I moved to Bergen with 2 dogs."
    assert seen["conversationIds"] == [conversation["id"], again["id"]]
    assert list_outcomes(again) == ["same", "added"]


def test_learning_by_model_updates_as_a_revision(api, person, say_later):
    text = "Customer said: I moved to Bergen with 2 dogs, Bamse and Lupo."
    again = say_later(
        "My dogs are Bamse and Lupo.",
        "My dogs are Bamse and Lupo now.",
        a_decision("update", text),
    )

    [seen] = api.get(f"{person}/Observations").json()["observations"]
    revisions = api.get(f"{person}/Observations/{seen['id']}/Revisions").json()
    row = models.Learned.objects.get(outcome="updated")
    assert seen["content"] == text
    assert len(revisions["revisions"]) == 2
    assert list_outcomes(again) == ["updated", "added"]
    assert row.reason == "It says so."


def test_learning_by_model_puts_what_is_over_into_the_past(api, person, say_later):
    past = "Customer said: I lived in Bergen with 2 dogs until 5 January 2026."
    again = say_later(
        "I moved away from Bergen to Oslo.",
        "I moved from Bergen to Oslo.",
        a_decision("contradict", past),
    )

    assert list_contents(api, person) == [
        past,
        "Customer said: I moved from Bergen to Oslo.",
    ]
    assert list_outcomes(again) == ["contradicted", "added", "added"]


@pytest.mark.parametrize(
    "decision",
    [
        a_decision("update", "Customer said: I moved to Rome with 2 dogs."),
        a_decision("update", ""),
        a_decision("contradict", "Customer said: I was a thief of 2 dogs until 2031."),
        a_decision("same", of=9),
        a_decision("add"),
        "rubbish",
    ],
)
def test_learning_by_model_changes_nothing_that_it_may_not(
    api,
    person,
    say_later,
    decision,
):
    say_later("I moved to Oslo.", "I moved to Oslo.", decision)

    before, after = list_contents(api, person)
    assert before == "Customer said: I moved to Bergen with 2 dogs."
    assert "Oslo" in after


def test_learning_by_model_shows_what_is_known_only_to_reconcile(model, say_later):
    say_later("I moved to Oslo.", "I moved to Oslo.", a_decision("add"))

    extract, reconcile = model.calls
    [row] = read_rows(reconcile)
    assert "Bergen" not in str(extract.body)
    assert row["like"] == [
        {"of": 1, "text": "Customer said: I moved to Bergen with 2 dogs."}
    ]


def test_learning_by_model_leaves_what_was_changed_meanwhile(
    api,
    model,
    person,
    say_later,
):
    [known] = api.get(f"{person}/Observations").json()["observations"]
    mine = {"content": "Moved to Bergen, says a person."}

    def decide(call):
        api("PATCH", f"{person}/Observations/{known['id']}", mine)
        return a_decision("update", "Customer said: I moved to Oslo with 2 dogs.")

    say_later("I moved to Oslo.", "I moved to Oslo.", decide)

    assert list_contents(api, person) == [
        mine["content"],
        "Customer said: I moved to Oslo.",
    ]


def test_learning_by_model_that_is_busy_is_tried_again(
    api,
    clock,
    model,
    conversation,
    path,
    person,
    say,
):
    say("I moved to Bergen with 2 dogs.")
    api("PATCH", path, {"status": "CLOSED"})
    model.script = [429, 503, an_answer(a_fact("I moved to Bergen.", 1))]
    counts = []
    for seconds in (0, 29, 2, 119, 2):
        clock.shift(timedelta(seconds=seconds))
        counts.append(learning.learn.func())

    assert counts == [1, 0, 1, 0, 1]
    assert list_contents(api, person) == ["Customer said: I moved to Bergen."]
    assert list_diagnostics() == []


def test_learning_by_model_falls_back_and_can_be_repeated(
    api,
    clock,
    model,
    conversation,
    path,
    person,
    say,
):
    say("I moved to Bergen with 2 dogs.")
    api("PATCH", path, {"status": "CLOSED"})
    model.script = [500]
    for _ in range(learning.MODEL_TRIES):
        learning.learn.func()
        clock.shift(timedelta(minutes=5))
    without = list_contents(api, person)
    failed = models.Transition.objects.get(extractor="extractive-1")

    model.script = [an_answer(a_fact("I moved to Bergen with my 2 dogs.", 1))]
    api("POST", f"{path}/Learned", {})
    learning.learn.func()

    [seen] = api.get(f"{person}/Observations").json()["observations"]
    reason = "Learned without the model: It answered 500."
    assert without == [EXTRACTIVE]
    assert (failed.learning, failed.error) == ("DONE", reason)
    assert list_diagnostics() == [(learning.WITHOUT_MODEL, reason)]
    assert seen["content"] == "Customer said: I moved to Bergen with my 2 dogs."
    assert seen["source"] == "conversation/model-1/tiny"


@pytest.mark.parametrize("line", ["rubbish", '{"facts": [', 401])
def test_learning_by_model_falls_back_at_once_on_what_will_not_pass(
    api,
    model,
    path,
    person,
    say,
    line,
):
    say("I moved to Bergen with 2 dogs.")
    api("PATCH", path, {"status": "CLOSED"})
    model.script = [line]
    learning.learn.func()

    assert list_contents(api, person) == [EXTRACTIVE]
    assert len(model.calls) <= 2


def test_learning_by_model_ends_at_the_days_tokens(
    api,
    clock,
    model,
    path,
    person,
    say,
    settings,
):
    settings.MODEL_TOKENS_PER_DAY = 100
    say("I moved to Bergen with 2 dogs.")
    api("PATCH", path, {"status": "INACTIVE"})
    learning.learn.func()
    say("I also need two new pegs for the tent.")
    api("PATCH", path, {"status": "CLOSED"})
    learning.learn.func()

    [(code, reason)] = list_diagnostics()
    assert len(model.calls) == 1
    assert code == learning.WITHOUT_MODEL
    assert "tokens" in reason
    assert "pegs" in list_contents(api, person)[0]
    clock.shift(timedelta(days=1))
    store_id = models.ModelUsage.objects.get().store_id
    assert model_extractor.has_tokens(store_id)


def test_fetch_model_usage_tells_it_by_day(api, model, store, path, say, settings):
    usage = f"/v1/ControlPlane/Stores/{store}/ModelUsage"
    settings.MODEL_PRICES = [2.0, 10.0]
    say("I moved to Bergen with 2 dogs.")
    api("PATCH", path, {"status": "CLOSED"})
    learning.learn.func()

    told = api.get(usage).json()
    settings.MODEL_PRICES = []
    settings.MEMORY_EXTRACTOR = "extractive"
    later = api.get(usage).json()

    day = {"day": "2026-01-05", "calls": 1, "tokensIn": 100, "tokensOut": 20}
    assert told == {"days": [day | {"cost": 0.0004}], "tokensPerDay": 1000000}
    assert later == {"days": [day], "tokensPerDay": 0}
    assert model_extractor.count_today() == {"in": 100, "out": 20}


def test_count_model_usage_of_a_program_for_the_day(api, model, store):
    usage = f"/v1/ControlPlane/Stores/{store}/ModelUsage"

    counted = api("POST", usage, {"calls": 2, "tokensIn": 999_990, "tokensOut": 9})
    refused = api("POST", usage, {"calls": 1, "tokensIn": -5})

    [day] = api.get(usage).json()["days"]
    assert (counted.status_code, refused.status_code) == (202, 400)
    assert (day["calls"], day["tokensIn"], day["tokensOut"]) == (2, 999_990, 9)
    assert model_extractor.has_tokens(store)
    api("POST", usage, {"calls": 1, "tokensOut": 1})
    assert not model_extractor.has_tokens(store)


def test_learning_by_model_of_a_worker_that_dies_leaves_nothing_half(
    api, clock, model, path, person, say, settings
):
    say("I moved to Bergen with 2 dogs.")
    api("PATCH", path, {"status": "CLOSED"})
    model.script = [an_answer(a_fact("I moved to Bergen.", 1))]
    reading = learning.read(learning.lease_next())
    talks = reading.build_talks(reconciled=True)
    killed = learning.ask_model(talks, chat.get_endpoint(settings))
    before = list_contents(api, person)
    clock.shift(learning.LEASE + timedelta(seconds=1))
    learning.learn.func()
    learning.finish(reading, killed)  # it was only slow

    assert len(killed.lessons[0].facts) == 1
    assert before == []
    assert list_contents(api, person) == ["Customer said: I moved to Bergen."]
    assert models.Learned.objects.filter(kind="observation").count() == 1


def test_learning_by_model_gives_no_store_all_places(
    api,
    clock,
    model,
    open_conversation,
    say,
    path,
):
    now = timezone.now()
    for store, number in product("ab", range(3)):
        models.Transition.objects.create(
            store_id=f"mem_store_{store}",
            conversation_id=f"conv_conversation_{store}{number}",
            number=1,
            status="CLOSED",
            at=now,
            recorded_at=now,
            reason="timer",
            learning="PENDING",
        )

    class Running:
        def __init__(self, transition):
            self.transition = transition
            self.conversation = models.Conversation(id=transition.conversation_id)

    running_: list[Running] = []
    while leased := learning.lease_next(running_):
        running_.append(Running(leased))

    stores = [each.transition.store_id for each in running_]
    assert stores == ["mem_store_a", "mem_store_a", "mem_store_b", "mem_store_b"]


@pytest.fixture
def close_in(api):
    """A conversation of a store, in which this was said; closed."""

    def make(store: str, text: str, number: int):
        customer = a_participant(f"+1555867531{number}")
        inline = {
            "memoryStoreId": store,
            "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
            "memoryExtractionEnabled": True,
        }
        body = {"configuration": inline, "participants": [customer]}
        talk = api("POST", CONVERSATIONS, body).json()
        path = f"{CONVERSATIONS}/{talk['id']}"
        said = a_message(text, author=customer["addresses"][0])
        api("POST", f"{path}/Communications", said)
        api("PATCH", path, {"status": "CLOSED"})
        return talk

    return make


def test_learning_by_model_that_hangs_for_one_store_costs_no_other_anything(
    api, model, make_store, open_conversation, close_in
):
    slow, quick = make_store("slow"), make_store("quick")
    talk, *_ = [close_in(slow, "I moved to Bergen.", number) for number in range(3)]
    for number in range(3):
        close_in(quick, "I moved to Oslo.", number)
    open_ = f"{CONVERSATIONS}/{open_conversation()['id']}"
    person = f"/v1/Stores/{slow}/Profiles/{talk['participants'][0]['profileId']}"
    third, quickly, waited, meanwhile = Event(), [], [], []

    def reply(call):
        if "Oslo" in str(read_rows(call)):
            quickly.append(call)
            if len(quickly) == 3:
                third.set()
            return an_answer(a_fact("I moved to Oslo.", 1))
        said = api("POST", f"{open_}/Communications", a_message())
        recalled = api("POST", f"{person}/Recall", {"query": "moved"})
        connections.close_all()
        meanwhile.append((said.status_code, recalled.status_code))
        waited.append(third.wait(60))  # it hangs until all others were served
        return 503

    model.script = [reply]
    learning.learn.func()

    learned = models.Transition.objects.filter(learning="DONE")
    assert waited == [True, True]
    assert meanwhile == [(201, 200)] * 2
    assert [row.store_id for row in learned] == [quick] * 3
    assert {row.extractor for row in learned} == {"model-1/tiny"}
