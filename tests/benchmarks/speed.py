"""What a Recall and a write cost, by the size of a profile and of the database.

One gunicorn worker and one client; the database is a SQLite file as an installation
has it. Texts are the dev data's, repeated; every query is another one unless it says
"again".
"""

import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone

from console.contract.ids import new_id
from console.engine.ranking import (
    PreparedProfile,
    Query,
    Ranking,
    get_coefficients,
)
from console.engine.texts import Texts, pack_vector
from console.service.memory.embedding_jobs import (
    embed_pending,
    embed_query,
    get_embedder,
)
from console.service.memory.items import (
    build_index_columns,
    create_observations,
)
from console.service.memory.models import IndexEntry, Observation, Profile, Store
from console.service.memory.prepared import PREPARED
from console.service.memory.queries import read_entries
from console.service.wsgi import handler
from tests.benchmarks.api import PORT, make_memory, server
from tests.benchmarks.quality import DATA, conversations

SIZES = (20, 100, 1_000, 10_000)
PROFILES = (10, 1_000, 20_000)
TEXTS = 10  # of each of the many profiles
ROUNDS = 200
NOW = timezone.now()


class Bench:
    """A store of the embedded memory with profiles of any size, vectors included."""

    def __init__(self) -> None:
        self.auth, path, *_ = make_memory("speed")
        self.store = Store.objects.get(pk=path.split("/")[3])
        texts = [o.content for each in conversations() for o in each.observations]
        vectors = get_embedder().embed(texts)
        self._texts = cycle(zip(texts, map(pack_vector, vectors), strict=True))
        self.queries = cycle(
            q.query for each in conversations() for q in each.questions
        )

    def profiles(self, count: int, texts: int) -> list[Profile]:
        made = [
            Profile(store_id=self.store.id, id=new_id("mem_profile"), created_at=NOW)
            for _ in range(count)
        ]
        with transaction.atomic(using="memory"):
            Profile.objects.bulk_create(made, batch_size=5000)
            rows = (pair for p in made for pair in self._rows(p, texts))
            while chunk := list(islice(rows, 5000)):
                Observation.objects.bulk_create([row for row, _ in chunk])
                IndexEntry.objects.bulk_create([entry for _, entry in chunk])
        return made

    def _rows(
        self, profile: Profile, texts: int
    ) -> Iterator[tuple[Observation, IndexEntry]]:
        for content, vector in islice(self._texts, texts):
            row = Observation(
                store_id=self.store.id,
                profile_id=profile.id,
                id=new_id("mem_observation"),
                content=content,
                source="bench",
                occurred_at=NOW,
                created_at=NOW,
                updated_at=NOW,
            )
            entry = IndexEntry(
                store_id=self.store.id,
                profile_id=profile.id,
                item_id=row.id,
                model=get_embedder().id,
                vector=vector,
                **build_index_columns(row),
            )
            yield row, entry

    def path(self, profile: Profile) -> str:
        return f"/v1/Stores/{self.store.id}/Profiles/{profile.id}/Recall"

    def engine(self, profile: Profile, *, first: bool = False) -> Callable[[], object]:
        """Ranking alone, of texts that are prepared or, `first`, of rows: they and the
        query's vector are there."""
        rows = read_entries(profile)
        query = Query.of("When did they go hiking?", embed_query("When did they go?"))

        def prepare() -> PreparedProfile:
            texts = (Texts.of(each, get_embedder().id) for each in (rows, ()))
            return PreparedProfile(*texts, get_coefficients("use-3"))

        prepared = prepare()

        def rank() -> object:
            ranking = Ranking([query], prepare() if first else prepared)
            return ranking.select_observations(20), ranking.select_summaries(5)

        return rank

    def view(
        self, profiles: Sequence[Profile], *, first: bool = False
    ) -> Callable[[], object]:
        """The service's own WSGI handler with all its middleware, no socket; `first`:
        as for a profile that this process has not read before."""
        turns, factory = cycle(profiles), RequestFactory()

        def call() -> object:
            profile = next(turns)
            if first:
                PREPARED.forget(self.store.id, profile.id)
            request = factory.post(
                self.path(profile),
                self.body(),
                content_type="application/json",
                headers={"Authorization": self.auth},
            )
            response = handler.get_response(request)
            assert response.status_code == 200, response.content
            return response

        return call

    def http(self, profile: Profile, *, again: bool = False) -> Callable[[], object]:
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        path, same = self.path(profile), self.body()
        headers = {"Authorization": self.auth, "Content-Type": "application/json"}

        def call() -> object:
            connection.request("POST", path, same if again else self.body(), headers)
            response = connection.getresponse()
            assert response.status == 200, response.read()
            return response.read()

        return call

    def body(self) -> str:
        return json.dumps({"query": next(self.queries)})


def times(
    call: Callable[[], object],
    rounds: int = ROUNDS,
    clock: Callable[[], float] = perf_counter,
) -> tuple[float, float]:
    """p50 and p99, in milliseconds."""
    for _ in range(5):
        call()
    found = []
    for _ in range(rounds):
        begin = clock()
        call()
        found.append((clock() - begin) * 1000)
    return tuple(np.percentile(found, (50, 99)))


def run() -> None:
    if not DATA.exists():
        print(f"\nspeed of Recall: skipped, {DATA.name} is not beside the project")
        return
    bench = Bench()
    with server() as process:
        _sizes(bench)
        print(f"memory of the worker that answered: {_resident_mb(process.pid):.0f} MB")
    _profiles(bench)
    _writes(bench)


def _sizes(bench: Bench) -> None:
    names = ("ranking", "first", "view", "first", "HTTP p50", "HTTP p99", "again p50")
    print(
        "\nRecall: CPU ms, with the query's vector at hand; over HTTP ms of a new query"
    )
    print(f"{'texts':<22}" + "".join(f"{name:>11}" for name in names))
    keep_vectors()
    for size in SIZES:
        [profile] = bench.profiles(1, size)
        rounds = ROUNDS if size <= 1000 else ROUNDS // 4
        in_process = [
            times(work, rounds, process_time)[0]
            for work in (
                bench.engine(profile),
                bench.engine(profile, first=True),
                bench.view([profile]),
                bench.view([profile], first=True),
            )
        ]
        p50, p99 = times(bench.http(profile), rounds)
        again, _ = times(bench.http(profile, again=True), rounds)
        figures = (*in_process, p50, p99, again)
        print(f"{size:>22,}" + "".join(f"{figure:>11.2f}" for figure in figures))


def keep_vectors() -> None:
    """Of all queries: they cost the same whatever the size of a profile is."""
    for text in {q.query for each in conversations() for q in each.questions}:
        embed_query(text)


def _profiles(bench: Bench) -> None:
    """The same view on profiles of ten texts, while the database grows."""
    print(f"\n{'Recall, by profiles':<22}{'view p50':>11}{'ratio':>11}")
    present: list[Profile] = []
    first = 0.0
    for count in PROFILES:
        present += bench.profiles(count - len(present), TEXTS)
        some = present[:: max(1, count // ROUNDS)]
        p50, _ = times(bench.view(some))
        first = first or p50
        print(f"{count:>22,}{p50:>11.2f}{p50 / first:>11.2f}")


def _writes(bench: Bench) -> None:
    [profile] = bench.profiles(1, 0)
    facts = {"source": "bench", "occurred_at": NOW, "conversation_ids": []}
    begin = process_time()
    for _ in range(100):
        batch = [{"content": text} | facts for text, _ in islice(bench._texts, 10)]
        create_observations(bench.store, profile.id, batch)
    added = 1000 / (process_time() - begin)
    begin = perf_counter()
    made = sum(embed_pending(get_embedder()))
    print(
        f"\nadded a second of CPU time, ten at a time: {added:,.0f};"
        f" vectors made a second: {made / (perf_counter() - begin):,.0f};"
        f" side table: {_bytes_an_entry():,.0f} bytes a text"
    )


def _bytes_an_entry() -> float:
    """Of the values alone; keys and indexes come on top."""
    entries = IndexEntry.objects.exclude(model="").values_list(
        "terms", "conversations", "vector", "model", "item_id"
    )[:1000]
    return float(np.mean([sum(map(len, entry)) + 8 for entry in entries]))


def _resident_mb(parent: int) -> float:
    """The largest child of a process, from /proc; 0 where there is none."""
    found = [0.0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:  # it has just ended
            continue
        if int(lines["PPid"]) == parent and "VmRSS" in lines:
            found.append(int(lines["VmRSS"].split()[0]) / 1000)
    return max(found)
