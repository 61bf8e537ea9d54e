"""`python -m tests.benchmarks.knowledge`: how well and how fast a base answers.

The articles of XQuAD as one text of a base, where the data lie beside the project; right
is a chunk that holds the whole answer. Then the same chunks again and again, each with
words of its own, for the time that a search takes.
"""

import json
import sys
import tempfile
from itertools import count
from pathlib import Path
from statistics import fmean, median
from time import perf_counter, process_time
from typing import Any

from tests.benchmarks.__main__ import set_up
from tests.benchmarks.quality import FOLDER

if __name__ != "__main__":
    sys.exit("Run it by its name.")
folder = tempfile.TemporaryDirectory(prefix="bench-")
set_up(Path(folder.name), demo=False)

from django.db import transaction  # noqa: E402

from console.contract.knowledge.base import CreateKnowledgeBase  # noqa: E402
from console.contract.knowledge.source import CreateKnowledge, SentText  # noqa: E402
from console.service.knowledge import ingestion, models, sources  # noqa: E402
from console.service.knowledge.searching import search  # noqa: E402
from console.service.models import Account, create_account  # noqa: E402

ACCOUNT = Account.objects.get(pk=create_account("bench").account_sid)
NAMES = count()
STEP = 2
GOALS = {"en": (0.93, 0.99), "zh": (0.92, 0.0), "es on en": (0.68, 0.0)}


def read(language: str) -> list[dict[str, Any]]:
    lines = (FOLDER / f"xquad.{language}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def make_base(text: str) -> models.KnowledgeBase:
    asked = CreateKnowledgeBase(display_name=f"base-{next(NAMES)}")
    base = sources.create_base(ACCOUNT, asked)
    body = CreateKnowledge(name="Articles", source=SentText(content=text))
    source = sources.create_source(ACCOUNT, base.id, body)
    begin = process_time()
    ingestion.read_source.func(source.id)
    source.refresh_from_db()
    spent = process_time() - begin
    print(f"{source.chunks} chunks, {source.chunks / spent:.0f} a second of CPU")
    return sources.get_base(ACCOUNT, base.id)


def ask(base: models.KnowledgeBase, texts: str, asked: str) -> None:
    places, times = list[int](), list[float]()
    answers = [each["questions"] for each in read(texts)]
    questions = [each["questions"] for each in read(asked)]
    pairs = [
        p
        for both in zip(answers, questions, strict=True)
        for p in zip(*both, strict=True)
    ]
    for (_, answer, *_), (question, *_) in pairs[::STEP]:
        begin = perf_counter()
        hits = search(base, question, 5)
        times.append(perf_counter() - begin)
        found = [answer in hit.chunk.content for hit in hits]
        places.append(found.index(True) if any(found) else 99)
    name = texts if texts == asked else f"{asked} on {texts}"
    firsts, fives = (fmean(p < most for p in places) for most in (1, 5))
    print(
        f"{name:<12} hit@1 {firsts:.3f} (goal {GOALS[name][0]}), @5 {fives:.3f},"
        f" median {1000 * median(times):.1f} ms"
    )


def grow(base: models.KnowledgeBase, chunks: int) -> None:
    """So many chunks: copies with words that no other has."""
    [source] = base.sources.all()
    rows = list(models.KnowledgeChunk.objects.of(source))
    with transaction.atomic(using="memory"):
        for number in range(1, chunks // len(rows) + 1):
            for row in rows:
                row.pk = (row.base_id, row.source_id, row.run, number, row.place)
                row.document = number
            models.KnowledgeChunk.objects.bulk_create(rows)
    models.KnowledgeBase.objects.update(content_version=1000 + chunks)
    base.refresh_from_db()
    begin = perf_counter()
    search(base, "Which river flows there?", 5)
    first, times = perf_counter() - begin, list[float]()
    for number in range(40):
        begin = perf_counter()
        search(base, f"Who led the team of {number} in sacks?", 5)
        times.append(perf_counter() - begin)
    print(
        f"{chunks:,} chunks: first {1000 * first:.0f} ms,"
        f" then median {1000 * median(times):.1f} ms"
    )


if not FOLDER.joinpath("xquad.en.jsonl").exists():
    sys.exit("XQuAD is not beside the project.")
english = make_base("\n\n".join(each["text"] for each in read("en")))
ask(english, "en", "en")
ask(english, "en", "es")
ask(make_base("\n\n".join(each["text"] for each in read("zh"))), "zh", "zh")
grow(english, 10_000)
