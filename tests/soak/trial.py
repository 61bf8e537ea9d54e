"""One installation under mixed work: its clients, and what is read of its processes."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, sleep

import httpx
import psycopg

from tests.postgres import find_free_port
from tests.processes import SECRETS, is_answering, list_marked, serving_all, wait_for
from tests.settings import BASE_DIR

CLIENTS = 16
PAGES = 4  # of the clients: people at the console
PAUSE_S = (0.1, 0.7)
SAMPLES = 12
PASSWORD = "soak-password-0123456789"
DATABASE_SIZES = "SELECT sum(pg_database_size(datname)) FROM pg_database"
TOPICS = ("oat milk", "a refund", "the blue tent", "delivery by bike", "a new router")


@dataclass
class Sample:
    """Sums over all processes of the installation; bytes, except where it says so."""

    minute: float
    memory: int
    files: int  # open file descriptors
    threads: int
    data: int


@dataclass
class Trial:
    """data: the folder of the databases' files; None where they are a server's.
    embedder: of its memory; "none" has no model to load, and no vectors to make."""

    name: str
    console_url: str
    memory_url: str
    data: Path | None
    embedder: str
    answers: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def run(self, minutes: float) -> bool:
        """Works for so long and prints what was seen; whether all of it was sound."""
        port = find_free_port()
        self.base = f"http://127.0.0.1:{port}"
        with serving_all(self.settings(), "--demo", f"--port={port}") as (
            process,
            mark,
        ):
            wait_for(lambda: is_answering(port) or process.poll() is not None)
            if process.poll() is not None:
                sys.exit(process.communicate()[0])
            samples = self.work(minutes * 60, mark)
        checked = self.check()
        self.print(minutes, samples, checked)
        return not self.wrong and all(checked.values())

    def settings(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.console_url,
            "MEMORY_DATABASE_URL": self.memory_url,
            "MEMORY_EMBEDDER": self.embedder,
            "DEMO_PASSWORD": PASSWORD,
            "HTTPS": "0",
            "LOG_LEVEL": "ERROR",
        }

    def manage(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=BASE_DIR,
            env={name: os.environ[name] for name in SECRETS} | self.settings(),
            capture_output=True,
            text=True,
            check=False,
        )

    def work(self, seconds: float, mark: str) -> list[Sample]:
        account = json.loads(self.manage("create_account", "soak", "--json").stdout)
        auth = (account["accountSid"], account["authToken"])
        store = self.make_store(auth)
        begin = monotonic()
        until = begin + seconds
        with ThreadPoolExecutor(CLIENTS) as pool:
            people = [Person(self, n) for n in range(PAGES)]
            agents = [Agent(self, n, auth, store) for n in range(PAGES, CLIENTS)]
            working = [
                pool.submit(self.repeat, until, client) for client in [*people, *agents]
            ]
            samples = []
            for step in range(SAMPLES + 1):
                sleep(max(0.0, begin + seconds * step / SAMPLES - monotonic()))
                samples.append(self.sample((monotonic() - begin) / 60, mark))
        for client in working:
            client.result()
        return samples

    def make_store(self, auth: tuple[str, str]) -> str:
        path = "/v1/ControlPlane/Stores"
        with httpx.Client(base_url=self.base, auth=auth, timeout=60) as http:
            http.post(path, json={"displayName": "soak"}).raise_for_status()
            (store,) = http.get(path).raise_for_status().json()["stores"]
        return str(store)

    def repeat(self, until: float, client: "Client") -> None:
        dice = Random(client.number)
        while monotonic() < until:
            client.step(dice)
            sleep(dice.uniform(*PAUSE_S))

    def sample(self, minute: float, mark: str) -> Sample:
        pids = list_marked(mark)
        status = "".join(_read(f"/proc/{pid}/status") for pid in pids)
        kilobytes = sum(int(n) for n in re.findall(r"^RssAnon:\s+(\d+)", status, re.M))
        threads = sum(int(n) for n in re.findall(r"^Threads:\s+(\d+)", status, re.M))
        files = sum(len(_list(f"/proc/{pid}/fd")) for pid in pids)
        return Sample(minute, kilobytes * 1024, files, threads, self.measure_data())

    def measure_data(self) -> int:
        if self.data:
            return sum(path.stat().st_size for path in self.data.iterdir())
        with psycopg.connect(self.console_url) as connection:
            (size,) = connection.execute(DATABASE_SIZES).fetchone() or (0,)
        return int(size)

    def check(self) -> dict[str, bool]:
        """What is verified once it is over."""
        checked = {"audit log": self.manage("verify_audit").returncode != 1}
        for path in self.data.glob("*.sqlite3") if self.data else ():
            with closing(sqlite3.connect(path)) as connection:
                # Constraints use it; Django brings it along.
                connection.create_function("regexp", 2, _search)
                found = connection.execute("PRAGMA integrity_check").fetchall()
                checked[path.stem] = found == [("ok",)]
        return checked

    def print(
        self, minutes: float, samples: list[Sample], checked: dict[str, bool]
    ) -> None:
        total = sum(self.answers.values())
        print(f"\n{self.name}: {minutes:g} min, {CLIENTS} clients, {total:,} requests")
        print(
            "  answers  ",
            ", ".join(f"{s} {n:,}" for s, n in sorted(self.answers.items())),
        )
        print("  wrong    ", dict(self.wrong) or "none")
        print("  checked  ", checked)
        print(
            f"  {'minute':>7}{'memory MB':>11}{'files':>7}{'threads':>9}{'data MB':>9}"
        )
        for s in samples:
            print(
                f"  {s.minute:>7.1f}{s.memory / 2**20:>11.1f}{s.files:>7}"
                f"{s.threads:>9}{s.data / 2**20:>9.1f}"
            )


class Client:
    """Sends requests, and counts what is answered wrongly."""

    def __init__(self, trial: Trial, number: int, **options: object) -> None:
        self.trial, self.number = trial, number
        self.http = httpx.Client(base_url=trial.base, timeout=60, **options)  # type: ignore[arg-type]

    def ask(
        self, method: str, path: str, *expected: int, **options: object
    ) -> httpx.Response | None:
        what = f"{method} {re.sub('mem_[a-z]+_[0-9a-z]+', '…', path).partition('?')[0]}"
        try:
            answer = self.http.request(method, path, **options)  # type: ignore[arg-type]
        except httpx.HTTPError as exc:
            self.trial.wrong[f"{what}: {type(exc).__name__}"] += 1
            return None
        self.trial.answers[str(answer.status_code)] += 1
        if answer.status_code not in expected:
            self.trial.wrong[f"{what}: {answer.status_code}"] += 1
        return answer

    def step(self, dice: Random) -> None:
        raise NotImplementedError


class Agent(Client):
    """A program that writes, corrects, forgets and recalls, on profiles of its own."""

    def __init__(
        self, trial: Trial, number: int, auth: tuple[str, str], store: str
    ) -> None:
        super().__init__(trial, number, auth=auth)
        self.store = f"/v1/Stores/{store}"
        self.profiles: list[str] = []

    def step(self, dice: Random) -> None:
        if not self.profiles or dice.random() < 0.02:
            self.add_profile(dice)
            return
        profile = f"{self.store}/Profiles/{dice.choice(self.profiles)}"
        steps: list[tuple[Callable[..., None], int]] = [
            (self.observe, 25),
            (self.recall, 35),
            (self.read, 30),
            (self.change, 10),
        ]
        chosen, weights = zip(*steps, strict=True)
        dice.choices(chosen, weights)[0](dice, profile)

    def add_profile(self, dice: Random) -> None:
        email = f"soak-{self.number}-{len(self.profiles)}-{dice.random()}@example.com"
        traits = {"traits": {"Contact": {"email": email}}}
        answer = self.ask("POST", f"{self.store}/Profiles", 201, 202, json=traits)
        if answer is not None and (found := re.search(r"mem_profile_\w+", answer.text)):
            self.profiles.append(found.group())

    def observe(self, dice: Random, profile: str) -> None:
        fact = {
            "content": f"Asked about {dice.choice(TOPICS)}, case {dice.randrange(9**9)}.",
            "source": "soak",
            "occurredAt": f"2026-0{dice.randrange(1, 9)}-05T09:00:00Z",
        }
        body = {"observations": [fact]}
        self.ask("POST", f"{profile}/Observations", 201, 202, json=body)

    def recall(self, dice: Random, profile: str) -> None:
        body = {"query": dice.choice(TOPICS), "observationsLimit": 10}
        self.ask("POST", f"{profile}/Recall", 200, json=body)

    def read(self, dice: Random, profile: str) -> None:
        part = dice.choice(("", "/Observations", "/ConversationSummaries", "/Traits"))
        self.ask("GET", profile + part, 200)

    def change(self, dice: Random, profile: str) -> None:
        answer = self.ask("GET", f"{profile}/Observations?pageSize=10", 200)
        ids = re.findall(r'"id":"(mem_observation_\w+)"', answer.text) if answer else []
        if not ids:
            return
        path = f"{profile}/Observations/{dice.choice(ids)}"
        if dice.random() < 0.5:
            self.ask("DELETE", path, 202, 204)
        else:
            body = {"content": f"Corrected, {dice.randrange(9**9)}."}
            self.ask("PATCH", path, 200, 202, json=body)


class Person(Client):
    """Somebody at the console who looks from page to page."""

    def __init__(self, trial: Trial, number: int) -> None:
        super().__init__(trial, number, follow_redirects=True)
        self.paths: list[str] = []

    def step(self, dice: Random) -> None:
        if not self.paths:
            self.sign_in()
        answer = self.ask("GET", dice.choice(self.paths), 200)
        links = re.findall(
            r'\shref="(/t/\w+/(?:profiles/[^"#]*)?)"', answer.text if answer else ""
        )
        self.paths = [*self.paths[:2], *links][:40]

    def sign_in(self) -> None:
        page = self.ask("GET", "/accounts/login/", 200)
        token = re.search(
            r'csrfmiddlewaretoken" value="(\w+)"', page.text if page else ""
        )
        form = {
            "csrfmiddlewaretoken": token.group(1) if token else "",
            "login": "agent@demo.example",
            "password": PASSWORD,
        }
        self.ask("POST", "/accounts/login/", 200, data=form)
        self.paths = ["/t/alpenglow/", "/t/brightline/profiles/"]


def _search(pattern: str, text: object) -> bool:
    return text is not None and re.search(pattern, str(text)) is not None


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # ended meanwhile
        return ""


def _list(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []
