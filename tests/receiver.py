"""A server that webhooks are sent to."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any


class Receiver:
    """A callback's server. `answers`: statuses to come, then 204 for ever."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.answers: list[int] = []
        self.before: Callable[[], Any] = lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length).decode()
                call = SimpleNamespace(
                    method=self.command,
                    url=f"http://{self.headers['Host']}{self.path}",
                    headers=dict(self.headers),
                    body=body,
                )
                receiver.calls.append(call)
                receiver.before()
                status = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?shop=1"
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def events(self) -> list[str]:
        return [json.loads(call.body)["eventType"] for call in self.calls]
