"""Caddy, the proxy of compose.yaml, as a process of the test."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

import pytest

CADDY = shutil.which("caddy")
TRIES = 300


def find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def proxying(config: str, port: int, folder: Path, **variables: str) -> Iterator[None]:
    """Runs it on a Caddyfile until it listens at `port`."""
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
        wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(TRIES):
        assert process.poll() is None
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        sleep(0.1)
    raise AssertionError("caddy does not listen")
