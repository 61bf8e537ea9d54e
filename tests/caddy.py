"""Caddy, the proxy of compose.yaml, as a process of the test."""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

import pytest

CADDY = shutil.which("caddy")
TRIES = 300
ANYBODY = ssl.create_default_context()
ANYBODY.check_hostname = False
ANYBODY.verify_mode = ssl.CERT_NONE


def find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def proxying(config: str, port: int, folder: Path, **variables: str) -> Iterator[None]:
    """Runs it on a Caddyfile, from when it answers at `port` on."""
    if CADDY is None:
        how = "no caddy: `apt-get install caddy`"
        pytest.fail(how) if os.environ.get("CI") == "true" else pytest.skip(how)
    file = folder / "Caddyfile"
    file.write_text(config)
    process = subprocess.Popen(
        [CADDY, "run", "--config", file, "--adapter", "caddyfile"],
        env=os.environ
        | {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        | variables,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process, tls="https://" in config)
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port: int, process: subprocess.Popen[bytes], *, tls: bool) -> None:
    for _ in range(TRIES):
        assert process.poll() is None
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as tried:
            if tls:
                # It listens before it has made itself a certificate.
                ANYBODY.wrap_socket(tried, server_hostname="localhost").close()
            return
        sleep(0.1)
    raise AssertionError("caddy does not answer")
