"""The service on a port, in the transaction of the test that asks it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.db import connections, transaction

from console.wsgi import application

_ID = re.compile(r"[a-z]+_[a-z]+_[0-9a-z]{26}")


class Door:
    """The application, with the connections of the thread that made it.

    forgetful  every request finds the world as it was: a deletion deletes nothing
               for the request after it
    statuses   how often each was answered
    reached    methods and paths, without ids, that were done
    """

    def __init__(self, *, forgetful: bool) -> None:
        self.statuses: Counter[str] = Counter()
        self.reached: set[str] = set()
        self._forgetful = forgetful
        self._connections = {alias: connections[alias] for alias in connections}
        for connection in self._connections.values():
            connection.inc_thread_sharing()

    def close(self) -> None:
        for connection in self._connections.values():
            connection.dec_thread_sharing()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        for alias, connection in self._connections.items():
            connections[alias] = connection
        with transaction.atomic(using="memory"):
            answer = application(environ, self._counting(environ, start_response))
            transaction.set_rollback(self._forgetful, using="memory")
        return answer

    def _counting(self, environ: Any, start_response: Any) -> Any:
        called = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"

        def start(status: str, headers: Any, *more: Any) -> Any:
            self.statuses[status[:3]] += 1
            if status.startswith("2"):
                self.reached.add(_ID.sub("{}", called))
            return start_response(status, headers, *more)

        return start


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serve(door: Door) -> Iterator[str]:
    """Answers where the door is: http://127.0.0.1:<port>."""
    server = make_server("127.0.0.1", 0, door, handler_class=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        door.close()
