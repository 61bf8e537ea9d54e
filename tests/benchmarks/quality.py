"""Quality of Recall on real conversations: recall@k, nDCG@10, MRR by category.

The data (LoCoMo, CC BY-NC 4.0) lies beside the project, never in it. Measures as in
its README: an observation covers the turns that it names as evidence.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import log2
from pathlib import Path
from statistics import fmean
from zlib import crc32

FOLDER = Path(__file__).resolve().parents[3] / "shared/data"
DATA = FOLDER / "locomo-dev.retrieval.jsonl"
# The same conversations turn by turn, in the same order.
TURNS = FOLDER / "locomo-dev.json"
CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "inference", 4: "single-hop"}


@dataclass(frozen=True)
class Item:
    """An observation or a summary of a conversation."""

    id: str
    content: str
    occurred_at: datetime
    session: str
    covers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Question:
    query: str
    evidence: frozenset[str]
    category: int


@dataclass(frozen=True)
class Conversation:
    observations: list[Item]
    summaries: list[Item]
    questions: list[Question]


# Answers the ids of observations, best first.
Ranker = Callable[[Conversation, str], Sequence[str]]


@cache
def conversations(path: Path = DATA) -> tuple[Conversation, ...]:
    return tuple(_read(path))


def _read(path: Path) -> Iterator[Conversation]:
    for line in path.read_text().splitlines():
        read = json.loads(line)
        yield Conversation(
            [
                Item(
                    f"o{number:04}",
                    each["content"],
                    datetime.fromisoformat(each["occurredAt"]),
                    str(each["session"]),
                    frozenset(each["evidence"]),
                )
                for number, each in enumerate(read["observations"])
            ],
            [
                Item(
                    f"s{number:04}",
                    each["content"],
                    datetime.fromisoformat(each["occurredAt"]),
                    str(each["session"]),
                )
                for number, each in enumerate(read["summaries"])
            ],
            [
                Question(q["query"], frozenset(q["evidence"]), q["category"])
                for q in read["questions"]
            ],
        )


@dataclass(frozen=True)
class Measures:
    """Means over questions, 0 to 1."""

    recall_5: float
    recall_10: float
    recall_20: float
    ndcg_10: float
    mrr: float
    questions: int


def measure(rank: Ranker, categories: Sequence[int] = (1, 2, 3, 4)) -> Measures:
    """Every question of these categories that the observations can answer."""
    rows = [
        _measure_one(conversation, question, rank(conversation, question.query))
        for conversation in conversations()
        for question in conversation.questions
        if question.category in categories and answerable(conversation, question)
    ]
    means = [fmean(column) for column in zip(*rows, strict=True)]
    return Measures(*means, questions=len(rows))


def answerable(conversation: Conversation, question: Question) -> bool:
    return any(o.covers & question.evidence for o in conversation.observations)


def _measure_one(
    conversation: Conversation, question: Question, ranked: Sequence[str]
) -> tuple[float, float, float, float, float]:
    covers = {o.id: o.covers & question.evidence for o in conversation.observations}
    # Of all of them: another store's order may end before the last one.
    wanted = len(frozenset().union(*covers.values()))
    return measure_order([covers[id_] for id_ in ranked], wanted)


def measure_order(
    covers: Sequence[frozenset[str]], wanted: int = 0
) -> tuple[float, float, float, float, float]:
    """As in Measures, by what of the evidence each of the observations covers; `wanted`
    is how much there is, where these are not all."""
    # What no observation covers can be found by nobody.
    wanted = wanted or len(frozenset().union(*covers))
    seen: set[str] = set()
    gains, found = [], []
    for covered in covers:
        gains.append(1.0 if covered - seen else 0.0)
        seen |= covered
        found.append(len(seen) / wanted)
    hits = [position for position, gain in enumerate(gains) if gain]
    dcg = sum(gain / log2(2 + position) for position, gain in enumerate(gains[:10]))
    ideal = sum(1 / log2(2 + n) for n in range(min(10, wanted)))
    at = [found[min(k, len(found)) - 1] if found else 0.0 for k in (5, 10, 20)]
    return (*at, dcg / ideal, 1 / (hits[0] + 1) if hits else 0.0)


def turns_of_another(
    conversation: Conversation, query: str, count: int
) -> Sequence[str]:
    """So many turns in a row that have nothing to do with a conversation.

    Of the next conversation of the file; which ones depends on the query alone.
    """
    everyone = conversations()
    place = next(n for n, each in enumerate(everyone) if each is conversation)
    turns = _turns()[(place + 1) % len(everyone)]
    start = crc32(query.encode()) % (len(turns) - count)
    return turns[start : start + count]


@cache
def _turns() -> list[list[str]]:
    return [
        [
            turn["text"]
            for number in range(1, 100)
            for turn in each["conversation"].get(f"session_{number}", ())
        ]
        for each in json.loads(TURNS.read_text())
    ]
