"""The shipped web server on a port, as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from time import sleep

import httpx
from django.db import connections

from tests.postgres import find_free_port

TRIES = 300


@contextmanager
def serving(
    application: str = "console.wsgi", *, prepares: bool = False, **settings: str
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Its port and gunicorn's process; `settings` are variables of the environment.

    prepares   whether tables and static files are wanted, as pages want them
    """
    port = find_free_port()
    variables = {
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "WEB_CONCURRENCY": "1",
        "TRUSTED_PROXY_COUNT": "0",
        "MEMORY_EMBEDDER": "none",
    }
    environment = os.environ | variables | settings
    if prepares:
        prepare(environment)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", "--config", "console/gunicorn.py",
            "--bind", f"127.0.0.1:{port}", application,
        ],
        env=environment,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield port, process
    finally:
        process.terminate()
        process.wait(30)


def prepare(environment: dict[str, str]) -> None:
    """One after the other: the static files are there once for all tests."""
    with open("manage.py") as file:
        flock(file, LOCK_EX)
        subprocess.run(
            [sys.executable, "manage.py", "prepare"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(TRIES):
        assert process.poll() is None
        try:
            httpx.get(url)
        except httpx.TransportError:
            sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")


def get_databases() -> dict[str, str]:
    """This test's databases, whose rows others see only outside of transactions."""
    return {
        "DATABASE_URL": get_url("default"),
        "MEMORY_DATABASE_URL": get_url("memory"),
    }


def get_url(alias: str) -> str:
    settings = connections[alias].settings_dict
    if connections[alias].vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    login = f"{settings['USER']}:{settings['PASSWORD']}"
    return (
        f"postgres://{login}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    )
