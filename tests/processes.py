"""Real processes of the product: started, waited for, and found again by a mark."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.settings import BASE_DIR

SECRETS = ("PATH", "SECRET_KEY", "VAULT_KEYS", "MEMORY_DIGEST_KEY", "ENV_FILE")


@contextmanager
def serving(
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
    except OSError:
        return False
