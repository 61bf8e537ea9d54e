"""`make run` as a whole: real processes on a real port, and what is left of them."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.settings import BASE_DIR


@contextmanager
def serving(folder, port, *options):
    """A running `manage.py serve` on files of its own, and its mark in /proc."""
    mark = f"mark-{uuid4().hex}"
    keys = ("PATH", "SECRET_KEY", "VAULT_KEYS", "MEMORY_DIGEST_KEY", "ENV_FILE")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", f"--port={port}", *options],
        cwd=BASE_DIR,
        env={name: os.environ[name] for name in keys}
        | {
            "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
            "MEMORY_DATABASE_URL": f"sqlite:///{folder}/memory.sqlite3",
            "MEMORY_EMBEDDER": "none",
            "HTTPS": "0",
            "WEB_CONCURRENCY": "1",
            "HOME": "/nowhere",
            "MARK": mark,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, mark
    finally:
        process.kill()
        process.wait()
        for pid in list_marked(mark):
            os.kill(pid, signal.SIGKILL)


def list_marked(mark):
    """Processes that were started by what had this mark, at whatever remove."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # gone, or somebody else's
            continue
    return found


def find_free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(answers):
    """Asks until it is so: how long that takes is the machine's affair."""
    while not answers():
        time.sleep(0.05)


def is_answering(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as response:
            return response.status == 200
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_stops_everything_it_has_started(tmp_path, number):
    port = find_free_port()
    with serving(tmp_path, port) as (process, mark):
        wait_for(lambda: is_answering(port) or process.poll() is not None)
        started = list_marked(mark)

        process.send_signal(number)

        output, _ = process.communicate()
        assert process.returncode == 0, output
        assert len(started) >= 4  # itself, the worker, the server and its process
        assert list_marked(mark) == []
        assert f"http://localhost:{port}/" in output


def test_serve_stops_the_server_when_the_worker_ends(tmp_path):
    port = find_free_port()
    with serving(tmp_path, port) as (process, mark):
        wait_for(lambda: is_answering(port) or process.poll() is not None)
        (worker,) = [
            pid
            for pid in list_marked(mark)
            if b"db_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]

        os.kill(worker, signal.SIGKILL)

        output, _ = process.communicate()
        assert process.returncode == 1
        assert "manage.py db_worker ended by itself" in output
        assert list_marked(mark) == []


def test_serve_looks_at_the_port_before_anything_else(tmp_path):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with serving(tmp_path, port, "--demo") as (process, _):
            output, _ = process.communicate()

    assert process.returncode == 1
    assert f"Port {port} cannot be used" in output
    assert "make run PORT=" in output
    assert list(tmp_path.iterdir()) == []
