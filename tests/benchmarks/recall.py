"""Quality of Recall on real conversations: by category, by part, calibration, turns."""

from collections.abc import Sequence
from dataclasses import astuple, replace

import numpy as np

from console.engine.ranking import MODELS, WORDS, Coefficients, Query
from tests.benchmarks.quality import (
    CATEGORIES,
    DATA,
    Conversation,
    Question,
    Ranker,
    answerable,
    conversations,
    measure,
    turns_of_another,
)
from tests.benchmarks.ranking import Memories, ProductRanker, calibration_error

USE3 = MODELS["use-3"]
COLUMNS = ("recall@5", "recall@10", "recall@20", "nDCG@10", "MRR")
# The turns of a conversation that Recall looks at.
TURNS = 10


def run() -> None:
    if not DATA.exists():
        print(f"\nquality of Recall: skipped, {DATA.name} is not beside the project")
        return
    memories = Memories()
    print(f"\n{'Recall, LoCoMo dev':<28}" + "".join(f"{c:>10}" for c in COLUMNS))
    _parts(memories)
    _categories(ProductRanker(memories, USE3))
    _conversations(memories)
    _calibration("words alone", ProductRanker(None, WORDS))
    _calibration("USE-3", ProductRanker(memories, USE3))


def _parts(memories: Memories) -> None:
    _row("words alone, plain", ProductRanker(None, _plain(WORDS)))
    _row("words alone", ProductRanker(None, WORDS))
    _row("USE-3, plain hybrid", ProductRanker(memories, _plain(USE3)))
    for part in ("meaning", "words", "bulk", "phrase", "date", "summary", "neighbour"):
        _row(f"USE-3 without {part}", ProductRanker(memories, _without(USE3, part)))
    _row("USE-3", ProductRanker(memories, USE3))


def _plain(coefficients: Coefficients) -> Coefficients:
    """Nothing but what a text itself says."""
    return _without(coefficients, "date", "summary", "neighbour")


def _without(coefficients: Coefficients, *parts: str) -> Coefficients:
    order = dict(coefficients.order) | dict.fromkeys(parts, 0.0)
    return replace(coefficients, order=order)


def _categories(ranker: Ranker) -> None:
    for number, name in CATEGORIES.items():
        _row(f"  {name}", ranker, (number,))


def _row(name: str, ranker: Ranker, categories: Sequence[int] = (1, 2, 3, 4)) -> None:
    *figures, questions = astuple(measure(ranker, categories))
    print(f"{name:<28}" + "".join(f"{f:>10.3f}" for f in figures) + f"{questions:>6}")


def _conversations(memories: Memories) -> None:
    """The question as a turn of another conversation: last of ten, and fourth last."""
    ranker = ProductRanker(memories, USE3)

    def ask(after: int) -> Ranker:
        def rank(conversation: Conversation, query: str) -> Sequence[str]:
            turns = turns_of_another(conversation, query, TURNS - 1)
            memories.add([turn for turn in turns if not memories.knows(turn)])
            place = len(turns) - after
            said = [*turns[:place], query, *turns[place:]]
            newest_first = [
                Query.of(text, memories.vector(text), age=age)
                for age, text in enumerate(reversed(said))
            ]
            return ranker.ids(conversation, newest_first)

        return rank

    _row("ten turns, asked last", ask(0))
    _row("ten turns, three after it", ask(3))


def _calibration(name: str, ranker: ProductRanker) -> None:
    """Of the first ten of each answer; and whether the first score tells a question
    that this memory can answer from one that was asked of another."""
    scores, wanted, here, elsewhere = [], [], [], []
    everyone = conversations()
    for conversation, other in zip(everyone, everyone[1:] + everyone[:1], strict=True):
        covers = {o.id: o.covers for o in conversation.observations}
        for question in _questions(conversation):
            found = ranker.first_ten(conversation, question.query)
            here.append(found[0].score)
            scores += [each.score for each in found]
            wanted += [bool(covers[each.id] & question.evidence) for each in found]
        for question in _questions(other):
            [first, *_] = ranker.first_ten(conversation, question.query)
            elsewhere.append(first.score)
    error = calibration_error(np.array(scores), np.array(wanted, float))
    print(
        f"{name}: calibration error of the first ten {error:.3f};"
        f" answerable against another's questions, AUC {_auc(here, elsewhere):.2f}"
    )
    for threshold in (0.1, 0.3, 0.5):
        kept = np.array(scores) >= threshold
        print(
            f"  threshold {threshold}: keeps"
            f" {np.array(wanted)[kept].sum() / sum(wanted):.0%} of what is wanted,"
            f" answers {np.mean(np.array(here) >= threshold):.0%} of its questions and"
            f" {np.mean(np.array(elsewhere) >= threshold):.0%} of another's"
        )


def _questions(conversation: Conversation) -> list[Question]:
    return [
        question
        for question in conversation.questions
        if question.category in CATEGORIES and answerable(conversation, question)
    ]


def _auc(high: list[float], low: list[float]) -> float:
    """How often one of the first is above one of the second; equals count half."""
    one, other = np.array(high)[:, None], np.array(low)[None]
    return float((one > other).mean() + (one == other).mean() / 2)
