"""Quality of Recall on real conversations, by category and by part of the score."""

from collections.abc import Callable
from dataclasses import astuple
from unittest.mock import patch

from console.engine import fusion
from console.engine.recall import Text, rank
from tests.benchmarks.quality import CATEGORIES, DATA, Conversation, measure

Ranker = Callable[[Conversation, str], list[str]]


def ranked_ids(conversation: Conversation, query: str) -> list[str]:
    """The product's order of the observations; a session stands for a conversation."""
    told, summed_up = (
        [Text(i.id, i.content, i.occurred_at, (i.session,)) for i in items]
        for items in (conversation.observations, conversation.summaries)
    )
    return [r.id for r in rank([query], told, summed_up) if r.id.startswith("o")]


def run() -> None:
    if not DATA.exists():
        print(f"\nquality of Recall: skipped, {DATA.name} is not beside the project")
        return
    columns = ("recall@5", "recall@10", "recall@20", "nDCG@10", "MRR")
    print(f"\n{'Recall, LoCoMo dev':<28}" + "".join(f"{c:>10}" for c in columns))
    off = {"DATE": 0.0, "SUMMARY": 0.0, "NEIGHBOUR": 0.0}
    _row("words alone", off)
    for name in off:
        _row(f"without {name.lower()}", {name: 0.0})
    _row("all", {})
    for number, name in CATEGORIES.items():
        _row(f"  {name}", {}, (number,))


def _row(name: str, weights: dict[str, float], categories=tuple(CATEGORIES)) -> None:
    with patch.multiple(fusion, **{"DATE": fusion.DATE} | weights):
        *figures, questions = astuple(measure(ranked_ids, categories))
    print(f"{name:<28}" + "".join(f"{f:>10.3f}" for f in figures) + f"{questions:>6}")
