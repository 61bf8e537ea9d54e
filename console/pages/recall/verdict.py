"""Why not this one? Why an expected item did not come, and what would have brought it.

The embedded memory explains its scores. Of another one the same is inferred: it is asked
once more for as many as it gives, without a threshold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import floor
from typing import Any

from console.client.store import RecallAnswer
from console.contract.memory.observation import Observation
from console.contract.memory.recall import (
    RECALL_ITEMS,
    RecalledObservation,
    RecalledSummary,
)
from console.contract.memory.summary import Summary
from console.web.times import get_day, get_day_start

# Changes are tried one on top of the other: dates, threshold, limit.
STEPS_MAX = 4

Item = Observation | Summary
# The keyword arguments of StoreClient.recall.
Question = dict[str, Any]
Ask = Callable[[Question], RecallAnswer]


class Reason(StrEnum):
    RECALLED = "recalled"
    RETRACTED = "retracted"
    UNINDEXED = "unindexed"
    DATES = "dates"
    THRESHOLD = "threshold"
    LIMIT = "limit"
    COPY = "copy"
    UNRANKED = "unranked"


@dataclass(frozen=True, slots=True)
class RecallVerdict:
    """Of one item in one run.

    place        1 for the best, or the newest, of its kind; 0: beyond what came
    score        None where nothing was ranked
    copy_of      the id of what came and says the same
    is_inferred  from another recall
    change       what of the question must be another so that it comes, and was seen to
                 do so; empty: nothing was found that does
    """

    reason: Reason
    place: int = 0
    score: float | None = None
    copy_of: str = ""
    is_inferred: bool = False
    change: Question = field(default_factory=dict)


def judge(
    ask: Ask, question: Question, answer: RecallAnswer, item: Item
) -> RecallVerdict:
    """`answer` is the one to `question`, whose trace, if there is one, has the item."""
    change: Question = {}
    first = found = _look(ask, question, answer, item)
    for _ in range(STEPS_MAX):
        step = _get_step(found, question | change, item)
        if not step:
            break
        change |= step
        found = _look(ask, question | change, ask(question | change), item)
        if found.reason == Reason.RECALLED:
            # What is a copy takes no place of those that come.
            exact = (
                {_get_limit(item): found.place} if _get_limit(item) in change else {}
            )
            return replace(first, change=change | exact)
    return first


def _look(
    ask: Ask, question: Question, answer: RecallAnswer, item: Item
) -> RecallVerdict:
    came = _list_kind(answer, item)
    if place := _find_place(came, item):
        return RecallVerdict(Reason.RECALLED, place, came[place - 1].score)
    if isinstance(item, Observation) and item.retracted_for:
        return RecallVerdict(Reason.RETRACTED)
    if _get_wider_dates(question, item):
        return RecallVerdict(Reason.DATES)
    if answer.trace and item.id in (answer.trace.elsewhere or ()):
        return RecallVerdict(Reason.UNINDEXED)
    if answer.trace and (traced := answer.trace.find(item.id)):
        for other in answer.trace.items or ():
            if item.id in other.copies:
                return RecallVerdict(Reason.COPY, traced.place, traced.score, other.id)
        return _compare(
            question, RecallVerdict(Reason.LIMIT, traced.place, traced.score)
        )
    most = {_get_limit(item): RECALL_ITEMS, "relevance_threshold": 0}
    wider = ask(question | most)
    came = _list_kind(wider, item)
    if not (place := _find_place(came, item)):
        return RecallVerdict(Reason.UNRANKED, is_inferred=wider.is_ranked)
    found = RecallVerdict(Reason.LIMIT, place, came[place - 1].score)
    return _compare(question, replace(found, is_inferred=wider.is_ranked))


def _compare(question: Question, found: RecallVerdict) -> RecallVerdict:
    is_below = found.score is not None and found.score < question["relevance_threshold"]
    return replace(found, reason=Reason.THRESHOLD) if is_below else found


def _get_step(found: RecallVerdict, question: Question, item: Item) -> Question:
    """The least that mends this one reason."""
    if found.reason == Reason.DATES:
        return _get_wider_dates(question, item)
    if found.reason == Reason.THRESHOLD:
        return {"relevance_threshold": floor((found.score or 0) * 100) / 100}
    if found.reason == Reason.LIMIT and found.place <= RECALL_ITEMS:
        return {_get_limit(item): found.place}
    if found.reason in {Reason.LIMIT, Reason.UNRANKED}:
        # Too many come before it: only those of its day may.
        day = get_day(item.occurred_at)
        narrow = {
            "begin": get_day_start(day),
            "end": get_day_start(day, days_later=1),
        }
        return narrow if question | narrow != question else {}
    return {}


def _get_wider_dates(question: Question, item: Item) -> Question:
    """Without the bound that leaves it out; empty: none does."""
    begin, end = question["begin"], question["end"]
    if begin and item.occurred_at < begin:
        return {"begin": None}
    return {"end": None} if end and item.occurred_at >= end else {}


def _list_kind(
    answer: RecallAnswer, item: Item
) -> Sequence[RecalledObservation | RecalledSummary]:
    if item.kind == Summary.kind:
        return answer.summaries
    return answer.observations


def _find_place(came: Sequence[Item], item: Item) -> int:
    ids = [each.id for each in came]
    return ids.index(item.id) + 1 if item.id in ids else 0


def _get_limit(item: Item) -> str:
    return "summaries_limit" if item.kind == Summary.kind else "observations_limit"
