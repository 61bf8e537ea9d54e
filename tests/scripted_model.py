"""A chat model that says what its script tells it, in OpenAI's and Anthropic's form."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

Line = Any  # a status, a text or an object to answer with; or what makes it of a call


class ScriptedModel:
    """`script`: what is answered, in turn; its last line for ever. `calls`: what was
    asked for, with path, headers and body."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.script: list[Line] = [{"facts": [], "summary": ""}]
        # Of the ways to ask for a form, those that it refuses.
        self.refuses: Callable[[dict[str, Any]], bool] = lambda body: False
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(length))
                call = SimpleNamespace(
                    path=self.path, headers=dict(self.headers), body=body
                )
                model.calls.append(call)
                line = 400 if model.refuses(body) else model.take(call)
                status = line if isinstance(line, int) else 200
                if not isinstance(line, bytes):
                    line = json.dumps(model.wrap(self.path, line)).encode()
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(line)))
                self.end_headers()
                self.wfile.write(line)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, call: Any) -> Line:
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return line(call) if callable(line) else line

    @staticmethod
    def wrap(path: str, line: Line) -> Any:
        text = line if isinstance(line, str) else json.dumps(line)
        if path.endswith("/chat/completions"):
            message = {"role": "assistant", "content": text}
            usage = {"prompt_tokens": 100, "completion_tokens": 20}
            return {"choices": [{"message": message}], "usage": usage}
        usage = {"input_tokens": 100, "output_tokens": 20}
        block = {"type": "tool_use", "name": "answer", "input": line}
        if isinstance(line, str):
            block = {"type": "text", "text": text}
        return {"content": [block], "usage": usage}


@contextmanager
def running() -> Iterator[ScriptedModel]:
    model = ScriptedModel()
    yield model
    model.server.shutdown()
    model.server.server_close()


def read_rows(call: Any) -> list[Any]:
    """The data of a question, between its marks."""
    question = call.body["messages"][-1]["content"]
    [(_, rows)] = re.findall(r"^([0-9a-f]{16})\n(.*?)\n\1$", question, re.M | re.S)
    return [json.loads(row) for row in rows.splitlines()]
