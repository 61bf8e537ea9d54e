"""`python -m tests.benchmarks.peers.run SYSTEM FOLDER`: one system does the work.

Reads the work from the folder and writes SYSTEM.json there.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import chain
from pathlib import Path
from time import perf_counter

from tests.benchmarks.peers.system import TOP, System
from tests.benchmarks.peers.work import Asked, Row, Work

WARM_UP = 30


@dataclass(frozen=True)
class Result:
    """What a system did.

    adds        rows a second, its indexes included
    size        bytes on disk a row
    times       milliseconds of each timed search
    again       the same, asked once more at once: what a system keeps helps it
    found       for each judged query, item ids, best first
    found_more  the same with summaries in the memory; empty where they are no help
    """

    version: str
    adds: float
    size: float
    times: list[float]
    again: list[float]
    found: list[list[str]]
    found_more: list[list[str]]


def measure(system: System, work: Work) -> Result:
    profiles = work.rows(work.profiles)
    rows = sum(map(len, profiles))
    seconds = _load(system, profiles)
    size = system.size() / rows
    for asked in work.timed[:WARM_UP]:
        _search(system, work, asked)
    both = [
        [_search(system, work, asked)[1] * 1000 for _ in range(2)]
        for asked in work.timed
    ]
    times, again = map(list, zip(*both, strict=True))
    found = _judged(system, work)
    more = system.add_summaries(chain(*work.rows(work.summaries)))
    found_more = _judged(system, work) if more else []
    return Result(system.version, rows / seconds, size, times, again, found, found_more)


def _load(system: System, profiles: Sequence[Sequence[Row]]) -> float:
    """Seconds."""
    begin = perf_counter()
    for rows in profiles:
        system.add(rows)
    system.build()
    return perf_counter() - begin


def _search(system: System, work: Work, asked: Asked) -> tuple[list[str], float]:
    vector = work.vectors[asked.query]
    begin = perf_counter()
    ids = system.search(asked.profile, asked.query, vector)
    seconds = perf_counter() - begin
    owners = {id_.partition("-")[0] for id_ in ids}
    if len(ids) != TOP or owners != {asked.profile}:
        raise RuntimeError(f"answered {len(ids)} of {owners}, not {TOP} of one profile")
    return ids, seconds


def _judged(system: System, work: Work) -> list[list[str]]:
    return [
        [id_.partition("-")[2] for id_ in _search(system, work, asked)[0]]
        for asked in work.judged
    ]


def main(name: str, folder: Path) -> None:
    work = Work.load(folder)
    here = folder / name
    here.mkdir()
    system = import_module(f"tests.benchmarks.peers.{name}").start(here, work)
    result = measure(system, work)
    (folder / f"{name}.json").write_text(json.dumps(asdict(result)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
