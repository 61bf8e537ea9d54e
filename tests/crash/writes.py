"""Trials of writes on one database: `python -m tests.crash.writes NAME COUNT`."""

import base64
import http.client
import io
import json
import os
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from threading import Event
from time import monotonic, sleep

from console.core.bootstrap import prepare_process

prepare_process()

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from console.audit.models import AuditEntry, count_entries  # noqa: E402
from console.audit.verification import verify_log  # noqa: E402
from console.client.account import connect  # noqa: E402
from console.contract.memory.store import CreateStore  # noqa: E402
from console.service.memory.items import build_index_columns  # noqa: E402
from console.service.memory.models import (  # noqa: E402
    ErasedItem,
    IndexEntry,
    Observation,
    ObservationRevision,
    Profile,
    Summary,
)
from console.service.outbox import hand_over  # noqa: E402
from tests.crash.writers import PORT, Told, Writer  # noqa: E402

WRITERS = 8
# Takes what programs change to the audit log, few at a time, so that a kill is mostly in
# the middle of it.
MOVE = """
import django; django.setup()
from console.service import outbox
outbox.BATCH = 7
while True:
    outbox.hand_over()
"""


def start() -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "gunicorn", "--config", "console/gunicorn.py",
        "--workers", "2", "--bind", f"127.0.0.1:{PORT}", "console.wsgi",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stderr=subprocess.DEVNULL, start_new_session=True
    )
    until = monotonic() + 30
    while monotonic() < until:
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return process
        sleep(0.05)
    sys.exit("the server did not start")


def make_store() -> tuple[str, str]:
    """The Authorization header, and a store's id."""
    out = io.StringIO()
    call_command("create_account", "crash", "--json", stdout=out)
    pair = json.loads(out.getvalue())
    sid, token = pair["accountSid"], pair["authToken"]
    account = connect("embedded:", username=sid, secret=token)
    store = account.wait_for(
        account.create_store(CreateStore(display_name="crash"))
    ).result_id
    return "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode(), store


def write_and_kill(
    auth: str, store: str, trial: int, dice: random.Random
) -> list[Told]:
    process, stop = start(), Event()
    mover = subprocess.Popen([sys.executable, "-c", MOVE], start_new_session=True)
    writers = [Writer(auth, store, trial=trial, number=n) for n in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as threads:
        running = [threads.submit(writer.write, stop) for writer in writers]
        # From the first write on: a server that has just started is slow.
        while not any(writer.told.batches for writer in writers):
            sleep(0.01)
        moved = count_entries()
        until = monotonic() + 20
        while count_entries() == moved and monotonic() < until:
            sleep(0.01)
        both = [process, mover]
        dice.shuffle(both)
        for each in both:
            sleep(dice.uniform(0.1, 1.0))
            os.killpg(each.pid, signal.SIGKILL)
        stop.set()
        told = [each.result() for each in running]
    for each in both:
        each.wait()
    return told


def check(told: list[Told]) -> list[str]:
    """What does not hold: of these clients' writes, then of the whole database."""
    wrong = []
    there = dict(Observation.objects.values_list("id", "content"))
    counts: dict[str, int] = {}
    for source in Observation.objects.values_list("source", flat=True):
        counts[source] = counts.get(source, 0) + 1
    for client in told:
        for token, (size, acknowledged) in client.batches.items():
            found = counts.get(token, 0)
            gone = sum(id_ not in there for id_ in client.deleted)
            if acknowledged and not size - gone <= found <= size:
                wrong.append(f"{token}: {found} of {size} acknowledged observations")
            if not acknowledged and found not in (0, size):
                wrong.append(f"{token}: {found} of {size}, half a batch")
        for id_, content in client.changed.items():
            if id_ not in client.deleted | client.touched and there.get(id_) != content:
                wrong.append(f"{id_}: an acknowledged change is lost")
    return wrong + check_whole()


def check_log(store: str, batches: dict[str, tuple[int, bool]]) -> list[str]:
    """What programs have changed in the store is one entry each; of all trials together. A
    batch that was not acknowledged is never deleted."""
    hand_over()
    there = set(Observation.objects.values_list("source", flat=True))
    known = {token for token, (_, acknowledged) in batches.items() if acknowledged}
    entries = AuditEntry.objects.filter(role="program")
    for what, told, done in (
        (
            "batches",
            entries.filter(details__call="create_observations").count(),
            len(known | there & batches.keys()),
        ),
        (
            "deletions",
            entries.filter(action="observation.deleted").count(),
            ErasedItem.objects.filter(store_id=store).count(),
        ),
        ("requests", entries.count(), entries.values("request_id").distinct().count()),
    ):
        if told != done:
            return [f"the log tells of {told} {what}, there are {done}"]
    fault = verify_log().fault
    return [f"the log is broken: {fault}"] * bool(fault)


def check_whole() -> list[str]:
    wrong = []
    profiles = set(Profile.objects.values_list("id", flat=True))
    entries = {entry.item_id: entry for entry in IndexEntry.objects.all()}
    for row in chain(Observation.objects.iterator(), Summary.objects.iterator()):
        entry = entries.pop(row.id, None)
        if entry is None:
            wrong.append(f"{row.id}: has no entry")
        elif (entry.profile_id, bytes(entry.terms)) != (
            row.profile_id,
            build_index_columns(row)["terms"],
        ):
            wrong.append(f"{row.id}: its entry says something else")
        if row.profile_id not in profiles:
            wrong.append(f"{row.id}: belongs to nobody")
    wrong += [f"{id_}: an entry of nothing" for id_ in entries]
    ids = set(Observation.objects.values_list("id", flat=True))
    revised = ObservationRevision.objects.values_list("observation_id", flat=True)
    wrong += [f"{id_}: revisions of nothing" for id_ in set(revised) - ids]
    return wrong


def main(name: str, trials: int) -> int:
    call_command("prepare", stdout=io.StringIO())
    auth, store = make_store()
    dice = random.Random(4711)
    acknowledged = unanswered = 0
    batches: dict[str, tuple[int, bool]] = {}
    for trial in range(trials):
        connections.close_all()
        told = write_and_kill(auth, store, trial, dice)
        batches |= {key: each for one in told for key, each in one.batches.items()}
        if wrong := check(told) + check_log(store, batches):
            print(f"{name}, trial {trial}:", *wrong[:10], sep="\n  ")
            return 1
        for client in told:
            answered = [done for _, done in client.batches.values()]
            acknowledged += sum(answered) + len(client.changed)
            unanswered += answered.count(False) + len(client.touched)
    print(
        f"{name}: {trials} kills, {acknowledged:,} writes acknowledged,"
        f" {unanswered} cut off; nothing lost, nothing half done,"
        f" {IndexEntry.objects.count():,} entries equal their rows;"
        f" {count_entries():,} in the audit log, whose mover was killed as often"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
