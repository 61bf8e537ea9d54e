"""`python -m tests.benchmarks.through_api`: the figures of `extraction` by what a client
does: post turns, close, recall. It takes some minutes.

By default the rules are the default ones, by which what friends say of their health or
whom they love waits for an officer; with `keep` it is remembered at once.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Any

from tests.benchmarks.__main__ import set_up

if __name__ != "__main__":
    sys.exit("Run it by its name.")
KEEP = "keep" in sys.argv
folder = tempfile.TemporaryDirectory(prefix="bench-")
set_up(Path(folder.name), demo=False)

from django.core.management import call_command  # noqa: E402

from console.contract.conversations.learning import SPECIAL  # noqa: E402
from console.service.memory.models import Observation  # noqa: E402
from tests.benchmarks.conversations import Api  # noqa: E402
from tests.benchmarks.extraction import (  # noqa: E402
    DEEPEST,
    DIALOGUES,
    PROMPT,
    Row,
    has,
    judge,
    list_questions,
    read_dialogue,
    sessions,
)


def work() -> None:
    """What a worker does: learn, and make vectors."""
    call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)


def run() -> None:
    print(f"\n{'Learnt and recalled through the API':<44}{'measured':>10}{'goal':>10}")
    for name, figure, goal in chain(_recall(), _values()):
        print(f"{name:<44}{figure:>10}{goal:>10}", flush=True)


def _recall() -> Iterator[Row]:
    rows, sizes, talks = [], list[int](), 0
    for place, (held, questions) in enumerate(
        zip(sessions(), list_questions(), strict=True)
    ):
        api = Api(f"locomo-{place}")
        if KEEP:
            path = f"/v1/ControlPlane/Stores/{api.store}/LearningRules"
            api.http.put(path, json={"kinds": dict.fromkeys(SPECIAL, "keep")})
        speakers = {id_: who for each in held for id_, who, _ in each.turns}
        ids, people, opened = dict[str, str](), dict[str, str](), list[str]()
        for session in held:
            two = dict.fromkeys(who for _, who, _ in session.turns)
            talk = api.hold_talk(two, session.seen_as(""))
            opened.append(talk.id)
            people |= talk.profiles
            named = (id_ for id_, *_ in session.turns)
            ids |= dict(zip(talk.said, named, strict=True))
        work()
        covers: dict[str, set[str]] = defaultdict(set)
        for conversation in opened:
            path = f"/v2/Conversations/{conversation}/Learned?pageSize=1000"
            for each in api.get(path)["learned"]:
                if each["kind"] == "observation" and each.get("itemId"):
                    covers[each["itemId"]] |= {ids[c] for c in each["communicationIds"]}
        talks += len(opened) * len(people)
        for question in questions:
            about = {speakers[id_] for id_ in question.evidence}
            if len(about) == 1:
                profile = f"/v1/Stores/{api.store}/Profiles/{people[about.pop()]}"
                body = {"query": question.query, "observationsLimit": DEEPEST}
                found = api.post(f"{profile}/Recall", body)["observations"]
                best = ((o["content"], frozenset(covers[o["id"]])) for o in found)
                rows.append(judge(question, best))
        stored = Observation.objects.filter(store_id=api.store)
        sizes += [len(content) for content in stored.values_list("content", flat=True)]
    recall, ndcg, prompt = (fmean(column) for column in zip(*rows, strict=True))
    yield f"LoCoMo, recall@10 of {len(rows)} questions", f"{recall:.3f}", "≥ .81"
    yield "LoCoMo, nDCG@10", f"{ndcg:.3f}", "≥ .675"
    yield f"LoCoMo, recall in {PROMPT:,} characters", f"{prompt:.3f}", "≥ .75"
    yield "LoCoMo, observations a session", f"{len(sizes) / talks:.2f}", "≤ 9"


def _values() -> Iterator[Row]:
    api, dialogues = Api("sgd"), list[tuple[Any, str, str]]()
    for number, line in enumerate(DIALOGUES.read_text().splitlines()):
        dialogue = json.loads(line)
        turns = read_dialogue(dialogue)
        talk = api.hold_talk({"Ana": f"ana-{number}", "Agent": "agent"}, turns)
        said = "\n".join(turn.text for turn in turns if turn.role == "customer")
        dialogues.append((dialogue["values"], said, talk.profiles["Ana"]))
    work()
    kept, facts = [], 0
    for values, said, profile in dialogues:
        path = f"/v1/Stores/{api.store}/Profiles/{profile}/Observations?pageSize=100"
        found = [each["content"] for each in api.get(path)["observations"]]
        facts += len(found)
        held = "\n".join(found)
        kept += [has(held, each) for *_, each in values if has(said, each)]
    yield "SGD, values kept of those said", f"{fmean(kept):.3f}", "≥ .93"
    yield "SGD, observations a dialogue", f"{facts / len(dialogues):.2f}", "≤ 4.2"


with folder:
    run()
