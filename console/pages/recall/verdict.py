"""Why not this one? Why an expected item did not come, and what would have brought it.

The embedded memory explains its scores. Of another one the same is inferred: it is asked
for as many as it gives, without a threshold, in other dates, and by the item's own text.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import floor
from typing import Any

from console.client.store import RecallAnswer
from console.contract.memory.observation import Observation
from console.contract.memory.recall import (
    RECALL_ITEMS,
    RECALL_QUERY_MAX,
    RecalledObservation,
    RecalledSummary,
)
from console.contract.memory.summary import Summary
from console.web.times import get_day, get_day_start

# How often a memory is asked for one verdict.
PROBES_MAX = 6

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
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Probe:
    """One more recall: what of the question was another, and as which the item came; 0:
    it did not."""

    change: Question
    place: int
    score: float | None


@dataclass(frozen=True, slots=True)
class RecallVerdict:
    """Of one item in one run.

    place        1 for the best, or the newest, of its kind; 0: beyond what came
    score        None where nothing was ranked
    short_by     by how much the score is below the threshold
    copy_of      the id of what came and says the same
    change       what of the question must be another so that it comes, and was seen to
                 do so; empty: nothing was found that does
    probes       from what it was inferred; none where the memory explains itself
    """

    reason: Reason
    place: int = 0
    score: float | None = None
    short_by: float = 0.0
    copy_of: str = ""
    change: Question = field(default_factory=dict)
    probes: Sequence[Probe] = ()


class _Enough(Exception):
    """The memory was asked PROBES_MAX times."""


class _Memory:
    """Asks about one item, nothing twice; `probes` are what it was asked."""

    def __init__(
        self, ask: Ask, question: Question, answer: RecallAnswer, item: Item
    ) -> None:
        self._ask, self._item = ask, item
        self.explains = answer.trace is not None
        if not self.explains:
            question = question | {"trace": False, "trace_items": []}
        self.question = question
        self._answers = {repr(question): answer}
        self.probes: list[Probe] = []

    def ask(self, change: Question) -> RecallAnswer:
        question = self.question | change
        known = self._answers.get(repr(question))
        if known is None:
            if len(self.probes) == PROBES_MAX:
                raise _Enough
            known = self._answers[repr(question)] = self._ask(question)
            came = _list_kind(known, self._item)
            place = _find_place(came, self._item)
            score = came[place - 1].score if place else None
            self.probes.append(Probe(change, place, score))
        return known


def judge(
    ask: Ask, question: Question, answer: RecallAnswer, item: Item
) -> RecallVerdict:
    """`answer` is the one to `question`, whose trace, if there is one, has the item."""
    memory, change = _Memory(ask, question, answer, item), Question()
    first = found = _look(memory, {}, item)
    with suppress(_Enough):
        while not (step := _get_step(found, question | change, item)).items() <= (
            change.items()
        ):
            change |= step
            found = _look(memory, change, item)
    if found.reason == Reason.RECALLED and change:
        if (limit := _get_limit(item)) in change:
            # What is a copy takes no place of those that come.
            change |= {limit: found.place}
        first = replace(first, change=change)
    return first if memory.explains else replace(first, probes=tuple(memory.probes))


def _look(memory: _Memory, change: Question, item: Item) -> RecallVerdict:
    answer, question = memory.ask(change), memory.question | change
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
        found = RecallVerdict(Reason.LIMIT, traced.place, traced.score)
        for other in answer.trace.items or ():
            if item.id in other.copies:
                return replace(found, reason=Reason.COPY, copy_of=other.id)
        return _compare(question, found)
    most = change | {_get_limit(item): RECALL_ITEMS, "relevance_threshold": 0}
    wider = memory.ask(most)
    came = _list_kind(wider, item)
    if place := _find_place(came, item):
        found = RecallVerdict(Reason.LIMIT, place, came[place - 1].score)
        return _compare(question, found)
    if wider.is_ranked and not change:
        return _ask_by_text(memory, most, item)
    return RecallVerdict(Reason.UNRANKED)


def _ask_by_text(memory: _Memory, most: Question, item: Item) -> RecallVerdict:
    """Of what came by no wider question: whether the memory can recall it at all."""
    by_text = {"query": item.content[:RECALL_QUERY_MAX], "conversation_id": ""}
    came = _list_kind(memory.ask(most | by_text), item)
    if _find_place(came, item):
        return RecallVerdict(Reason.UNRANKED)
    said = item.content.casefold()
    same = [other.id for other in came if other.content.casefold() == said]
    if same:
        return RecallVerdict(Reason.COPY, copy_of=same[0])
    return RecallVerdict(Reason.UNINDEXED)


def _compare(question: Question, found: RecallVerdict) -> RecallVerdict:
    short_by = question["relevance_threshold"] - (found.score or 0)
    if found.score is not None and short_by > 0:
        return replace(found, reason=Reason.THRESHOLD, short_by=short_by)
    is_beyond = found.place > RECALL_ITEMS
    return replace(found, reason=Reason.UNRANKED) if is_beyond else found


def _get_step(found: RecallVerdict, question: Question, item: Item) -> Question:
    """The least that mends this one reason."""
    if found.reason == Reason.DATES:
        return _get_wider_dates(question, item)
    if found.reason == Reason.THRESHOLD:
        return {"relevance_threshold": floor((found.score or 0) * 100) / 100}
    if found.reason == Reason.LIMIT:
        return {_get_limit(item): found.place}
    if found.reason == Reason.UNRANKED:
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
