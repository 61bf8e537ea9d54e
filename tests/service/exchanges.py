"""What the memory answers to one long row of calls, recorded byte for byte.

`play` sends every call of exchange_calls.py to the service as a WSGI application, on
empty databases and under a clock that stands still during a call. What is random is
named in the order in which it first appears (`<mem_profile 1>`), and messages may be
reworded, so two runs of the same contract answer the same text.

The record was made before the modules were moved. `python -m
tests.service.exchanges` writes it anew: only for a change that clients are to see.
"""

import io
import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import TestCase, override_settings
from django.utils.module_loading import import_string

from tests.service.exchange_calls import CALLS, CONVERSATION, NOBODY, Call

RECORD = Path(__file__).with_suffix(".json")
HOST = "testserver"
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
# Vectors come from a worker; the service is the same without them.
SETTINGS = {
    "MEMORY_EMBEDDER": "none",
    "MEMORY_FOLLOW_MERGED": False,
    "MEMORY_REQUESTS_PER_S": 0.0,
    "MEMORY_VISIBILITY_LAG_S": 0.0,
}

Exchange = dict[str, Any]

# What browsers are told of every answer, pages' as well: no part of the contract.
OF_EVERY_ANSWER = {
    "cross-origin-opener-policy",
    "x-request-id",
    "twilio-request-id",
    "referrer-policy",
    "x-content-type-options",
}

_RANDOM = re.compile(
    r"\b(?P<id>(?P<prefix>mem_[a-z]+|conv_conversation|tdi_dataset)_[0-7][0-9a-z]{25})\b"
    r"|(?P<sid>\bAC[0-9a-f]{32}\b)"
    r"|(?<=signature=)(?P<signature>[\w:.%-]{20,})"
    r"|(?:(?<=[pP]ageToken=)|(?<=\"nextToken\":\")|(?<=\"previousToken\":\"))"
    r"(?P<token>[\w:.%-]{20,})"
)
_TOOK = re.compile(r'"queryTime":\d+|"stepsMs":\{[^}]*')
_WORDS = re.compile(r'"(message|title|detail)":"(?:[^"\\]|\\.)*"')
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def play() -> list[Exchange]:
    """Every call and what it was answered; nothing of it stays in the databases."""
    with _rolled_back(), override_settings(**SETTINGS):
        player = Player()
        with time_machine.travel(BEGIN, tick=False) as clock:
            return [player.exchange(call, clock) for call in CALLS]


@contextmanager
def _rolled_back() -> Iterator[None]:
    with transaction.atomic(using="default"), transaction.atomic(using="memory"):
        yield
        for alias in ("default", "memory"):
            transaction.set_rollback(True, using=alias)


class Player:
    """Sends calls one after the other and remembers what later ones refer to."""

    def __init__(self) -> None:
        application = import_string(settings.MEMORY_APPLICATION)
        transport = httpx.WSGITransport(app=application)
        self.http = httpx.Client(transport=transport, base_url=f"http://{HOST}")
        self.http.headers["Accept-Encoding"] = "identity"
        self.known = {"nobody": NOBODY, "conversation": CONVERSATION}
        self.names = Names()
        for name in ("acme", "other"):
            self._make_account(name)

    def _make_account(self, name: str) -> None:
        out = io.StringIO()
        call_command("create_account", name, "--json", stdout=out)
        made = json.loads(out.getvalue())
        for who, pair in {
            name: ("accountSid", "authToken"),
            f"{name}_key": ("apiKey", "apiSecret"),
        }.items():
            credentials = ":".join(made[part] for part in pair)
            self.known[who] = "Basic " + b64encode(credentials.encode()).decode()

    def exchange(self, call: Call, clock: Any) -> Exchange:
        clock.shift(call.after_s)
        if call.worker_first:
            run_tasks()
        path = self._fill(call.path).removeprefix(f"http://{HOST}")
        with override_settings(**call.settings), on_commit():
            response = self._send(call, path)
        self._keep(call, response)
        text = response.content.decode()
        body = "\n".join(addresses(text)) if call.only_addresses else text
        return {
            "call": self.names.put(f"{call.method} {path}"),
            "status": response.status_code,
            "headers": self._headers(response),
            "body": lines_of(without_words(self.names.put(body))),
        }

    def _send(self, call: Call, path: str) -> httpx.Response:
        headers = {name: self._fill(value) for name, value in call.headers.items()}
        if call.who:
            headers.setdefault("Authorization", self.known[call.who])
        if call.body is not None:
            headers.setdefault("Content-Type", "application/json")
        return self.http.request(
            call.method, path, content=self._content(call.body), headers=headers
        )

    def _content(self, body: Any) -> Any:
        if body is None or isinstance(body, bytes):
            return body
        return json.dumps(self._fill(body), ensure_ascii=False).encode()

    def _fill(self, value: Any) -> Any:
        """The value with what is known in the place of each `{name}`."""
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda found: self.known[found[1]], value)
        if isinstance(value, list):
            return [self._fill(item) for item in value]
        if isinstance(value, dict):
            return {self._fill(key): self._fill(item) for key, item in value.items()}
        return value

    def _keep(self, call: Call, response: httpx.Response) -> None:
        try:
            for name, place in call.keep.items():
                self.known[name] = part_of(response, place)
        except (KeyError, IndexError, ValueError) as exc:
            message = f"{call.method} {call.path} was answered {response.text}"
            raise AssertionError(message) from exc

    def _headers(self, response: httpx.Response) -> dict[str, str]:
        told = OF_EVERY_ANSWER | {name.lower() for name in settings.ANSWER_HEADERS}
        headers = {
            name: self.names.put(value)
            for name, value in sorted(response.headers.items())
            if name not in told
        }
        if "content-encoding" in headers:
            # How small it gets depends on the ids in it.
            headers["content-length"] = "<length>"
        return headers


class Names:
    """One name for each random text, by its kind and the order of appearance."""

    def __init__(self) -> None:
        self.given: dict[str, str] = {}
        self.counts: Counter[str] = Counter()

    def put(self, text: str) -> str:
        return _RANDOM.sub(self._name, text.replace(HOST, "<host>"))

    def _name(self, found: re.Match[str]) -> str:
        kind = found["prefix"] or found.lastgroup or ""
        if found[0] not in self.given:
            self.counts[kind] += 1
            self.given[found[0]] = f"<{kind} {self.counts[kind]}>"
        return self.given[found[0]]


@contextmanager
def on_commit() -> Iterator[None]:
    """What waits for the memory's commit is done, though the play is rolled back."""
    with TestCase.captureOnCommitCallbacks(using="memory", execute=True):
        yield


def run_tasks() -> None:
    """What a worker would do, in its order."""
    from django_tasks_db.models import DBTaskResult  # needs settings

    for result in DBTaskResult.objects.ready():
        arguments = result.args_kwargs
        DBTaskResult.objects.filter(pk=result.pk).delete()
        result.task.func(*arguments["args"], **arguments["kwargs"])


def part_of(response: httpx.Response, place: str) -> str:
    """A part of a JSON answer by the way there: `observations.0.id`."""
    part: Any = response.json()
    for step in place.split("."):
        part = part[int(step) if isinstance(part, list) else step]
    return str(part)


def addresses(text: str) -> list[str]:
    """What an OpenAPI description is of: its texts and schemas may grow."""
    paths: Mapping[str, Mapping[str, Any]] = json.loads(text)["paths"]
    return sorted(
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
    )


def without_words(text: str) -> str:
    """A body without its messages and without what the clock on the wall says."""
    text = _WORDS.sub(r'"\1":"<\1>"', text)
    return _TOOK.sub(lambda found: re.sub(r":[\d.]+", ":<ms>", found[0]), text)


def lines_of(text: str) -> list[str]:
    """A text cut before its objects; joined, it is what it was."""
    return re.split(r"(?<=[,\[])(?=\{)|(?<=\n)", text) if text else []


def write(exchanges: list[Exchange]) -> None:
    text = json.dumps(exchanges, indent=1, ensure_ascii=False)
    RECORD.write_text(text + "\n", encoding="utf-8")


def read() -> list[Exchange]:
    exchanges: list[Exchange] = json.loads(RECORD.read_text(encoding="utf-8"))
    return exchanges


if __name__ == "__main__":
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        RECORD.with_name("test_exchanges.py"),
    ]
    environment = os.environ | {"RECORD_EXCHANGES": "1"}
    sys.exit(subprocess.run(command, check=False, env=environment).returncode)
