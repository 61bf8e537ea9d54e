"""A small memory on a real socket: it knows more than its schema, and fails as told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Thread
from typing import Any

from console.client import network
from tests.pages.deletions.upstream import MOMENT, body_of

PROFILE = "mem_profile_01k0000000000000000000000b"


@dataclass
class OddMemory:
    """One store with one profile.

    schema   definitions by group and name          values  the profile's, likewise
    merged_to  what reads of the profile say it became
    failing  statuses by `PATCH` or by the end of a path; reads fail after `reads_left`
    together  ends of paths that are answered when all of them are asked for
    """

    schema: dict[str, dict[str, Any]] = field(default_factory=dict)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)
    reads_left: int = 1000
    merged_to: str = ""
    ids: list[str] = field(default_factory=lambda: [PROFILE])
    observations: list[dict[str, Any]] = field(default_factory=list)
    id_types: list[str] = field(default_factory=list)
    address: str = ""
    written: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    together: dict[str, Barrier] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.asked.append(path)
        path = path.partition("?")[0]
        if barrier := self.together.get(path.rpartition("/")[2]):
            barrier.wait(60)
        for what, status in self.failing.items():
            if method == what or path.endswith(what):
                return status, body_of(status)
        if method == "PATCH":
            self.written.append(body)
            return 202, {"message": "accepted"}
        self.reads_left -= 1
        if self.reads_left < 0:
            return 500, body_of(500)
        return 200, self.read(path)

    def read(self, path: str) -> Any:
        last = path.rpartition("/")[2]
        meta = {"key": "items", "pageSize": 50}
        if last == "IdentityResolutionSettings":
            configs = [{"idType": x, "normalization": x} for x in self.id_types]
            settings = {"identifierConfigs": configs, "matchingRules": self.id_types}
            return settings | {"version": 1}
        if last == "TraitGroups":
            return {"traitGroups": [self.group(name) for name in self.schema]} | {
                "meta": meta
            }
        if "/TraitGroups/" in path:
            return {"traitGroup": self.group(last), "meta": meta}
        if last == "Traits":
            return {"traits": self.traits(), "meta": meta}
        if last == "Identifiers":
            return {"identifiers": [{"idType": "email", "values": ["ada@example.com"]}]}
        if last == "Observations":
            return {"observations": self.observations, "meta": meta}
        if last == "ConversationSummaries":
            return {"summaries": [], "meta": meta}
        if last == "Provenance":
            return {"provenance": [], "meta": meta}
        if last == "Profiles":
            return {"profiles": self.ids, "meta": meta}
        return {"id": last, "createdAt": MOMENT, "traits": self.values}

    def group(self, name: str) -> dict[str, Any]:
        traits = self.schema.get(name, {})
        return {"displayName": name, "version": 1, "traits": traits}

    def traits(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "traitGroup": group, "value": value, "timestamp": MOMENT}
            for group, members in self.values.items()
            for name, value in members.items()
        ]


@contextmanager
def serving(memory: OddMemory) -> Iterator[OddMemory]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(length) or b"null")
            status, answer = memory.answer(self.command, self.path, sent)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if memory.merged_to and self.path.partition("?")[0].endswith("/Traits"):
                self.send_header("Canonical-Profile-Id", memory.merged_to)
            self.end_headers()
            self.wfile.write(body)

        do_PATCH = do_POST = do_GET

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    memory.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield memory
    finally:
        # The process keeps a client for each address; this address ends here.
        network.http_for(memory.address).close()
        network._http.cache_clear()
        server.shutdown()
        thread.join()
        server.server_close()
