"""The older dialect, /v1/Services, for callers that know today's alone. Contract, section
16.

A store and its customers are at other paths, and three calls have another form. What the
dialect lacks is MemoryLacks, but for what every store of it is known to have: how it tells
people apart, and the group Contact.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from console.client.decode import decode_object
from console.client.errors import MemoryLacks
from console.client.http import Call, Response, Sender
from console.contract.base import Body
from console.contract.memory.operation import Operation, OperationResult
from console.contract.memory.v1_services import V1_RECALL_ITEMS

_STORE = re.compile(r"/v1/ControlPlane/Stores(/[^/]+)?")
_CONTROL = re.compile(r"/v1/ControlPlane/(?:Stores/[^/]+/?)?([^/]*).*")
_TABLE = tomllib.loads(Path(__file__).with_name("older.toml").read_text("utf-8"))
_WORDS, _FIXED = _TABLE["words"], _TABLE["fixed"]


class OlderSender(Sender):
    declares = False

    def check_has(self, what: str) -> None:
        raise MemoryLacks(what)

    def start(
        self, method: str, path: str, body: Body | None = None, *, version: int = -1
    ) -> Operation:
        """Done at once: nothing here has an operation."""
        made = self.write(method, path, body, version=version).content
        return Operation(
            operation_id="none",
            status="COMPLETED",
            created_at=datetime.now(UTC),
            result=OperationResult(id=made.get("id", "")),
        )

    def _follow(self, call: Call) -> Response:
        ask = super()._follow
        if call.method != "PATCH" and (store := _STORE.fullmatch(call.path)):
            older = replace(call, path=f"/v1/Services{store[1] or ''}")
            if call.method == "POST" and call.body:
                names = {"displayName": "uniqueName", "description": "friendlyName"}
                older = replace(
                    older, body={names[key]: value for key, value in call.body.items()}
                )
            return _rewrite(ask(older), _read_store)
        if lacking := _CONTROL.fullmatch(call.path):
            what = lacking[1]
            if call.method == "GET" and call.path.endswith(what) and what in _FIXED:
                fixed = msgspec.json.encode(_FIXED[what])
                return Response(call, 200, httpx.Headers(), fixed)
            raise MemoryLacks(_WORDS.get(what, "settings of a store"))
        call = replace(call, path=call.path.replace("/v1/Stores/", "/v1/Services/", 1))
        match call.method, call.path.rpartition("/")[2]:
            case "POST", "Lookup":
                return _rewrite(ask(call), _read_lookup)
            case "POST", "Recall" if call.body:
                limits = {
                    name: min(most, V1_RECALL_ITEMS)
                    for name, most in call.body.items()
                    if name.endswith("sLimit")
                }
                call = replace(call, body=call.body | limits)
            case "POST", "ConversationSummaries" if call.body:
                # One is the body itself.
                *others, last = call.body["summaries"]
                for each in others:
                    ask(replace(call, body=each))
                call = replace(call, body=last)
        return ask(call)


Content = dict[str, Any]


def _rewrite(response: Response, read: Callable[[Content], Content]) -> Response:
    """With the body as today's dialect has it; one that is not the older's stays, and
    nothing else can read it either."""
    try:
        content = read(decode_object(response.body))
    except (ValueError, LookupError, TypeError):
        return response
    return replace(response, body=msgspec.json.encode(content))


def _read_store(found: Content) -> Content:
    if "services" in found:
        return found | {"stores": [each["sid"] for each in found["services"]]}
    if "sid" not in found:  # it was deleted
        return found
    named = {"id": found["sid"], "displayName": found["uniqueName"]}
    return found | named | {"description": found.get("friendlyName", "")}


def _read_lookup(found: Content) -> Content:
    return found | {"profiles": [each["id"] for each in found["profiles"]]}
