"""`make run` as a whole: real processes on a real port, and what is left of them."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from tests.postgres import find_free_port
from tests.processes import is_answering, list_marked, serving_all, wait_for


@pytest.fixture
def serve(tmp_path):
    """`manage.py serve` on files of its own."""
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{tmp_path}/memory.sqlite3",
        "MEMORY_EMBEDDER": "none",
        "HTTPS": "0",
        "WEB_CONCURRENCY": "1",
        "HOME": "/nowhere",
    }
    return lambda port, *options: serving_all(settings, f"--port={port}", *options)


@pytest.fixture
def migrated(tmp_path, django_db_setup, django_db_blocker):
    """The files are there already: how they are made is not what is tested here."""
    with django_db_blocker.unblock():
        for alias, name in (("default", "console"), ("memory", "memory")):
            with connections[alias].cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [f"{tmp_path}/{name}.sqlite3"])


@pytest.mark.usefixtures("migrated")
def test_serve_stops_everything_it_has_started(serve):
    port = find_free_port()
    with serve(port) as (process, mark):
        wait_for(lambda: is_answering(port) or process.poll() is not None)
        started = list_marked(mark)

        process.send_signal(signal.SIGINT)

        output, _ = process.communicate()
        assert process.returncode == 0, output
        assert len(started) >= 4  # itself, the worker, the server and its process
        assert list_marked(mark) == []
        assert f"http://localhost:{port}/" in output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_together_stops_all_when_it_is_told_to(number):
    """As `serve` runs the server and the worker, with two that only wait."""
    command = "-c", "import time; time.sleep(600)"
    program = (
        "from console.demo.management.commands.serve import run_together\n"
        f"print(run_together([{command}, {command}]))"
    )
    mark = f"mark-{uuid4().hex}"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | {"MARK": mark},
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: len(list_marked(mark)) == 3 or process.poll() is not None)

    process.send_signal(number)

    output, _ = process.communicate()
    assert (process.returncode, output) == (0, "None\n")
    assert list_marked(mark) == []


@pytest.mark.usefixtures("migrated")
def test_serve_stops_the_server_when_the_worker_ends(serve):
    port = find_free_port()
    with serve(port) as (process, mark):
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


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_serve_refuses_what_is_no_port(port):
    with pytest.raises(CommandError, match="from 1 to 65535"):
        call_command("serve", port=port)


def test_serve_looks_at_the_port_before_anything_else(serve, tmp_path):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with serve(port, "--demo") as (process, _):
            output, _ = process.communicate()

    assert process.returncode == 1
    assert f"Port {port} cannot be used" in output
    assert "make run PORT=" in output
    assert list(tmp_path.iterdir()) == []
