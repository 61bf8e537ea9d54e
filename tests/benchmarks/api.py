"""API calls over HTTP as a ratio to a bare Django view on the same server.

One gunicorn worker with four threads, 16 connections that are kept open; rounds of
bare, read and write take turns, and the median round's ratio counts. Any other answer
than the expected one ends the benchmark.
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
from statistics import median, quantiles
from time import monotonic, perf_counter, sleep

import httpx
from django.core.management import call_command

from console.client.account import connect
from console.contract.memory.store import CreateStore
from console.wsgi import application

SAID = {
    "author": {"channel": "SMS", "address": "+15558675310"},
    "content": {"type": "TEXT", "text": "My tent pole broke on the way to Bergen."},
    "recipients": [{"channel": "SMS", "address": "+15550001000"}],
}
PORT = 54330
CONNECTIONS = 16
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


def drive(method: str, path: str, auth: str, body: str | None) -> tuple[float, float]:
    """Requests a second over all connections, and the p99 of one in milliseconds."""

    def ask(_: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        headers = {"Authorization": auth, "Content-Type": "application/json"}
        times, until = [], monotonic() + SECONDS
        while monotonic() < until:
            begin = perf_counter()
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            response.read()
            assert response.status in (200, 201, 202), response.status
            times.append((perf_counter() - begin) * 1000)
        connection.close()
        return times

    begin = perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        times = [each for found in pool.map(ask, range(CONNECTIONS)) for each in found]
    return len(times) / (perf_counter() - begin), quantiles(times, n=100)[-1]


def make_memory(name: str) -> tuple[str, str, str, str]:
    """The Authorization header, and the paths of a profile to read, of one to write to
    and of a conversation."""
    out = io.StringIO()
    call_command("create_account", name, "--json", stdout=out)
    pair = json.loads(out.getvalue())
    sid, token = pair["accountSid"], pair["authToken"]
    account = connect("embedded:", username=sid, secret=token)
    store_id = account.wait_for(
        account.create_store(CreateStore(display_name=name))
    ).result_id
    store = account.store(store_id)
    paths = [
        f"/v1/Stores/{store_id}/Profiles/"
        + store.create_profile({"Contact": {"email": f"{person}@example.com"}}).id
        for person in ("read", "write")
    ]
    auth = "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode()
    return auth, *paths, make_conversation(auth, store_id)


def make_conversation(auth: str, store_id: str) -> str:
    opening = {
        "configuration": {
            "memoryStoreId": store_id,
            "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
            "memoryExtractionEnabled": True,
        },
        "participants": [{"type": "CUSTOMER", "addresses": [SAID["author"]]}],
    }
    transport = httpx.WSGITransport(app=application)
    with httpx.Client(transport=transport, base_url="http://127.0.0.1") as http:
        answer = http.post(
            "/v2/Conversations", json=opening, headers={"Authorization": auth}
        )
    return f"/v2/Conversations/{answer.json()['id']}"


def run() -> None:
    auth, to_read, to_write, to_say = make_memory("bench")
    calls = {
        "a bare Django view": ("GET", "/bare", None),
        "GET profile": ("GET", to_read, None),
        "POST observation": ("POST", f"{to_write}/Observations", BODY),
        "POST communication": ("POST", f"{to_say}/Communications", json.dumps(SAID)),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    with server():
        for _ in range(ROUNDS):
            for name, (method, path, body) in calls.items():
                found[name].append(drive(method, path, auth, body))
    print(f"\n{'call over HTTP':<28}{'per second':>11}{'ratio':>8}{'p99 ms':>8}")
    bare = [rate for rate, _ in found["a bare Django view"]]
    for name, rounds in found.items():
        rates, p99s = zip(*rounds, strict=True)
        ratio = median(mine / base for mine, base in zip(rates, bare, strict=True))
        print(f"{name:<28}{median(rates):>11.0f}{ratio:>8.2f}{median(p99s):>8.0f}")
