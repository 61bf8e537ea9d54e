"""The server we ship: what it writes down, and how it stops."""

import socket
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from struct import pack

import httpx
import pytest
from waitress.adjustments import Adjustments

from console.web_worker import REQUEST_S, Channel, StrictParser
from tests.server import serving


@pytest.fixture
def databases(tmp_path):
    return {
        "DATABASE_URL": f"sqlite:///{tmp_path}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{tmp_path}/memory.sqlite3",
    }


def test_access_log_names_the_path_without_the_query(databases, tmp_path):
    log = tmp_path / "access.log"

    with serving(ACCESS_LOG=str(log), HTTPS="0", **databases) as (port, _process):
        httpx.head(f"http://127.0.0.1:{port}/healthz?id=ada@example.com")

    assert "HEAD /healthz 200 " in log.read_text()
    assert "ada" not in log.read_text()


def test_stop_waits_for_no_idle_and_no_unfinished_request(databases):
    with serving(HTTPS="0", **databases) as (port, process):
        connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        _silent, unfinished, idle = connections
        unfinished.sendall(b"GET /healthz HTTP/1.1\r\nHost:")
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"

        process.terminate()

        assert process.wait(60) == 0
    for connection in connections:
        connection.close()


def test_clients_that_hang_up_end_no_process(databases):
    def list_workers():
        return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()

    with serving(HTTPS="0", **databases) as (port, process):
        before = list_workers()
        for sent in [b"", b"GET", b"GET / HTTP/1.1\r\n\r\n", b"no HTTP\r\n\r\n"] * 25:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(sent)
                # Its end comes as a reset, with what was sent.
                connection.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))

        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        assert list_workers() == before


def test_a_request_that_drips_for_long_is_ended():
    channel = Channel.__new__(Channel)
    channel.request = StrictParser(Adjustments())

    channel.end_if_late()
    assert not channel.will_close

    channel.request.began_at -= REQUEST_S + 1
    channel.end_if_late()
    assert channel.will_close
