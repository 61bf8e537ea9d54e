"""The running service on a real port, and the official clients that call it."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import connections
from django_tasks_db.management.commands.db_worker import Worker

from console.wsgi import application
from tests.factories import make_account
from tests.sdk import node_client
from tests.sdk.operations import WALKS, operation_of
from tests.sdk.proxy import HOSTS, proxying
from tests.sdk.python_client import PythonClient

Walk = Callable[[str], Any]


@pytest.fixture
def called() -> set[str]:
    """The operations that were answered with success."""
    return set()


@pytest.fixture
def address(live_server, called, monkeypatch):
    """The live server's address, with /v1 behind it as in production."""
    # It sends headers and body apart: 40 ms a request, were the body to wait.
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)

    def listen(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *error: Any) -> Any:
            if status.startswith("2"):
                called.add(
                    operation_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])
                )
            return start_response(status, headers, *error)

        return application(environ, start)

    pages = live_server.thread.httpd.get_app()
    live_server.thread.httpd.set_app(listen)
    yield live_server.url
    live_server.thread.httpd.set_app(pages)


@pytest.fixture
def worker(transactional_db):
    """`manage.py db_worker`, running beside the server."""
    worker = Worker(
        queue_names=["*"],
        interval=0.02,
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="sdk",
        excluded_queue_names=[],
    )

    def work() -> None:
        try:
            worker.run()
        finally:
            connections.close_all()

    thread = Thread(target=work)
    thread.start()
    yield
    worker.running = False
    thread.join()


@pytest.fixture
def account(transactional_db) -> dict[str, str]:
    return make_account()


@pytest.fixture
def python(address, account, monkeypatch):
    """The client as its makers ship it; only its address is ours."""
    monkeypatch.setenv("NO_PROXY", "*")
    for name in ("TWILIO_EDGE", "TWILIO_REGION"):
        monkeypatch.delenv(name, raising=False)
    client = PythonClient(address, account)
    yield client
    client.close()


@pytest.fixture(scope="session")
def packages() -> Path:
    return node_client.find()


@pytest.fixture
def node(packages, address, account) -> node_client.NodeClient:
    return node_client.NodeClient(packages, address, account)


@pytest.fixture(params=["python", "node"])
def walk(request, address, called) -> Walk:
    """Plays a walk with one official client; answers what the client was told."""
    # The client's own fixtures are hidden from pytest-django by this call; `address`
    # above tells it that the test needs both databases.
    client = request.getfixturevalue(request.param)

    def play(name: str) -> Any:
        told = client.walk(name)
        assert set(WALKS.get(name, "").split()) <= called
        return told

    return play


@pytest.fixture
def proxied(address, settings, tmp_path, monkeypatch):
    """The variables for a client; this process has them too."""
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, *HOSTS]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    upstream = urlsplit(address)
    with proxying((upstream.hostname, upstream.port), tmp_path) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield variables
