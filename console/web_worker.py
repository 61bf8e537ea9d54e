"""gunicorn's processes with waitress's connections: no client holds a thread.

gunicorn (console/gunicorn.py) starts, watches and stops the processes. In each of them
waitress reads a request to its end before a thread gets it, and takes the answer from
the thread before the client has read it.
"""

import os
import re
import resource
from contextlib import suppress
from datetime import timedelta
from time import monotonic, time
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import parse_qs

from django.conf import settings
from django.core import signing
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker
from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import BaseWSGIServer, create_server
from waitress.task import WSGITask
from waitress.wasyncore import loop

from console.contract.memory.error import BODY_BYTES
from console.contract.memory.profile_import import (
    IMPORT_BYTES_MAX,
    UPLOAD_SALT,
    UPLOADS,
)

T = TypeVar("T")

HEADER_BYTES = 32 * 1024
# Where files arrive, by signed addresses: in the API, and on the page that imports one.
_TAKES_FILES = re.compile(rf"{UPLOADS}|/t/[^/]+/(?:imports|knowledge/\w+)/add/$")
# How long a request may take to arrive: so long, and longer for a large file.
REQUEST_S, LEAST_BYTES_PER_S = 60.0, 64 * 1024
# Sockets and the files that large bodies are kept in.
OPEN_FILES = 8192


class Discarded(OverflowableBuffer):
    """Keeps nothing of a body that the application refuses by its headers alone."""

    def append(self, s: bytes) -> None:
        pass


class StrictParser(HTTPRequestParser):
    """Refuses what two servers in a row could take for different requests."""

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self.began_at = monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        _first, *lines = header_plus.lower().split(b"\r\n")
        framing = [
            line.partition(b":")[2].strip(b" \t")
            for line in lines
            if line.startswith((b"transfer-encoding:", b"content-length:"))
        ]
        if len(framing) > 1:
            raise ParsingError("The body's length is given twice")
        if any(line.startswith((b" ", b"\t")) for line in lines):
            raise ParsingError("A header goes on in another line")
        super().parse_header(header_plus)
        if self.version not in {"1.0", "1.1"}:
            raise ParsingError("Not HTTP/1.0 or HTTP/1.1")
        if "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("HTTP/1.0 knows no transfer encoding")
        if self.chunked:
            self.headers["TRANSFER_ENCODING"] = "chunked"
        if self.chunked or self.content_length > self._get_limit():
            self.body_rcv.buf = Discarded(0)

    def _get_limit(self) -> int:
        if _TAKES_FILES.search(self.path) and _is_signed(self.query):
            return IMPORT_BYTES_MAX
        if "AUTHORIZATION" in self.headers:
            return BODY_BYTES
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return limit


def _is_signed(query: str) -> bool:
    """Whose signature it is, and what for, the application looks at."""
    signature = parse_qs(query).get("signature", [""])[0]
    try:
        signing.loads(signature, salt=UPLOAD_SALT, max_age=settings.SESSION_COOKIE_AGE)
    except signing.BadSignature:
        return False
    return True


class Task(WSGITask):
    """One request, and its line in the access log."""

    log: Logger

    def service(self) -> None:
        super().service()
        took = timedelta(seconds=time() - self.start_time)
        response = SimpleNamespace(
            status=self.status,
            sent=self.content_bytes_written,
            headers=self.response_headers,
        )
        request = SimpleNamespace(headers=[])
        self.log.access(
            response, request, {"RAW_URI": ""} | self.get_environment(), took
        )


class Channel(HTTPChannel):
    """One connection."""

    parser_class = StrictParser
    task_class = Task

    @property
    def is_idle(self) -> bool:
        return not (self.requests or self.total_outbufs_len)

    def handle_close(self) -> None:
        """Closing on bytes that nobody has read would reset the connection, and the
        client would lose the answer that says why."""
        if self.socket is None:
            return  # a client that sends and hangs up at once ends it twice
        with suppress(OSError):
            self.socket.recv(HEADER_BYTES)
        super().handle_close()

    def end_if_late(self) -> None:
        """A client that drips is never inactive."""
        if self.request is None:
            return
        allowed_s = REQUEST_S + self.request.content_length / LEAST_BYTES_PER_S
        if monotonic() - self.request.began_at > allowed_s:
            self.will_close = True


class BufferingWorker(Worker):
    """A process: one thread for all connections, `threads` for the application."""

    def run(self) -> None:
        _raise_file_limit()
        BaseWSGIServer.channel_class = Channel
        Task.log = self.log
        self.sockets_open: dict[int, Any] = {}
        create_server(
            self.wsgi,
            map=self.sockets_open,
            sockets=[listener.sock for listener in self.sockets],
            threads=self.cfg.threads,
            backlog=self.cfg.backlog,
            connection_limit=self.cfg.worker_connections,
            channel_timeout=self.cfg.keepalive,
            max_request_header_size=HEADER_BYTES,
            max_request_body_size=IMPORT_BYTES_MAX + 1,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False,
            ident=None,
        )
        while self.alive and self.ppid == os.getppid():
            self._turn()
            for channel in self._list(Channel):
                channel.end_if_late()
        self._finish()

    def _turn(self) -> None:
        """What has come in and can go out now; a second without either."""
        self.notify()
        loop(timeout=1.0, use_poll=True, map=self.sockets_open, count=1)

    def _list(self, kind: type[T]) -> list[T]:
        return [each for each in self.sockets_open.values() if isinstance(each, kind)]

    def _finish(self) -> None:
        """Answers what has come in whole; gunicorn ends it at graceful_timeout."""
        for listener in self._list(BaseWSGIServer):
            listener.accepting = False
        while channels := self._list(Channel):
            for channel in channels:
                channel.will_close |= channel.is_idle
            self._turn()


def _raise_file_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, OPEN_FILES), hard))
