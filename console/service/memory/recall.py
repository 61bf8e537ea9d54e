"""Recall: what of a profile matters now, in three modes. Contract 11.6."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import itemgetter, or_
from time import perf_counter
from typing import Any

from django.db.models import Q

from console.engine.coefficients import coefficients_of
from console.engine.dates import microseconds
from console.engine.packing import Vectors, pack_conversations
from console.engine.recall import Query, Ranked, Ranking
from console.engine.texts import Row, Texts
from console.service import limits
from console.service.memory.embedding import model_id, query_vector
from console.service.memory.embedding_jobs import ask_for_vectors
from console.service.memory.index import read_entries
from console.service.memory.models import Observation, Profile, Summary


@dataclass(frozen=True, slots=True)
class Question:
    """A recall as asked. An empty query counts as none; dates bound occurred_at."""

    query: str
    conversation_id: str
    begin: datetime | None  # inclusive
    end: datetime | None  # exclusive
    observations_limit: int
    summaries_limit: int
    relevance_threshold: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Items in order; `ranking` is None when newest first was the order.

    mode      query, conversation or recent
    steps_ms  what each step took, in milliseconds
    """

    mode: str
    observations: Sequence[Observation]
    summaries: Sequence[Summary]
    steps_ms: dict[str, float]
    found: dict[str, Ranked] = field(default_factory=dict)
    ranking: Ranking | None = None

    def score(self, id_: str) -> float | None:
        return self.found[id_].score if self.ranking else None


def recall(profile: Profile, question: Question) -> Answer:
    """Ranked by the query or by the conversation, else newest first."""
    steps = Steps()
    if query := question.query.strip():
        queries = [Query.of(query, query_vector(query))]
        steps.end("query")
        entries = read_entries(profile, begin=question.begin, end=question.end)
        steps.end("read")
        return _best_first("query", profile, question, queries, entries, steps)
    if question.conversation_id:
        entries = read_entries(profile)
        steps.end("read")
        queries = _turns(profile, entries, question.conversation_id)
        entries = _within(entries, question)
        steps.end("query")
        if queries:
            return _best_first(
                "conversation", profile, question, queries, entries, steps
            )
    return _newest_first(profile, question, steps)


class Steps:
    """What took how long."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._begin = perf_counter()

    def end(self, name: str) -> None:
        now = perf_counter()
        self.ms[name] = round((now - self._begin) * 1000, 3)
        self._begin = now


def _best_first(
    mode: str,
    profile: Profile,
    question: Question,
    queries: Sequence[Query],
    entries: Sequence[Row],
    steps: Steps,
) -> Answer:
    ranking = _rank(queries, entries)
    threshold = question.relevance_threshold
    told = ranking.observations(question.observations_limit, threshold)
    summed_up = ranking.summaries(question.summaries_limit, threshold)
    steps.end("rank")
    observations = _rows(Observation, profile, told)
    summaries = _rows(Summary, profile, summed_up)
    steps.end("fetch")
    found = {each.id: each for each in (*told, *summed_up)}
    return Answer(mode, observations, summaries, steps.ms, found, ranking)


def _rank(queries: Sequence[Query], entries: Sequence[Row]) -> Ranking:
    model = model_id()
    # By their ids, all observations come before all summaries.
    first_summary = bisect_left(entries, "mem_summary_", key=itemgetter(0))
    told = Texts.of(entries[:first_summary], model)
    summed_up = Texts.of(entries[first_summary:], model)
    if not (told.vectors.known.all() and summed_up.vectors.known.all()):
        ask_for_vectors()
    return Ranking(queries, told, summed_up, coefficients_of(model))


def _newest_first(profile: Profile, question: Question, steps: Steps) -> Answer:
    told = _newest(Observation, profile, question, question.observations_limit)
    summed_up = _newest(Summary, profile, question, question.summaries_limit)
    steps.end("fetch")
    return Answer("recent", told, summed_up, steps.ms)


def _turns(
    profile: Profile, entries: Sequence[Row], conversation_id: str
) -> list[Query]:
    """What is kept of a conversation, as its last turns: its summary, then the
    observations from it, the newest first."""
    digest = pack_conversations([conversation_id])
    of_it = [row for row in entries if _holds(row[3], digest)]
    of_it.sort(key=lambda row: (row[0].startswith("mem_summary_"), row[1], row[0]))
    last = of_it[: -limits.RECALL_TURNS - 1 : -1]
    contents = {
        id_: content
        for model in (Observation, Summary)
        for id_, content in model.objects.of(profile)
        .filter(id__in=[row[0] for row in last])
        .values_list("id", "content")
    }
    return [
        Query.of(contents[row[0]], _vector_of(row), age=age, id_=row[0])
        for age, row in enumerate(last)
        if row[0] in contents
    ]


def _holds(conversations: bytes, digest: bytes) -> bool:
    size = len(digest)
    return any(
        conversations[at : at + size] == digest
        for at in range(0, len(conversations), size)
    )


def _vector_of(row: Row) -> Any:
    """The turn's own vector, made when it was stored; None while it is not there."""
    return Vectors.of([row[4]]).vector(0) if row[5] and row[5] == model_id() else None


def _within(entries: Sequence[Row], question: Question) -> list[Row]:
    begin = microseconds(question.begin) if question.begin else None
    end = microseconds(question.end) if question.end else None
    return [
        row
        for row in entries
        if (begin is None or row[1] >= begin) and (end is None or row[1] < end)
    ]


def of_conversation(observations: Any, conversation_id: str) -> Any:
    """Observations that name a conversation; a scan of one profile's rows."""
    # Place by place, as JSON values: SQLite has no containment operator, and as text
    # each database writes quotes and letters beyond ASCII in its own way.
    places = (
        Q(**{f"conversation_ids__{place}": conversation_id})
        for place in range(limits.CONVERSATIONS_PER_OBSERVATION)
    )
    return observations.filter(reduce(or_, places))


def _newest(model: Any, profile: Profile, question: Question, limit: int) -> Any:
    rows = model.objects.of(profile)
    if question.begin:
        rows = rows.filter(occurred_at__gte=question.begin)
    if question.end:
        rows = rows.filter(occurred_at__lt=question.end)
    return list(rows.order_by("-occurred_at", "-created_at", "-id")[:limit])


def _rows(model: Any, profile: Profile, ranked: Sequence[Ranked]) -> list[Any]:
    """The ranked items of one kind, in their order."""
    if not ranked:
        return []
    ids = [each.id for each in ranked]
    rows = {row.id: row for row in model.objects.of(profile).filter(id__in=ids)}
    return [rows[id_] for id_ in ids if id_ in rows]
