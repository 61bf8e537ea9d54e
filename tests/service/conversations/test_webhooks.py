"""Conversations 12.6: events reach callbacks in order, at least once, and signed."""

import json
import re
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from console.core import outgoing
from console.service.conversations import lifecycle, models, webhooks
from console.service.models import Credential
from tests.receiver import Receiver
from tests.service.conversations.conftest import (
    CONVERSATIONS,
    a_message,
    a_participant,
    assert_refused,
)
from tests.service.memory.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture(autouse=True)
def local(settings):
    settings.MEMORY_ALLOW_PRIVATE = True


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()
    outgoing.get_http.cache_clear()


@pytest.fixture
def configuration(configure, receiver) -> str:
    return configure(statusCallbacks=[{"url": receiver.url}])


@pytest.fixture
def path(clock, conversation) -> str:
    return f"{CONVERSATIONS}/{conversation['id']}"


@pytest.fixture
def told(path, receiver) -> str:
    """The conversation's path; its callback knows that it was opened."""
    webhooks.deliver.func()
    receiver.calls.clear()
    return path


def list_deliveries(api, path: str) -> list[Any]:
    return api.get(f"{path}/Deliveries").json()["deliveries"]


def test_webhook_is_signed_as_the_official_validator_reads_it(api, told, receiver, say):
    said = say("Größe 42, bitte.")

    assert webhooks.deliver.func() == 1

    [call] = receiver.calls
    event = json.loads(call.body)
    signature = call.headers["X-Twilio-Signature"]
    validator = RequestValidator(api.token)
    assert event["eventType"] == "COMMUNICATION_CREATED"
    assert event["data"] == said
    assert call.url.startswith(f"{receiver.url}&bodySHA256=")
    assert call.headers["Content-Type"] == "application/json"
    assert re.fullmatch("RQ[0-9a-f]{32}", call.headers["Twilio-Request-Id"])
    assert validator.validate(call.url, call.body, signature)
    assert not validator.validate(call.url, call.body + " ", signature)
    assert not RequestValidator("other").validate(call.url, call.body, signature)
    newest = list_deliveries(api, told)[0]
    assert newest["id"] == call.headers["I-Twilio-Idempotency-Token"]
    assert newest["answer"] == 204
    assert newest["attempts"] == 1
    assert newest["deliveredAt"] == "2026-01-05T12:00:00Z"
    assert "dueAt" not in newest


def test_webhook_by_get_names_the_event_without_a_word_of_it(
    api, clock, configure, open_conversation, receiver
):
    url = receiver.url.replace("/hook?shop=1", "")
    made = open_conversation(
        configurationId=configure(
            "get", statusCallbacks=[{"url": url, "method": "GET"}]
        )
    )
    webhooks.deliver.func()

    call = receiver.calls[0]
    signature = call.headers["X-Twilio-Signature"]
    assert call.method == "GET"
    assert call.body == ""
    assert "eventType=CONVERSATION_CREATED&timestamp=2026-01-05T12" in call.url
    assert f"conversationId={made['id']}&id={made['id']}" in call.url
    assert "Kim" not in call.url
    assert RequestValidator(api.token).validate(call.url, {}, signature)


def test_webhooks_of_a_conversation_keep_their_order(
    api, clock, told, receiver, say, open_conversation, configuration
):
    say("one")
    api("PATCH", told, {"name": "two"})
    receiver.answers = [500]
    webhooks.deliver.func()
    failed = receiver.events
    again = webhooks.deliver.func()
    clock.shift(timedelta(seconds=30))
    webhooks.deliver.func()

    assert failed == ["COMMUNICATION_CREATED"]
    assert again == 0
    assert receiver.events == [
        "COMMUNICATION_CREATED",
        "COMMUNICATION_CREATED",
        "CONVERSATION_UPDATED",
    ]


def test_webhook_is_given_up_after_five_tries_and_the_next_one_goes_on(
    api, clock, told, receiver, say
):
    say("one")
    say("two")
    receiver.answers = [500, 301, 404, 429, 503]
    minutes = []
    for seconds in range(0, 931, 30):
        if webhooks.deliver.func():
            minutes.append(seconds / 60)
        clock.shift(timedelta(seconds=30))

    texts = [
        json.loads(call.body)["data"]["content"]["text"] for call in receiver.calls
    ]
    tokens = {call.headers["I-Twilio-Idempotency-Token"] for call in receiver.calls[:5]}
    # Since then it has fallen silent.
    _, second, first = list_deliveries(api, told)[:3]
    [diagnostic] = api.get(f"{told}/Diagnostics").json()["diagnostics"]
    assert minutes == [0, 0.5, 2.5, 7, 15]
    assert texts == ["one"] * 5 + ["two"]
    assert len(tokens) == 1
    assert first["attempts"] == 5
    assert first["error"] == "Answered 503."
    assert "dueAt" not in first
    assert "deliveredAt" not in first
    assert second["deliveredAt"]
    assert diagnostic["code"] == 530201
    assert diagnostic["reason"] == (
        "COMMUNICATION_CREATED was not delivered: Answered 503."
    )


def test_retry_delivery_sends_a_webhook_again(api, clock, told, receiver, say):
    say()
    receiver.answers = [500] * 5
    for _ in range(31):
        webhooks.deliver.func()
        clock.shift(timedelta(seconds=30))
    delivery = list_deliveries(api, told)[0]
    assert "deliveredAt" not in delivery

    answer = api("POST", f"{told}/Deliveries/{delivery['id']}/Retry", {})
    webhooks.deliver.func()

    assert answer.status_code == 202, answer.text
    assert answer.json()["attempts"] == 0
    assert answer.json()["dueAt"]
    assert list_deliveries(api, told)[0]["deliveredAt"]
    assert len(receiver.calls) == 6


def test_webhook_on_its_way_is_not_sent_twice_at_once_by_request(
    api, clock, told, receiver, say
):
    say()
    [leased] = webhooks.lease([])

    api("POST", f"{told}/Deliveries/{leased.id}/Retry", {})
    answer = webhooks.send(leased, api.token)
    assert webhooks.deliver.func() == 0
    webhooks.record(leased, *answer)
    clock.shift(webhooks.LEASE)

    assert webhooks.deliver.func() == 0
    assert len(receiver.calls) == 1


def test_webhook_of_a_killed_worker_is_sent_again_under_the_same_token(
    api, clock, told, receiver, say
):
    say()
    [leased] = webhooks.lease([])
    webhooks.send(leased, api.token)
    at_once = webhooks.deliver.func()
    clock.shift(webhooks.LEASE)
    lifecycle.sweep()
    after = webhooks.deliver.func()
    webhooks.record(leased, 500, "of the worker that was thought dead")

    first, second = [c.headers["I-Twilio-Idempotency-Token"] for c in receiver.calls]
    assert (at_once, after) == (0, 1)
    assert first == second
    assert list_deliveries(api, told)[0]["answer"] == 204


def test_webhooks_are_sent_once_and_in_order_by_three_workers(
    api, clock, configuration, open_conversation, receiver
):
    for number in range(8):
        someone = a_participant(f"+1555867530{number}")
        made = open_conversation(someone, configurationId=configuration)
        for text in "abc":
            api("PATCH", f"{CONVERSATIONS}/{made['id']}", {"name": text})
    at_once(3, lambda _: webhooks.deliver.func())

    names: dict[str, list[str | None]] = {}
    for call in receiver.calls:
        data = json.loads(call.body)["data"]
        names.setdefault(data["id"], []).append(data["name"])
    assert list(names.values()) == [[None, "a", "b", "c"]] * 8
    assert not models.Delivery.objects.filter(due_at__isnull=False).exists()


def test_webhook_over_which_every_worker_dies_is_given_up(
    api, clock, told, receiver, say
):
    say("one")
    for _ in range(webhooks.TRIES):
        assert len(list(webhooks.lease([]))) == 1
        clock.shift(webhooks.LEASE)
    say("two")
    webhooks.deliver.func()

    [call] = receiver.calls
    assert json.loads(call.body)["data"]["content"]["text"] == "two"
    assert (
        list_deliveries(api, told)[1]["error"] == "Several workers were lost over it."
    )


def test_webhooks_of_one_address_leave_places_to_others(
    api, clock, configure, open_conversation, receiver
):
    other = configure("other", statusCallbacks=[{"url": "http://127.0.0.1:9/"}])
    grouping = {"conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES"}
    store = models.Configuration.objects.get(id=other).store_id
    inline = {"memoryStoreId": store, **grouping}
    for _ in range(6):
        hooks = {"statusCallbacks": [{"url": receiver.url}]}
        api("POST", CONVERSATIONS, {"configuration": inline | hooks})
    open_conversation(configurationId=other)

    running: list[Any] = []
    while leased := list(webhooks.lease(running)):
        running += leased

    urls = [row.url for row in running]
    assert urls.count(receiver.url) == webhooks.AT_ONE_ADDRESS
    assert urls.count("http://127.0.0.1:9/") == 1


def test_webhook_never_reaches_a_private_machine(
    api, clock, told, receiver, say, settings, monkeypatch
):
    say()
    rows = models.Delivery.objects.filter(due_at__isnull=False)
    settings.MEMORY_ALLOW_PRIVATE = False
    errors = []
    for url in ("https://127.0.0.1/", receiver.url, "https://inside.example/hook"):
        rows.update(url=url, due_at=rows.get().created_at)
        port = receiver.server.server_port
        monkeypatch.setattr(
            outgoing,
            "getaddrinfo",
            lambda *_, port=port, **__: [(0, 0, 0, "", ("127.0.0.1", port))],
        )
        webhooks.deliver.func()
        errors.append(rows.get().error)

    assert receiver.calls == []
    assert errors == [
        "Not a public https address.",
        "Not a public https address.",
        "The name leads into a private network.",
    ]


def test_webhook_to_a_private_or_odd_address_is_refused_at_once(api, store, settings):
    settings.MEMORY_ALLOW_PRIVATE = False
    urls = [
        "http://agent.example/",
        "https://10.0.0.1/hook",
        "https://agent.example:25/",
        "https://me:secret@agent.example/",
        "https://agent.example\\@127.0.0.1/",
    ]
    for url in urls:
        inline = {
            "memoryStoreId": store,
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "statusCallbacks": [{"url": url}],
        }
        answer = api("POST", CONVERSATIONS, {"configuration": inline})

        words = "configuration.statusCallbacks[0].url: must be a public https address"
        assert_refused(answer, 400, 20001, words)


def test_webhook_without_a_token_waits_until_it_is_known(
    api, clock, told, receiver, say
):
    say()
    Credential.objects.update(encrypted_token="")
    webhooks.deliver.func()
    [waiting] = models.Delivery.objects.filter(due_at__isnull=False)
    api.get(told)
    clock.shift(webhooks.WAIT)
    webhooks.deliver.func()

    assert "auth token" in waiting.error
    assert len(receiver.calls) == 1
    assert "error" not in list_deliveries(api, told)[0]


def test_webhook_to_an_address_that_hangs_has_a_deadline(
    api, configure, open_conversation, receiver, monkeypatch
):
    monkeypatch.setattr(webhooks, "DEADLINE_S", 0.2)
    release = Event()
    receiver.before = release.wait
    hooks = [{"url": receiver.url}, {"url": "http://127.0.0.1:9/"}]
    made = open_conversation(configurationId=configure("hangs", statusCallbacks=hooks))
    webhooks.deliver.func()
    release.set()

    found = list_deliveries(api, f"{CONVERSATIONS}/{made['id']}")
    errors = {each.get("error") for each in found if each["attempts"]}
    assert errors == {"No answer within 0 seconds.", "No connection."}


def test_webhooks_are_removed_after_seven_days(api, clock, told, say):
    clock.shift(timedelta(minutes=5))
    say()
    clock.shift(timedelta(days=7) - timedelta(minutes=1))
    webhooks.prune()

    events = [each["eventType"] for each in list_deliveries(api, told)]
    # Time has closed it meanwhile, which was recorded now.
    updates = ["CONVERSATION_UPDATED", "CONVERSATION_UPDATED"]
    assert events == [*updates, "COMMUNICATION_CREATED"]


def test_webhooks_about_a_deleted_profile_go_with_it(
    api, clock, conversation, store, path, say
):
    say("My tent pole broke.")
    customer = conversation["participants"][0]["profileId"]
    friend = {
        "type": "CUSTOMER",
        "addresses": [{"channel": "SMS", "address": "+15558675399"}],
    }
    assert api("POST", f"{path}/Participants", friend).status_code == 201
    api("DELETE", f"/v1/Stores/{store}/Profiles/{customer}")

    bodies = [row.body for row in models.Delivery.objects.all()]
    assert not any("tent pole" in body or "+15558675310" in body for body in bodies)
    assert any("+15558675399" in body for body in bodies)


def test_list_deliveries_of_a_stranger_is_refused(api, make_api, told):
    delivery = list_deliveries(api, told)[0]
    stranger = make_api()

    for method, rest in (
        ("GET", "Deliveries"),
        ("GET", "Diagnostics"),
        ("POST", f"Deliveries/{delivery['id']}/Retry"),
    ):
        body = {} if method == "POST" else None
        assert_refused(stranger(method, f"{told}/{rest}", body), 404, 20404)
    assert_refused(api("POST", f"{told}/Deliveries/nobody/Retry", {}), 404, 20404)


def test_webhooks_need_no_worker_to_be_written(api, told, say):
    said = a_message("kept")
    api("POST", f"{told}/Communications", said)

    newest = list_deliveries(api, told)[0]
    assert newest["eventType"] == "COMMUNICATION_CREATED"
    assert newest["attempts"] == 0
    assert newest["dueAt"] == newest["createdAt"]
