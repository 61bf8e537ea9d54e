"""Backups under load, each restored: `python -m tests.crash.backups NAME COUNT`.

Eight clients write and delete while backups are taken. Then the server is stopped and
each of them restored, the newest first: all of it has to be whole, and nothing that was
deleted since may be there.
"""

import io
import os
import signal
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic, sleep

from tests.crash.writers import Writer
from tests.crash.writes import (
    WRITERS,
    Observation,
    call_command,
    check_whole,
    connections,
    make_store,
    start,
)

# Between two backups.
PAUSE_S = 0.3


def back_up_under_load(folder: Path, count: int) -> tuple[set[str], list[float]]:
    """The ids that were deleted meanwhile, and how long each backup took."""
    auth, store = make_store()
    process, stop, seconds = start(), Event(), []
    writers = [Writer(auth, store, trial=0, number=n) for n in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as threads:
        running = [threads.submit(writer.write, stop) for writer in writers]
        while not any(writer.told.deleted for writer in writers):
            sleep(0.05)
        for number in range(count):
            sleep(PAUSE_S)
            started = monotonic()
            call_command("backup", f"{folder}/{number:02}", stdout=io.StringIO())
            seconds.append(monotonic() - started)
        stop.set()
        told = [each.result() for each in running]
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()
    return set().union(*(client.deleted for client in told)), seconds


def restore(folder: Path, deleted: set[str]) -> tuple[list[str], float]:
    started = monotonic()
    call_command("restore", str(folder), "--force", stdout=io.StringIO())
    seconds = monotonic() - started
    returned = Observation.objects.filter(id__in=deleted)
    return [f"{each.id}: came back" for each in returned] + check_whole(), seconds


def main(name: str, count: int) -> int:
    call_command("prepare", stdout=io.StringIO())
    with tempfile.TemporaryDirectory(prefix="backups-") as place:
        folder, took = Path(place), []
        deleted, seconds = back_up_under_load(folder, count)
        there = Observation.objects.count()
        for backup in sorted(folder.iterdir(), reverse=True):
            connections.close_all()
            wrong, one = restore(backup, deleted)
            took.append(one)
            if wrong:
                print(f"{name}, backup {backup.name}:", *wrong[:10], sep="\n  ")
                return 1
    print(
        f"{name}: {count} backups under load ({max(seconds):.1f} s at most, {there:,}"
        f" observations in the end), each restored ({max(took):.1f} s at most):"
        f" whole, and none of {len(deleted):,} deleted came back"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
