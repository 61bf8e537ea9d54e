"""What a client says of itself as if it were a proxy, told to the server we ship."""

import os
import socket
import subprocess
import sys
from time import sleep

import httpx
import pytest

FORGED = (
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Ssl": "on"},
    {"X-Forwarded-Protocol": "ssl"},
    {"Forwarded": "proto=https"},
    {"SCRIPT_NAME": "/evil"},
)
TRIES = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The shipped server with HTTPS on and no proxy: it sends everybody to HTTPS."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    process = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", "--config", "console/gunicorn.py",
            "--workers", "1", "--bind", f"127.0.0.1:{port}", "console.wsgi",
        ],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "HTTPS": "1",
            "TRUSTED_PROXY_COUNT": "0",
            "MEMORY_EMBEDDER": "none",
            "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
            "MEMORY_DATABASE_URL": f"sqlite:///{folder}/memory.sqlite3",
        },
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield wait_for(f"http://127.0.0.1:{port}", process)
    process.terminate()
    process.wait(10)


def wait_for(url: str, process: subprocess.Popen) -> str:
    for _ in range(TRIES):
        assert process.poll() is None
        try:
            httpx.get(f"{url}/healthz")
        except httpx.TransportError:
            sleep(0.1)
        else:
            return url
    raise AssertionError("the server does not answer")


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: next(iter(forged)))
def test_without_a_proxy_nobody_is_believed_to_use_tls(server, forged):
    response = httpx.get(f"{server}/accounts/login/", headers=forged)

    assert response.status_code == 301
    assert response.headers["Location"].startswith("https://127.0.0.1")
    assert "evil" not in response.headers["Location"]
