"""Whether conversations stay as quick when they grow, and recall by conversation.

CPU time of calls without a server between; both sizes take turns, so that the ratios
hold on a busy machine too. What a call costs over HTTP stands in `api`.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from time import process_time
from typing import Any

import httpx
from django.db import connections
from django.test.utils import CaptureQueriesContext

from console.contract.ids import new_id
from console.engine.extractive import Turn
from console.service.conversations.lifecycle import sweep
from console.service.conversations.models import (
    Communication,
    Conversation,
    Participant,
)
from console.wsgi import application
from tests.benchmarks.api import SAID
from tests.factories import make_account

TURNS, OBSERVATIONS = 10_000, 500
# A million take some minutes to make.
CONVERSATIONS = int(os.environ.get("BENCH_CONVERSATIONS", "100_000"))
ROUNDS, CALLS, BATCH = 7, 30, 5_000
TALK = (
    "Hello, is this the shop in Bergen?",
    "I bought a red tunnel tent from you in May.",
    "Its pole broke on the second night of our trip.",
    "It was rather windy, but not a storm.",
    "Can I have a new pole, or do I need a new tent?",
    "The order number is on the invoice, I think.",
    "Yes, that is my address, but I have moved since.",
    "We leave for the mountains again on Friday.",
    "Could it be sent to my sister instead?",
    "Great, then please send the stronger pole.",
)
ADA, [SHOP] = SAID["author"], SAID["recipients"]


class Api:
    """One account, called through the product's WSGI application."""

    def __init__(self, name: str) -> None:
        account = make_account(name)
        transport = httpx.WSGITransport(app=application)
        auth = (account["accountSid"], account["authToken"])
        self.http = httpx.Client(
            transport=transport, base_url="http://127.0.0.1", auth=auth
        )
        accepted = self.post("/v1/ControlPlane/Stores", {"displayName": name})
        operation = self.http.get(accepted["statusUrl"]).json()
        self.store = operation["result"]["id"]

    def post(self, path: str, body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()

    def open(self, *addresses: Any) -> Any:
        """A conversation of a customer, with an agent."""
        people = [
            {"type": "CUSTOMER", "addresses": [addresses[0] if addresses else ADA]},
            {"type": "HUMAN_AGENT", "name": "Kim", "addresses": [SHOP]},
        ]
        inline = {
            "memoryStoreId": self.store,
            "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
            "memoryExtractionEnabled": True,
            "channelSettings": {
                "SMS": {"statusTimeouts": {"inactive": 10, "closed": 60}}
            },
        }
        body = {"configuration": inline, "participants": people}
        return self.post("/v2/Conversations", body)

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def hold_talk(self, people: dict[str, Any], turns: Sequence[Turn]) -> "Talk":
        """What these people said, by chat, closed.

        people  name to address, or to None: one of the name; whoever is called Agent is one
        """
        parties = {
            name: {"channel": "CHAT", "address": address or f"chat-{name}"}
            for name, address in people.items()
        }
        kinds = {"Agent": "HUMAN_AGENT"}
        opened = self.post(
            "/v2/Conversations",
            {
                "configuration": {
                    "memoryStoreId": self.store,
                    "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
                    "memoryExtractionEnabled": True,
                },
                "participants": [
                    {"type": kinds.get(name, "CUSTOMER"), "name": name}
                    | {"addresses": [party]}
                    for name, party in parties.items()
                ],
            },
        )
        path, said = f"/v2/Conversations/{opened['id']}", []
        for turn in turns:
            others = [each for name, each in parties.items() if name != turn.speaker]
            body = {
                "author": parties[turn.speaker],
                "recipients": others,
                "content": {"type": "TEXT", "text": turn.text},
                "occurredAt": turn.said_at.isoformat(),
            }
            said.append(self.post(f"{path}/Communications", body)["id"])
        answer = self.http.patch(path, json={"status": "CLOSED"})
        assert answer.status_code == 200, answer.text
        profiles = {
            each["name"]: each.get("profileId", "") for each in opened["participants"]
        }
        return Talk(opened["id"], profiles, said)


@dataclass(frozen=True)
class Talk:
    """profiles: by name; said: ids of communications, in order."""

    id: str
    profiles: dict[str, str]
    said: list[str]


def run() -> None:
    few, many = Api("few"), Api("many")
    short, long = few.open(), few.open({"channel": "SMS", "address": "+15558675311"})
    for conversation in (short, long):
        say(few, conversation)()
    lengthen(long["id"], TURNS)
    crowded = many.open()
    say(many, crowded)()
    alone = median([measure(sweep) for _ in range(CALLS)])
    multiply(crowded["id"], CONVERSATIONS)
    print(f"\n{'conversations':<44}{'ms':>8}{'ms':>8}{'ratio':>8}")
    compare("POST, 10 and 10,000 turns", say(few, short), say(few, long))
    compare(
        f"POST, a few and {CONVERSATIONS:,} conversations",
        say(few, short),
        say(many, crowded),
    )
    compare(
        f"GET list, a few and {CONVERSATIONS:,}",
        lambda: few.http.get("/v2/Conversations?pageSize=2"),
        lambda: many.http.get("/v2/Conversations?pageSize=2"),
    )
    crowd = median([measure(sweep) for _ in range(CALLS)])
    print(f"{'sweep, the same':<44}{alone:>8.2f}{crowd:>8.2f}{crowd / alone:>7.2f}x")
    compare_recalls(few, short)
    with CaptureQueriesContext(connections["memory"]) as captured:
        say(few, short)()
    print(f"{'queries of a POST':<44}{len(captured):>8}")


def say(api: Api, conversation: Any) -> Callable[[], Any]:
    path = f"/v2/Conversations/{conversation['id']}/Communications"
    return lambda: api.post(path, SAID)


def compare_recalls(api: Api, conversation: Any) -> None:
    profile = conversation["participants"][0]["profileId"]
    path = f"/v1/Stores/{api.store}/Profiles/{profile}"
    items = [
        {"content": f"Ordered part {n} of a tent.", "source": "bench"}
        | {"occurredAt": "2026-01-05T09:00:00Z"}
        for n in range(OBSERVATIONS)
    ]
    for start in range(0, OBSERVATIONS, 10):
        body = {"observations": items[start : start + 10]}
        api.post(f"{path}/Observations", body)
    said = f"/v2/Conversations/{conversation['id']}/Communications"
    for text in TALK:
        api.post(said, SAID | {"content": {"type": "TEXT", "text": text}})
    by_query = {"query": TALK[-1]}
    by_conversation = {"conversationId": conversation["id"]}
    compare(
        "Recall, by query and by conversation",
        lambda: api.post(f"{path}/Recall", by_query),
        lambda: api.post(f"{path}/Recall", by_conversation),
    )


def compare(name: str, usual: Callable[[], Any], largest: Callable[[], Any]) -> None:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for call, measured in zip((usual, largest), times, strict=True):
            measured += [measure(call) for _ in range(CALLS)]
    first, second = (median(measured) for measured in times)
    print(f"{name:<44}{first:>8.2f}{second:>8.2f}{second / first:>7.2f}x")


def measure(call: Callable[[], Any]) -> float:
    begin = process_time()
    call()
    return (process_time() - begin) * 1000


def lengthen(conversation_id: str, count: int) -> None:
    [said] = Communication.objects.filter(conversation_id=conversation_id).values()
    copy(
        Communication,
        (
            said | {"id": new_id("conv_communication"), "sequence": number}
            for number in range(2, count + 1)
        ),
    )
    found = Conversation.objects.filter(id=conversation_id)
    found.update(last_sequence=count)


def multiply(conversation_id: str, count: int) -> None:
    """Others like it, none of which has come to its end."""
    [*people] = Participant.objects.filter(conversation_id=conversation_id)
    [said] = Communication.objects.filter(conversation_id=conversation_id)
    conversation = f"'conv_conversation_' || {pad(26)}"
    group = {"id": conversation, '"group"': "'g' || i"}
    insert_like(Conversation, conversation_id, count, group)
    of = {"conversation_id": conversation}
    for number, each in enumerate(people):
        new = of | {"id": f"'conv_participant_{number}' || {pad(25)}"}
        insert_like(Participant, each.id, count, new)
    new = of | {"id": f"'conv_communication_' || {pad(26)}"}
    insert_like(Communication, said.id, count, new)


def pad(width: int) -> str:
    """SQL of the number i in so many digits."""
    zeros = "0" * width
    return f"substr('{zeros}' || i, length(CAST(i AS text)) + 1, {width})"


def insert_like(model: Any, id_: str, count: int, new: dict[str, str]) -> None:
    """Copies of a row, made by the database; `new`: SQL of the columns that differ."""
    fields = [f.column for f in model._meta.concrete_fields if f.column]
    names = [f'"{name}"' if name == "group" else name for name in fields]
    values = [new.get(name, f"t.{name}") for name in names]
    table = model._meta.db_table
    with connections["memory"].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) WITH RECURSIVE n(i) AS"  # noqa: S608 - our own names
            " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
            f" SELECT {', '.join(values)} FROM {table} t, n WHERE t.id = %s",
            [count, id_],
        )


def copy(model: Any, rows: Iterable[dict[str, Any]]) -> None:
    objects = (model(**row) for row in rows)
    while batch := list(islice(objects, BATCH)):
        model.objects.bulk_create(batch)
