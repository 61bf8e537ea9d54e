"""Alerts: once for an outage, once when it is over, signed."""

import json
from base64 import b64encode
from hmac import digest

import pytest
from django.core import mail
from django_tasks_db.models import DBTaskResult

from console.monitoring.alerts import AlertNotSent, send_alert
from console.monitoring.models import Health, Kind, get_watch, record
from console.tenants.vault import read_token
from tests.receiver import Receiver


@pytest.fixture
def receiver(settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def watch(tenant, receiver):
    watch = get_watch(tenant)
    watch.webhook, watch.mail = receiver.url, "ops@console.example"
    watch.save()
    return watch


def work():
    """What the worker would do."""
    for task in DBTaskResult.objects.filter(task_path=send_alert.module_path):
        send_alert.func(*task.args_kwargs["args"])
        task.delete()


def canaries(tenant, *states):
    for state in states:
        record(tenant, Kind.CANARY, state, words="Recall gives it: Not within 60 s.")
        work()


def test_alerts_tell_an_outage_once_and_its_end_once(tenant, watch, receiver):
    bad, well = Health.FAILS, Health.HOLDS

    canaries(tenant, bad, well, bad, bad, Health.UNKNOWN, bad, well, well)

    told = [json.loads(call.body) for call in receiver.calls]
    assert [each["state"] for each in told] == ["fails", "holds"]
    assert told[0]["since"] == told[1]["since"]
    assert (told[0]["tenant"], told[0]["check"]) == ("acme", "canary")
    assert [each.subject for each in mail.outbox] == [
        "acme: canary fails",
        "acme: canary holds",
    ]
    assert mail.outbox[0].to == ["ops@console.example"]


def test_alerts_tell_other_kinds_at_once(tenant, watch, receiver):
    record(tenant, Kind.ISOLATION, Health.UNKNOWN)
    work()

    assert len(receiver.calls) == 1


def test_alerts_are_signed_with_the_accounts_token(tenant, watch, receiver):
    record(tenant, Kind.ISOLATION, Health.FAILS)
    work()

    [call] = receiver.calls
    expected = digest(read_token(tenant).encode(), call.url.encode(), "sha1")
    assert call.headers["X-Twilio-Signature"] == b64encode(expected).decode()


def test_alerts_are_tried_again_where_they_are_not_taken(tenant, watch, receiver):
    receiver.answers = [500]
    record(tenant, Kind.ISOLATION, Health.FAILS)

    with pytest.raises(AlertNotSent, match="500"):
        work()


def test_alerts_call_no_private_machine(tenant, watch, receiver, settings):
    settings.MEMORY_ALLOW_PRIVATE = False
    record(tenant, Kind.ISOLATION, Health.FAILS)

    with pytest.raises(AlertNotSent):
        work()

    assert not receiver.calls
