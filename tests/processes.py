"""Real processes of the product: started, waited for, and found again by a mark."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from urllib.error import HTTPError
from uuid import uuid4

from django.db import connections

from tests.migrated import copy_kept
from tests.postgres import find_free_port
from tests.settings import BASE_DIR

SECRETS = ("PATH", "SECRET_KEY", "VAULT_KEYS", "MEMORY_DIGEST_KEY", "ENV_FILE")


@contextmanager
def serving(
    application: str = "console.wsgi", *, prepares: bool = False, **settings: str
) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """The shipped web server alone: its port and gunicorn's process; `settings` are
    variables of the environment.

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
        wait_for(lambda: is_answering(port) or process.poll() is not None)
        assert process.poll() is None
        yield port, process
    finally:
        process.terminate()
        process.wait(30)


def prepare(environment: dict[str, str]) -> None:
    """One after the other: the static files are there once for all tests."""
    for alias, name in (("default", "DATABASE_URL"), ("memory", "MEMORY_DATABASE_URL")):
        kind, _, path = environment.get(name, "").partition(":///")
        if kind == "sqlite" and not Path(path).exists():
            copy_kept(alias, Path(path))
    with open("manage.py") as file:
        flock(file, LOCK_EX)
        subprocess.run(
            [sys.executable, "manage.py", "prepare"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def serving_all(
    settings: Mapping[str, str], *arguments: str
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A running `manage.py serve`, and its mark; nothing of it is left behind."""
    mark = f"mark-{uuid4().hex}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", *arguments],
        cwd=BASE_DIR,
        env={name: os.environ[name] for name in SECRETS} | dict(settings, MARK=mark),
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


def list_marked(mark: str) -> list[int]:
    """Processes that were started by what had this mark, at whatever remove."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # gone, or somebody else's
            continue
    return found


def wait_for(is_so: Callable[[], bool]) -> None:
    """Asks until it is so: how long that takes is the machine's affair."""
    while not is_so():
        time.sleep(0.05)


def is_answering(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as response:
            return bool(response.status == 200)
    except HTTPError:  # an application of a test's own
        return True
    except OSError:
        return False


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
