"""`make bench-peers`: this project and other stores on the same work, in one run.

PEERS_PROFILES profiles of 100 observations each (1,000 unless set), and the dev data's
conversations as profiles for the quality. Everybody gets the same texts and the same
vectors of texts and queries; making vectors is in nobody's figures. One write a
profile, then whatever indexes a system wants, then the searches, one at a time, within
one profile. One system after another, each in a process and a folder of its own;
peers run in a virtualenv of theirs. Figures of one run belong together: only their
ratios can be compared with another machine's.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks.peers.run import Result
from tests.benchmarks.peers.work import TEXTS, Work, make_work
from tests.benchmarks.quality import DATA, Conversation, conversations, measure

PROFILES = int(os.environ.get("PEERS_PROFILES", "1000"))
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
VENV = Path(sys.prefix) / "peers"
PEERS = {
    "lance": "LanceDB",
    "sqlite": "SQLite FTS5",
    "postgres": "PostgreSQL",
    "chroma": "Chroma",
}
LIMIT_S = 600
# Rust libraries tell of every search what a later version will do otherwise.
QUIET = {"LANCEDB_LOG": "error", "ANONYMIZED_TELEMETRY": "False"}

# Recall@10, then p50 and p99 in ms, p50 asked again, texts added a second, bytes a text.
Figures = tuple[float, float, float, float, float, float]


def install() -> None:
    """The peers, into their virtualenv; one that cannot be had is named."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, VENV],
        check=True,
    )
    for line in REQUIREMENTS.read_text().splitlines():
        if package := line.partition("#")[0].strip():
            command = [uv, "pip", "install", "--quiet", "--python", VENV, package]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                print(f"{package} is not installed: {reason(done.stderr)}")


def reason(errors: str) -> str:
    return (errors.strip().splitlines() or ["no reason given"])[-1].strip()


def run(system: str, python: Path | str, folder: Path) -> Result | None:
    """None, and a line that says why, when the system could not do the work."""
    command = [python, "-m", "tests.benchmarks.peers.run", system, folder]
    try:
        subprocess.run(
            command,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT_S,
            env=os.environ | QUIET,
        )
    except subprocess.CalledProcessError as exc:
        print(f"{system} is left out: {reason(exc.stderr)}")
    except subprocess.TimeoutExpired:
        print(f"{system} is left out: it needs more than {LIMIT_S} s")
    else:
        return Result(**json.loads((folder / f"{system}.json").read_text()))
    return None


def recall_10(work: Work, found: list[list[str]]) -> float:
    answers = dict(zip(work.judged, found, strict=True))
    profiles = {id(each): f"c{number}" for number, each in enumerate(conversations())}

    def rank(conversation: Conversation, query: str) -> list[str]:
        return answers[profiles[id(conversation)], query]

    return measure(rank).recall_10


def figures(work: Work, result: Result) -> Figures:
    p50, p99 = np.percentile(result.times, [50, 99])
    again = np.percentile(result.again, 50)
    return recall_10(work, result.found), p50, p99, again, result.adds, result.size


def show(name: str, mine: Figures, base: Figures) -> None:
    recall, p50, p99, again, adds, size = mine
    ratios = "".join(f"{a / b:>7.2f}" for a, b in zip(mine, base, strict=True))
    print(
        f"{name:<38}{recall:>10.3f}{p50:>8.2f}{p99:>8.2f}{again:>8.2f}{adds:>8.0f}{size:>7.0f}"
        f"  {ratios}"
    )


def compare(folder: Path) -> None:
    work = make_work(PROFILES)
    work.save(folder)
    ours = run("ours", sys.executable, folder)
    if ours is None:
        sys.exit(1)
    results = {name: run(name, VENV / "bin/python", folder) for name in PEERS}
    head = f"{PROFILES:,} profiles of {TEXTS} texts"
    print(f"\n{'as a ratio to ours':>124}")
    print(
        f"{head:<38}{'recall@10':>10}{'p50 ms':>8}{'p99 ms':>8}{'again':>8}{'adds/s':>8}{'B/text':>7}"
        f"  {'recall':>7}{'p50':>7}{'p99':>7}{'again':>7}{'adds':>7}{'bytes':>7}"
    )
    base = figures(work, ours)
    show("ours", base, base)
    with_summaries = recall_10(work, ours.found_more)
    print(f"{'ours, conversations summed up too':<38}{with_summaries:>10.3f}")
    for name, result in results.items():
        if result:
            show(f"{PEERS[name]} {result.version}", figures(work, result), base)


def main() -> None:
    if not DATA.exists():
        print(f"peers: skipped, {DATA.name} is not beside the project")
        return
    install()
    with tempfile.TemporaryDirectory(prefix="bench-peers-") as folder:
        compare(Path(folder))


if __name__ == "__main__":
    main()
