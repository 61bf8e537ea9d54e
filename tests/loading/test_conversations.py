"""manage.py load_conversations: once each, refused by line and field."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from console.audit.models import AuditEntry
from console.client.errors import MemoryUnreachable
from console.loading import conversations
from console.service.conversations.learning import learn
from console.tenants.vault import open_store

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
CUSTOMER = {"address": "+15558675310", "channel": "SMS"}
SHOP = {"address": "+15550001000", "channel": "SMS"}


def a_line(*texts, customer=CUSTOMER, **more):
    return {
        "participants": [{"type": "CUSTOMER", "name": "Ada", "addresses": [customer]}],
        "communications": [
            {
                "author": customer,
                "recipients": [SHOP],
                "content": {"type": "TEXT", "text": text},
                "occurredAt": f"2026-01-05T09:00:{number:02}Z",
            }
            for number, text in enumerate(texts)
        ],
    } | more


@pytest.fixture
def load(tenant, tmp_path):
    def run(*lines):
        file = tmp_path / "talks.jsonl"
        texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
        file.write_text("\n".join(texts))
        out, err = io.StringIO(), io.StringIO()
        refusal = ""
        try:
            call_command(
                "load_conversations",
                file,
                tenant="acme",
                verbosity=0,
                stdout=out,
                stderr=err,
            )
        except CommandError as exc:
            refusal = str(exc)
        return out.getvalue(), err.getvalue(), refusal

    return run


def test_load_conversations_closes_each_and_the_memory_learns(load, tenant):
    out, _err, refusal = load(a_line("I moved to Bergen with my dog Bamse.", "Hello!"))
    learn.func()

    client = open_store(tenant).conversations
    [made] = client.list_conversations().items
    said = client.list_communications(made.id).items
    [item] = open_store(tenant).list_observations(made.participants[0].profile_id).items
    assert refusal == ""
    assert "1 loaded, 0 already there, 0 refused" in out
    assert made.status == "CLOSED"
    assert len(said) == 2
    assert "moved to Bergen" in item.content
    assert item.occurred_at == said[0].occurred_at
    [entry] = AuditEntry.objects.filter(action="memory.loaded")
    assert (entry.outcome, entry.details["loaded"]) == ("done", 1)


def test_load_conversations_twice_adds_nothing(load, tenant):
    load(a_line("I moved to Bergen."), a_line("I sold my car."))

    out, _err, _refusal = load(a_line("I moved to Bergen."), a_line("I sold my car."))

    assert "0 loaded, 2 already there" in out
    assert len(open_store(tenant).conversations.list_conversations().items) == 2


def test_load_conversations_goes_on_where_a_run_was_interrupted(
    load, tenant, monkeypatch
):
    real = conversations.ConversationsClient.create_communication
    calls = []

    def fail_once(client, *args):
        calls.append(args)
        if len(calls) == 2:
            raise MemoryUnreachable("The memory went away.")
        return real(client, *args)

    monkeypatch.setattr(
        conversations.ConversationsClient, "create_communication", fail_once
    )
    line = a_line("I moved to Bergen.", "I sold my car.", "I like tea.")
    _out, _err, stopped = load(line)
    out, _err, _refusal = load(line)

    client = open_store(tenant).conversations
    [made] = client.list_conversations().items
    assert "Run it again" in stopped
    assert "1 loaded" in out
    assert [c.content.text for c in client.list_communications(made.id).items] == [
        "I moved to Bergen.",
        "I sold my car.",
        "I like tea.",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "is not valid JSON"),
        ("[]", "must be a JSON object"),
        ({"turns": []}, "turns: unknown field"),
        (a_line(), "communications: at least one"),
        (a_line("x", participants={}), "participants: must be an array"),
        (
            a_line("x", participants=[{"type": "CUSTOMER"}]),
            "participants[0].addresses: required",
        ),
        (
            a_line(
                "x",
                communications=[
                    {
                        k: v
                        for k, v in a_line("x")["communications"][0].items()
                        if k != "occurredAt"
                    }
                ],
            ),
            "communications[0].occurredAt: required",
        ),
        (a_line("x", metadata={"a b": "c"}), "metadata"),
        (
            a_line("x\0"),
            "communications[0].content.text: control characters are not allowed",
        ),
        (a_line("x", name="\ud800"), "conversation.name: control characters"),
    ],
)
def test_load_conversations_refuses_by_line_and_field(load, tenant, line, words):
    out, err, refusal = load(a_line("I moved to Bergen."), line)

    assert "line 2" in err
    assert words in err
    assert "1 refused" in refusal
    assert "1 loaded" in out


def test_load_conversations_leaves_nothing_of_a_line_that_is_refused_late(load, tenant):
    line = a_line("I moved to Bergen.", "I have a dog.")
    stranger = {"participantId": f"conv_participant_{'0' * 26}"}
    line["communications"][1]["author"] = CUSTOMER | stranger

    _out, err, _refusal = load(line)
    left = open_store(tenant).conversations.list_conversations().items
    out, _err, _refusal = load(a_line("I moved to Bergen.", "I have a dog."))

    assert "author.participantId: nobody of this conversation" in err
    assert left == ()
    assert "1 loaded" in out
