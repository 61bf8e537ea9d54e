"""API calls over HTTP as a ratio to a bare Django view on the same server.

One gunicorn worker with four threads, four connections that are kept open; rounds
of bare, read and write take turns, and the median round's ratio counts.
"""

import base64
import http.client
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median
from time import monotonic, perf_counter, sleep

from django.core.management import call_command

from console.client.client import connect

PORT = 54330
CONNECTIONS = 4
ROUNDS = 5
SECONDS = 1.5
BODY = json.dumps(
    {
        "observations": [
            {
                "content": "Prefers SMS over calls for delivery updates.",
                "source": "bench",
                "occurredAt": "2026-01-05T09:00:00Z",
            }
        ]
    }
)


@contextmanager
def server() -> Iterator[subprocess.Popen]:
    command = [
        sys.executable, "-m", "gunicorn", "--config", "console/gunicorn.py",
        "--workers", "1", "--bind", f"127.0.0.1:{PORT}", "tests.benchmarks.wsgi",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait()
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait() -> None:
    until = monotonic() + 20
    while monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT)
            connection.request("GET", "/bare")
            connection.getresponse().read()
        except OSError:
            sleep(0.1)
        else:
            return
    sys.exit("the server did not start")


def rate(method: str, path: str, auth: str, body: str | None) -> float:
    """Requests a second over all connections."""

    def drive(_: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        headers = {"Authorization": auth, "Content-Type": "application/json"}
        count, until = 0, monotonic() + SECONDS
        while monotonic() < until:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            response.read()
            assert response.status in (200, 202), response.status
            count += 1
        connection.close()
        return count

    begin = perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        total = sum(pool.map(drive, range(CONNECTIONS)))
    return total / (perf_counter() - begin)


def make_memory(name: str) -> tuple[str, str, str]:
    """The Authorization header, the path of a profile to read and one to write to."""
    out = io.StringIO()
    call_command("create_account", name, "--json", stdout=out)
    pair = json.loads(out.getvalue())
    sid, token = pair["accountSid"], pair["authToken"]
    account = connect("embedded:", username=sid, secret=token)
    store_id = account.wait_for(account.create_store(name)).result_id
    store = account.store(store_id)
    paths = [
        f"/v1/Stores/{store_id}/Profiles/"
        + store.create_profile({"Contact": {"email": f"{person}@example.com"}})
        for person in ("read", "write")
    ]
    auth = "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode()
    return auth, *paths


def run() -> None:
    auth, to_read, to_write = make_memory("bench")
    calls = {
        "a bare Django view": ("GET", "/bare", None),
        "GET profile": ("GET", to_read, None),
        "POST observation": ("POST", f"{to_write}/Observations", BODY),
    }
    rates: dict[str, list[float]] = {name: [] for name in calls}
    with server():
        for _ in range(ROUNDS):
            for name, (method, path, body) in calls.items():
                rates[name].append(rate(method, path, auth, body))
    print(f"\n{'call over HTTP':<28}{'per second':>11}{'ratio':>8}")
    bare = rates["a bare Django view"]
    for name, found in rates.items():
        ratio = median(mine / base for mine, base in zip(found, bare, strict=True))
        print(f"{name:<28}{median(found):>11.0f}{ratio:>8.2f}")
