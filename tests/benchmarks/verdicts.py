"""`python -m tests.benchmarks.verdicts`: "why not this one?" on real conversations, and
what a suite of cases and a page of 100 items take. It takes some minutes.

Of 50 questions whose expected observation is not among the first five: how many verdicts
name a stage, and how many of the changes that they offer recall it when they are run.
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from tests.benchmarks.__main__ import set_up

if __name__ != "__main__":
    sys.exit("Run it by its name.")
folder = tempfile.TemporaryDirectory(prefix="bench-")
set_up(Path(folder.name), demo=False)

import msgspec  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from console.contract.memory.observation import NewObservation  # noqa: E402
from console.contract.memory.summary import NewSummary  # noqa: E402
from console.masking.masker import Masker  # noqa: E402
from console.pages.recall.cases import run_case  # noqa: E402
from console.pages.recall.models import RecallCase  # noqa: E402
from console.pages.recall.selectors import recall_profile  # noqa: E402
from console.pages.recall.verdict import Reason  # noqa: E402
from console.tenants.actor import Actor  # noqa: E402
from console.tenants.models import Role, Tenant  # noqa: E402
from console.tenants.vault import open_store  # noqa: E402
from tests.benchmarks.quality import DATA  # noqa: E402
from tests.factories import make_tenant, make_user  # noqa: E402

MISSES, FIRST, CASES, ROUNDS, BATCH = 50, 5, 200, 15, 10
MEMORY = DATA.with_name("locomo-dev.memory.jsonl")
QUESTIONS = DATA.with_name("locomo-dev.questions.jsonl")
ASKED: dict[str, Any] = {
    "conversation_id": "",
    "begin": None,
    "end": None,
    "observations_limit": FIRST,
    "summaries_limit": 5,
    "relevance_threshold": 0.0,
    "trace": False,
    "trace_items": [],
}


def read(path: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, path.read_text("utf-8").splitlines())


def load(tenant: Tenant) -> dict[str, tuple[str, dict[str, str]]]:
    """By identity: the profile's id, and its observations' ids by their content."""
    store, known = open_store(tenant), {}
    for held in read(MEMORY):
        id_ = store.create_profile(held["traits"]).id
        for name, noun, create in (
            ("observations", NewObservation, store.create_observations),
            ("summaries", NewSummary, store.create_summaries),
        ):
            new = [msgspec.convert(each, noun) for each in held[name]]
            for start in range(0, len(new), BATCH):
                create(id_, new[start : start + BATCH])
        items = store.list_observations(id_, page_size=1000).items
        contents = {item.content: item.id for item in items}
        known[f"email:{held['traits']['Contact']['email']}"] = id_, contents
    call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)
    return known


def list_misses(tenant: Tenant, known: Any) -> Iterator[tuple[str, str, str]]:
    """Profile, query, and the id of what did not come."""
    store = open_store(tenant)
    for asked in read(QUESTIONS):
        profile_id, ids = known[asked["identity"]]
        expected = [ids[each] for each in asked["expect"] if each in ids]
        question = ASKED | {"query": asked["query"], "masked": True}
        came = {item.id for item in store.recall(profile_id, **question).observations}
        if expected and not came & {*expected}:
            yield profile_id, asked["query"], expected[0]


def judge_misses(tenant: Tenant, misses: Any) -> None:
    store, masker = open_store(tenant), Masker(tenant)
    reasons, changes, times = Counter[str](), Counter[str](), list[float]()
    definite = offered = came = 0
    for profile_id, query, wanted in misses:

        def ask(profile_id: str = profile_id, query: str = query, **change: Any) -> Any:
            question = ASKED | {"query": query} | change
            return recall_profile(
                store, profile_id, mode="query", question=question, masker=masker
            )

        begin = perf_counter()
        verdict = ask(trace=True, trace_items=[wanted]).expected.verdict
        times.append(perf_counter() - begin)
        reasons[verdict.reason] += 1
        # What was never a candidate is so by its place, or nothing is known of it.
        is_stage = verdict.reason not in {Reason.RECALLED, Reason.UNRANKED}
        definite += is_stage or verdict.place > 0
        changes[", ".join(sorted(verdict.change)) or "none"] += 1
        if verdict.change:
            offered += 1
            again = ask(**verdict.change)
            came += wanted in {item.item.id for item in again.items}
    total = sum(reasons.values())
    show("definite verdicts", f"{definite} of {total}", "all")
    show("changes that recall it", f"{came} of {offered}", "all")
    show("  verdicts", str(dict(reasons)))
    show("  changes", str(dict(changes)))
    show("a verdict, median", f"{median(times) * 1000:.0f} ms")


def run_suite(tenant: Tenant, misses: Any) -> None:
    by = make_user(Role.AGENT, tenant)
    for number in range(CASES):
        profile_id, query, wanted = misses[number % len(misses)]
        RecallCase.objects.create(
            tenant=tenant,
            suite="Bench",
            name=f"Case {number}",
            profile_id=profile_id,
            asked={"query": query, "observations": "100"},
            wanted=[wanted],
            created_by=by,
        )
    actor, store = Actor(None, tenant, name="command line"), open_store(tenant)
    begin = perf_counter()
    for case in tenant.recall_cases.all():
        run_case(case, store, actor)
    show(f"a suite of {CASES} cases", f"{perf_counter() - begin:.1f} s", "10 s")


def open_page(tenant: Tenant, misses: Any, known: Any) -> None:
    client = Client()
    client.force_login(make_user(Role.AGENT, tenant))
    sizes = {profile_id: len(ids) for profile_id, ids in known.values()}
    profile_id, query = max(sizes, key=lambda id_: sizes[id_]), misses[0][1]
    for name, also in (("", {}), (", explained", {"explain": "on"})):
        asked = {"identity": profile_id, "query": query, "observations": "95"}
        page = reverse("recall:run", args=[tenant.slug])
        [(address, _)] = client.post(page, asked | also, follow=True).redirect_chain
        times = []
        for _ in range(ROUNDS):
            begin = process_time()
            answer = client.get(address)
            times.append(process_time() - begin)
        assert answer.status_code == 200
        items = answer.text.count('class="result"')
        figure = f"{median(times) * 1000:.0f} ms CPU"
        show(f"Recall page of {items} items{name}", figure, "150 ms")


def show(name: str, figure: str, goal: str = "") -> None:
    print(f"{name:<36}{figure:>14}{goal:>10}", flush=True)


print(f"\n{'Why not this one, LoCoMo dev':<36}{'measured':>14}{'goal':>10}")
tenant = make_tenant("bench")
known = load(tenant)
misses = list(islice(list_misses(tenant, known), MISSES))
judge_misses(tenant, misses)
run_suite(tenant, misses)
open_page(tenant, misses, known)
