"""A small program of Twilio Agent Connect, as that package's documentation shows one.

It answers customers by SMS, WhatsApp and chat, with a language model that is told what the memory
knows, and begins conversations itself. The package is the unmodified one.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
from tac import TAC, TACConfig
from tac.adapters.prompt_builder import MemoryPromptBuilder
from tac.channels.chat import ChatChannel
from tac.channels.sms import SMSChannel
from tac.channels.whatsapp import WhatsAppChannel
from twilio.request_validator import RequestValidator

Answer = Callable[[str, Any, bytes], Any]


@contextmanager
def listening(answer: Answer) -> Iterator[str]:
    """Where `answer(path, headers, body)` is asked by POST; a fault of it is a 500."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, told = 500, b""
            try:
                told = json.dumps(answer(self.path, self.headers, body)).encode()
                status = 200
            finally:
                self.send_response(status)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Agent:
    """model  address of the language model, which speaks as OpenAI's does"""

    def __init__(self, model: str) -> None:
        self.tac = TAC(config=TACConfig.from_env())
        remembers = {"memory_mode": "always"}
        self.sms = SMSChannel(self.tac, config=remembers)
        self.chat = ChatChannel(self.tac, config=remembers)
        self.whatsapp = WhatsAppChannel(self.tac, config=remembers)
        self.tac.on_message_ready(self.reply)
        self.tac.on_error(lambda error, _: self.errors.append(str(error)))
        self.errors: list[str] = []
        self.address = ""
        self._model = model
        self._validator = RequestValidator(self.tac.config.auth_token)
        self._loop = asyncio.new_event_loop()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address of its webhook."""
        thread = Thread(target=self._loop.run_forever)
        thread.start()
        try:
            with listening(self.hear) as self.address:
                yield f"{self.address}/webhook"
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    def hear(self, path: str, headers: Any, body: bytes) -> dict[str, Any]:
        signature = headers["X-Twilio-Signature"]
        url = f"{self.address}{path}"
        if not self._validator.validate(url, body.decode(), signature):
            raise ValueError("not signed with the account's token")
        token = headers["i-twilio-idempotency-token"]
        for channel in (self.sms, self.chat, self.whatsapp):
            self.do(channel.process_webhook(json.loads(body), token))
        return {}

    def do(self, work: Any) -> Any:
        """In the loop that all its work shares."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def reply(self, message: str, context: Any, memory: Any) -> str:
        system = MemoryPromptBuilder.compose("You help customers.", memory, context)
        turns = [
            {"role": "system", "content": system},
            {"role": "user", "content": message},
        ]
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(
                f"{self._model}/v1/chat/completions",
                json={"model": "scripted", "messages": turns},
            )
        return answer.json()["choices"][0]["message"]["content"]
