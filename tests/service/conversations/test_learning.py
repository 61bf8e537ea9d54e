"""Conversations 12.5: what is learned, exactly once."""

from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from console.service.conversations import learning, models, writing
from console.service.conversations.lifecycle import sweep
from console.service.memory.models import Observation
from tests.service.conversations.conftest import (
    CONVERSATIONS,
    CUSTOMER,
    SHOP,
    a_message,
    a_participant,
    a_party,
)

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def configuration(configure) -> str:
    return configure(memoryExtractionEnabled=True)


@pytest.fixture
def path(clock, conversation) -> str:
    return f"{CONVERSATIONS}/{conversation['id']}"


@pytest.fixture
def person(store, conversation) -> str:
    """The path of the customer's profile."""
    return f"/v1/Stores/{store}/Profiles/{conversation['participants'][0]['profileId']}"


def list_contents(api, person: str) -> list[str]:
    found = api.get(f"{person}/Observations", orderBy="ASC").json()["observations"]
    return [each["content"] for each in found]


def list_outcomes(conversation) -> list[str]:
    rows = models.Learned.objects.filter(conversation_id=conversation["id"])
    return [row.outcome for row in rows.order_by("id")]


def test_learning_writes_observations_at_rest_and_a_summary_at_the_end(
    api, clock, conversation, path, person, say
):
    said = say("My tent pole broke on the Lofoten trip.")
    clock.shift(timedelta(minutes=10))
    sweep()
    count = learning.learn.func()
    resting = list_contents(api, person)
    summaries = api.get(f"{person}/ConversationSummaries").json()["summaries"]
    clock.shift(timedelta(minutes=20))
    sweep()
    learning.learn.func()

    [seen] = api.get(f"{person}/Observations").json()["observations"]
    assert count == 1
    assert resting == ["Customer said: My tent pole broke on the Lofoten trip."]
    assert summaries == []
    assert seen["source"] == "conversation/extractive-1"
    assert seen["conversationIds"] == [conversation["id"]]
    assert seen["occurredAt"] == said["occurredAt"]
    [summary] = api.get(f"{person}/ConversationSummaries").json()["summaries"]
    assert summary["conversationId"] == conversation["id"]
    assert "tent pole" in summary["content"]
    assert list_outcomes(conversation) == ["added", "added"]


def test_learning_is_off_unless_the_configuration_says_so(
    api, clock, configure, open_conversation
):
    made = open_conversation(
        a_participant("+15558675311"), configurationId=configure("quiet")
    )
    path = f"{CONVERSATIONS}/{made['id']}"
    said = a_message("I moved to Bergen.", author=a_party("+15558675311"))
    api("POST", f"{path}/Communications", said)
    api("PATCH", path, {"status": "CLOSED"})

    rows = models.Transition.objects.filter(conversation_id=made["id"])
    assert {row.learning for row in rows} == {""}
    assert learning.learn.func() == 0


def test_learning_agents_words_teach_nothing_about_the_customer(
    api, clock, path, person, say
):
    say(
        "We have sent a new pole to you.",
        author=a_party(SHOP),
        recipients=[a_party(CUSTOMER)],
    )
    say("Thanks!")
    api("PATCH", path, {"status": "CLOSED"})
    learning.learn.func()

    assert list_contents(api, person) == []


class Killed(Exception):
    """Stands in for a SIGKILL: nothing between catches it."""


def test_learning_that_is_killed_goes_on_with_what_is_left(
    api, clock, conversation, path, person, say, monkeypatch
):
    monkeypatch.setattr(learning, "BATCH", 2)
    for number in range(5):
        say(f"My tent pole number {number} broke on the Lofoten trip.")
    api("PATCH", path, {"status": "CLOSED"})

    def kill_at_the_end(execute, sql, params, many, context):
        if "DONE" in (params or ()):
            raise Killed
        return execute(sql, params, many, context)

    with (
        connections["memory"].execute_wrapper(kill_at_the_end),
        pytest.raises(Killed),
    ):
        learning.learn.func()
    halfway = list_contents(api, person)
    clock.shift(timedelta(minutes=2))
    learning.learn.func()

    row = models.Transition.objects.get(
        conversation_id=conversation["id"], status="CLOSED"
    )
    assert len(halfway) == 4
    assert len(set(list_contents(api, person))) == len(list_contents(api, person)) == 5
    assert list_outcomes(conversation) == ["added"] * 6
    assert (row.learning, row.outcome) == ("DONE", {"added": 6})


def test_learning_twice_changes_nothing(api, conversation, path, person, say):
    say("My tent pole broke on the Lofoten trip.")
    api("PATCH", path, {"status": "CLOSED"})
    learning.learn.func()
    before = list_contents(api, person)
    rows = models.Transition.objects.filter(conversation_id=conversation["id"])

    rows.filter(status="CLOSED").update(learning="PENDING")
    learning.learn.func()

    assert list_contents(api, person) == before
    assert len(before) == 1


def test_learning_of_a_correction_patches_what_it_had_led_to(
    api, clock, conversation, path, person, say
):
    say("My tent pole broke on the Lofoten trap.", resourceId="GT1:0")
    clock.shift(timedelta(minutes=10))
    sweep()
    learning.learn.func()
    say("My tent pole broke on the Lofoten trip.", resourceId="GT1:0")
    api("PATCH", path, {"status": "CLOSED"})
    learning.learn.func()

    [seen] = api.get(f"{person}/Observations").json()["observations"]
    revisions = api.get(f"{person}/Observations/{seen['id']}/Revisions").json()
    assert seen["content"] == "Customer said: My tent pole broke on the Lofoten trip."
    assert len(revisions["revisions"]) == 2
    assert list_outcomes(conversation) == ["added", "updated", "added"]


def test_learning_leaves_what_a_person_has_changed_or_deleted(
    api, clock, conversation, path, person, say
):
    say("My tent pole broke on the Lofoten trap.", resourceId="GT1:0")
    say("I also need two new pegs for the tent.", resourceId="GT1:1")
    clock.shift(timedelta(minutes=10))
    sweep()
    learning.learn.func()
    first, second = api.get(f"{person}/Observations", orderBy="ASC").json()[
        "observations"
    ]
    api("PATCH", f"{person}/Observations/{first['id']}", {"content": "Pole broke."})
    api("DELETE", f"{person}/Observations/{second['id']}")
    say("My tent pole broke on the Lofoten trip.", resourceId="GT1:0")
    say("I also need ten new pegs for the tent.", resourceId="GT1:1")
    api("PATCH", path, {"status": "CLOSED"})
    learning.learn.func()

    assert list_contents(api, person) == ["Pole broke."]
    assert list_outcomes(conversation)[2:4] == ["dropped", "dropped"]


def test_learning_the_same_again_adds_the_conversation_to_what_is_known(
    api, clock, conversation, path, person, say, open_conversation
):
    say("I moved to Bergen with my dog Bamse.")
    api("PATCH", path, {"status": "CLOSED"})
    learning.learn.func()
    again = open_conversation()
    other = f"{CONVERSATIONS}/{again['id']}"
    api(
        "POST",
        f"{other}/Communications",
        a_message("I moved to Bergen with my dog Bamse."),
    )
    api("PATCH", other, {"status": "CLOSED"})
    learning.learn.func()

    [seen] = api.get(f"{person}/Observations").json()["observations"]
    assert seen["conversationIds"] == [conversation["id"], again["id"]]
    assert list_outcomes(again) == ["same", "added"]


def test_list_diagnostics_names_a_full_profile(
    api, conversation, path, say, monkeypatch
):
    monkeypatch.setattr(Observation, "most", 1)
    say("My tent pole broke on the Lofoten trip.")
    say("I also need two new pegs for the tent.")
    api("PATCH", path, {"status": "CLOSED"})
    learning.learn.func()

    [diagnostic] = models.Diagnostic.objects.filter(conversation_id=conversation["id"])
    assert diagnostic.code == writing.PROFILE_FULL
    assert list_outcomes(conversation) == ["added", "dropped", "added"]


def test_learning_reads_again_when_something_arrived_meanwhile(
    api, clock, path, person, say, monkeypatch
):
    say("My tent pole broke on the Lofoten trap.", resourceId="GT1:0")
    clock.shift(timedelta(minutes=10))
    sweep()
    once = [True]
    real = learning.extract_sentences

    def extract(talk):
        lesson = real(talk)
        if once:
            once.clear()
            say("My tent pole broke on the Lofoten trip.", resourceId="GT1:0")
        return lesson

    monkeypatch.setattr(learning, "extract_sentences", extract)
    learning.learn.func()

    assert list_contents(api, person) == [
        "Customer said: My tent pole broke on the Lofoten trip."
    ]


def test_learning_of_a_worker_that_died_is_done_by_the_next(
    api, clock, path, person, say
):
    say("My tent pole broke on the Lofoten trip.")
    api("PATCH", path, {"status": "CLOSED"})
    assert learning.lease_next() is not None
    assert learning.learn.func() == 0
    clock.shift(learning.LEASE + timedelta(seconds=1))

    assert learning.learn.func() == 1
    assert len(list_contents(api, person)) == 1


def test_learning_is_given_up_visibly(api, clock, conversation, path, say):
    say("My tent pole broke on the Lofoten trip.")
    api("PATCH", path, {"status": "CLOSED"})
    for _ in range(learning.TRIES):
        assert learning.lease_next() is not None
        clock.shift(learning.LEASE + timedelta(seconds=1))
    learning.learn.func()

    [row] = models.Transition.objects.filter(learning="FAILED")
    [diagnostic] = models.Diagnostic.objects.filter(conversation_id=conversation["id"])
    assert row.status == "CLOSED"
    assert diagnostic.code == learning.GIVEN_UP


def test_learning_writes_nothing_to_another_accounts_store(
    api, make_api, store, person, say
):
    """Its ids are no secrets: they stand in addresses and logs."""
    stranger = make_api("stranger")
    profile_id = person.rpartition("/")[2]
    opening = {
        "configuration": {
            "memoryStoreId": store,
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryExtractionEnabled": True,
        },
        "participants": [a_participant(profileId=profile_id)],
    }
    made = stranger("POST", CONVERSATIONS, opening).json()
    own = f"{CONVERSATIONS}/{made['id']}"
    stranger("POST", f"{own}/Communications", a_message("I own a red tunnel tent."))
    stranger("PATCH", own, {"status": "CLOSED"})

    learning.learn.func()

    assert list_contents(api, person) == []
    assert api.get(f"{person}/ConversationSummaries").json()["summaries"] == []
    asked = {"conversationId": made["id"], "communicationsLimit": 5}
    assert api("POST", f"{person}/Recall", asked).json()["communications"] == []


def test_learn_again_reads_once_what_was_learned_before(api, path, say):
    for number in range(5):
        say(f"I ordered part number {number} in Bergen.")
    api("PATCH", path, {"status": "INACTIVE"})
    learning.learn.func()
    assert api("POST", f"{path}/Learned", {}).status_code == 202

    with CaptureQueriesContext(connections["memory"]) as captured:
        learning.learn.func()

    read = [q for q in captured if 'FROM "service_learned"' in q["sql"]]
    assert len(read) == 1
    assert models.Learned.objects.count() == 10
