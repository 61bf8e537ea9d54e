"""A small memory on a real socket that misbehaves as it is told."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from console.client import network

MOMENT = "2026-01-05T09:00:00Z"
LISTS_OF_OURS = {"MergeSuggestions", "Provenance"}


@dataclass
class Upstream:
    """Holds one observation until it `is_gone`.

    on_delete  answers a DELETE: returns status and headers, or None to hang up
    is_down    every read is answered 500
    merged_to  the profile that every other one was merged into
    """

    observation_id: str
    on_delete: Callable[[], tuple[int, dict[str, str]] | None]
    is_gone: bool = False
    is_down: bool = False
    merged_to: str = ""
    address: str = ""
    deletions: list[str] = field(default_factory=list)

    def answer(
        self, method: str, path: str
    ) -> tuple[int, dict[str, str], object] | None:
        if method == "DELETE":
            self.deletions.append(path)
            said = self.on_delete()
            return said and (*said, body_of(said[0]))
        if self.is_down:
            return 500, {}, body_of(500)
        if self.is_gone:
            return 404, {}, body_of(404)
        if "/Conversations" in path or last_of(path) in LISTS_OF_OURS:
            return 404, {}, body_of(404)
        if self.merged_to and self.merged_to not in path:
            profile = {"id": self.merged_to, "createdAt": MOMENT, "traits": {}}
            return 200, {"Canonical-Profile-Id": self.merged_to}, profile
        last = last_of(path)
        if last == "Revisions":
            meta = {"key": "revisions", "pageSize": 1}
            return 200, {}, {"revisions": [self.observation()], "meta": meta}
        if last.startswith("mem_profile_"):
            return 200, {}, {"id": last, "createdAt": MOMENT, "traits": {}}
        if last == "Traits":
            return 200, {}, {"traits": [], "meta": {"key": "traits", "pageSize": 50}}
        if last == "Identifiers":
            return 200, {}, {"identifiers": []}
        return 200, {}, self.observation()

    def observation(self) -> dict[str, str]:
        return {
            "id": self.observation_id,
            "content": "Prefers SMS over calls.",
            "source": "chat",
            "occurredAt": MOMENT,
            "createdAt": MOMENT,
            "updatedAt": MOMENT,
        }


def last_of(path: str) -> str:
    return path.partition("?")[0].rpartition("/")[2]


def body_of(status: int) -> dict[str, object]:
    if status < 400:
        return {"message": "accepted"}
    return {"code": 20000 + status, "message": "no", "more_info": "", "status": status}


@contextmanager
def serving(upstream: Upstream) -> Iterator[Upstream]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            said = upstream.answer(self.command, self.path)
            if said is None:
                self.close_connection = True
                return
            status, headers, answer = said
            body = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_DELETE = do_GET

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    upstream.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield upstream
    finally:
        # The process keeps a client for each address; this address ends here.
        network.http_for(upstream.address).close()
        network._http.cache_clear()
        server.shutdown()
        thread.join()
        server.server_close()
