"""Many profiles at once, by bulk writes and from a CSV file: a second, and memory.

Every profile has two identifiers and five traits; every tenth row is a person who is
there already. In one process, so that the database's share is as large as can be.
"""

import os
import resource
from collections.abc import Callable, Iterator
from time import perf_counter

import httpx

from console.service.memory.import_jobs import process_import
from console.wsgi import application
from tests.benchmarks.api import make_memory

COUNT = int(os.environ.get("BENCH_PROFILES", "100000"))
BULK = 1000
TRAITS = ("email", "phone", "firstName", "lastName", "city")


def list_people(prefix: str) -> Iterator[list[str]]:
    for number in range(COUNT):
        person = number - 5 if number % 10 == 9 else number
        yield [
            f"{prefix}{person}@example.com",
            f"+1202555{person % 10_000:04}" if person < 10_000 else "",
            f"First{person}",
            f"Last{person}",
            "Ulm",
        ]


def write_bulks(http: httpx.Client, people: str) -> None:
    profiles = []
    for cells in list_people("bulk"):
        contact = {name: cell for name, cell in zip(TRAITS, cells, strict=True) if cell}
        profiles.append({"traits": {"Contact": contact}})
        if len(profiles) == BULK:
            answer = http.put(f"{people}/Bulk", json={"profiles": profiles})
            assert answer.status_code == 202, answer.text
            profiles.clear()


def import_file(http: httpx.Client, people: str) -> None:
    rows = "".join(",".join(cells) + "\n" for cells in list_people("csv"))
    content = (",".join(TRAITS) + "\n" + rows).encode()
    mappings = [
        {"columnName": name, "traitGroup": "Contact", "traitName": name}
        for name in TRAITS
    ]
    body = {
        "filename": "people.csv",
        "fileSize": len(content),
        "columnMappings": mappings,
    }
    announced = http.post(f"{people}/Imports", json=body).json()
    assert http.put(announced["url"], content=content).status_code == 200
    store_id, status = people.split("/")[3], {"status": "PROCESSING"}
    while status["status"] == "PROCESSING":
        process_import.func(store_id, announced["importId"])
        status = http.get(f"{people}/Imports/{announced['importId']}").json()
    assert status["rows"]["stored"] == COUNT, status


def measure(act: Callable[[httpx.Client, str], None], name: str) -> None:
    authorization, profile, *_ = make_memory(name.split()[0])
    http = httpx.Client(
        transport=httpx.WSGITransport(app=application),
        base_url="http://testserver",
        headers={"Authorization": authorization},
        timeout=600,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = perf_counter()
    act(http, profile.rpartition("/")[0])
    rate = COUNT / (perf_counter() - begin)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{name:<28}{COUNT:>11,}{rate:>12,.0f}{grown:>8.0f}")


def run() -> None:
    print(f"\n{'profiles at once':<28}{'profiles':>11}{'a second':>12}{'MB more':>8}")
    measure(write_bulks, "bulk of 1,000")
    measure(import_file, "CSV import")
