"""The server we ship: what it writes down, and how it stops."""

import os
import re
import socket
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from time import time

import httpx
import pytest
import time_machine
from django.core import signing
from waitress.adjustments import Adjustments

from console.contract.memory.profile_import import UPLOAD_SALT
from console.web_worker import REQUEST_S, Channel, StrictParser
from tests.processes import serving


@pytest.fixture
def databases(tmp_path):
    return {
        "DATABASE_URL": f"sqlite:///{tmp_path}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{tmp_path}/memory.sqlite3",
    }


def test_access_log_names_the_path_without_the_query(databases, tmp_path):
    log = tmp_path / "access.log"

    settings = databases | {"HTTPS": "0", "TMPDIR": str(tmp_path)}
    with serving(ACCESS_LOG=str(log), **settings) as (port, _process):
        httpx.head(f"http://127.0.0.1:{port}/healthz?id=lovelace@example.com")
        # Mapped files of a full disk kill whoever writes in them.
        on_disk = list(tmp_path.glob("console-metrics-*"))

    assert on_disk == [] or not os.access("/dev/shm", os.W_OK)  # noqa: S108
    assert "HEAD /healthz 200 " in log.read_text()
    assert "lovelace" not in log.read_text()


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


@pytest.fixture(scope="module")
def large_bodies(tmp_path_factory):
    """How much the web server writes when it is sent five megabytes."""
    folder = tmp_path_factory.mktemp("large")
    databases = {
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{folder}/memory.sqlite3",
    }
    with serving(HTTPS="0", DISK_BALLAST_MB="0", **databases) as (port, process):

        def post(path, headers=None) -> int:
            before = count_written(process)
            response = httpx.post(
                f"http://127.0.0.1:{port}{path}",
                content=bytes(5_000_000),
                headers=headers,
            )
            assert response.is_error
            return count_written(process) - before

        yield post


def count_written(process) -> int:
    """Bytes that the web processes have given to files and sockets so far."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return sum(
        int(re.search(r"wchar: (\d+)", Path(f"/proc/{pid}/io").read_text())[1])
        for pid in children.split()
    )


def sign(age_s: float = 0) -> str:
    with time_machine.travel(time() - age_s):
        return signing.dumps(["", "acme"], salt=UPLOAD_SALT)


@pytest.mark.parametrize(
    ("path", "headers", "is_kept"),
    [
        ("/accounts/login/", {}, False),
        ("/t/acme/imports/add/", {"Cookie": f"sessionid={'a' * 32}"}, False),
        ("/t/acme/imports/add/?signature=forged", {}, False),
        ("/v1/Uploads/mem_import_1?signature=forged", {}, False),
        ("/v1/Stores", {}, False),
        ("/v1/Stores", {"Authorization": "Basic YTpi"}, True),
    ],
)
def test_a_large_body_is_kept_for_nobody_unknown(large_bodies, path, headers, is_kept):
    written = large_bodies(path, headers)

    assert (written > 4_000_000) == is_kept


def test_a_file_is_kept_for_the_page_that_was_signed(large_bodies):
    path = "/t/acme/imports/add/?signature="

    fresh, stale = large_bodies(path + sign()), large_bodies(path + sign(9 * 3600))

    assert fresh > 4_000_000 > 1_000_000 > stale


def test_a_request_that_drips_for_long_is_ended():
    channel = Channel.__new__(Channel)
    channel.request = StrictParser(Adjustments())

    channel.end_if_late()
    assert not channel.will_close

    channel.request.began_at -= REQUEST_S + 1
    channel.end_if_late()
    assert channel.will_close
