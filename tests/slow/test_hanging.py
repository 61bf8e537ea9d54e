"""One tenant's memory hangs, and the others' people see nothing of it."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event, Thread

import httpx
import pytest

from console.client.network import IN_FLIGHT
from console.tenants.models import Role
from console.tenants.services import add_member
from tests.factories import make_tenant, move_tenant
from tests.processes import get_databases, serving, wait_for

CLIENTS = 16


class HangingMemory:
    """Takes every call and begins an answer that has no end until `release`."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.calls: list[socket.socket] = []
        self.release = Event()
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                call, _ = self._server.accept()
                self.calls.append(call)
                Thread(target=self._hang, args=(call,), daemon=True).start()

    def _hang(self, call: socket.socket) -> None:
        with call, suppress(OSError):
            call.recv(65536)
            call.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            # A byte now and then, or the client's read timeout would end the call.
            while not self.release.wait(1):
                call.sendall(b"x")

    def close(self) -> None:
        self.release.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@pytest.fixture
def hanging(transactional_db, tenant) -> Iterator[HangingMemory]:
    memory = HangingMemory()
    move_tenant(tenant, memory.address)
    yield memory
    memory.close()


@pytest.fixture
def cookies(client, tenant, agent, hanging) -> dict[str, str]:
    """Of an agent of both tenants."""
    add_member(agent, tenant=make_tenant("other"), role=Role.AGENT)
    client.force_login(agent)
    return {name: morsel.value for name, morsel in client.cookies.items()}


@contextmanager
def asking(url: str, cookies: dict[str, str]) -> Iterator:
    """A function that sends one request, and a pool for many at once."""
    limits = httpx.Limits(max_connections=None)
    with (
        httpx.Client(base_url=url, cookies=cookies, limits=limits, timeout=60) as http,
        ThreadPoolExecutor(CLIENTS * 2) as pool,
    ):
        yield lambda path: pool.submit(http.get, path)


def test_a_hanging_memory_costs_other_tenants_nothing(hanging, cookies):
    patient = {"MEMORY_ALLOW_PRIVATE": "1", "MEMORY_TOTAL_TIMEOUT_S": "300"}
    with (
        serving(prepares=True, HTTPS="0", **patient, **get_databases()) as (
            port,
            process,
        ),
        asking(f"http://127.0.0.1:{port}", cookies) as ask,
    ):
        hung = [ask("/t/acme/profiles/") for _ in range(CLIENTS)]
        # Until then nobody else asks: all the rest has been refused.
        wait_for(lambda: sum(each.done() for each in hung) >= CLIENTS - IN_FLIGHT)

        others = [ask("/t/other/profiles/") for _ in range(CLIENTS)]
        healthy = ask("/healthz")

        assert [each.result().status_code for each in others] == [200] * CLIENTS
        assert healthy.result().status_code == 200
        refused = [each.result() for each in hung if each.done()]
        assert len(refused) == CLIENTS - IN_FLIGHT
        assert len(hanging.calls) == IN_FLIGHT
        assert all("memory does not answer" in answer.text for answer in refused)

        # Whoever asks it to stop waits for what is under way.
        process.terminate()
        hanging.release.set()
        assert {each.result().status_code for each in hung} == {502, 503}
