"""Recall: what of a profile matters now, in three modes. Contract 11.6."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast

from console.engine.recall import Text, rank
from console.service import limits
from console.service.models import Observation, Profile, Summary


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
    """Items in order; `scores` by id, empty when newest first was the order."""

    observations: Sequence[Observation]
    summaries: Sequence[Summary]
    scores: dict[str, float]


def recall(profile: Profile, question: Question) -> Answer:
    """Ranked by the query or by the conversation, else newest first."""
    queries = _queries(profile, question)
    if not queries:
        return Answer(
            _newest(Observation, profile, question, question.observations_limit),
            _newest(Summary, profile, question, question.summaries_limit),
            scores={},
        )
    ranked = rank(queries, *_texts(profile, question))
    scores = {
        each.id: each.score
        for each in ranked
        if each.score >= question.relevance_threshold
    }
    return Answer(
        _best(Observation, profile, scores, question.observations_limit),
        _best(Summary, profile, scores, question.summaries_limit),
        scores=scores,
    )


def _queries(profile: Profile, question: Question) -> list[str]:
    """The query; or what is kept of the conversation, a turn a text."""
    if question.query.strip():
        return [question.query]
    if not question.conversation_id:
        return []
    told = of_conversation(Observation.objects.of(profile), question.conversation_id)
    summed_up = Summary.objects.of(profile).filter(
        conversation_id=question.conversation_id
    )
    return [
        content
        for rows in (summed_up, told)
        for content in _by_recency(rows).values_list("content", flat=True)[
            : limits.RECALL_TURNS
        ]
    ]


def of_conversation(observations: Any, conversation_id: str) -> Any:
    """Observations that name a conversation; a scan of one profile's rows."""
    # As text: SQLite has no containment operator for JSON. Ids hold no character
    # that JSON would escape.
    as_text = Cast("conversation_ids", TextField())
    return observations.alias(ids=as_text).filter(ids__contains=f'"{conversation_id}"')


def _window(model: Any, profile: Profile, question: Question) -> Any:
    rows = model.objects.of(profile)
    if question.begin:
        rows = rows.filter(occurred_at__gte=question.begin)
    if question.end:
        rows = rows.filter(occurred_at__lt=question.end)
    return rows


def _newest(model: Any, profile: Profile, question: Question, limit: int) -> Any:
    return list(_by_recency(_window(model, profile, question))[:limit])


def _by_recency(rows: Any) -> Any:
    return rows.order_by("-occurred_at", "-created_at", "-id")


def _texts(profile: Profile, question: Question) -> tuple[list[Text], list[Text]]:
    """Observations and summaries in the window, as the engine takes them."""
    told = _window(Observation, profile, question).values_list(
        "id", "content", "occurred_at", "conversation_ids"
    )
    summed_up = _window(Summary, profile, question).values_list(
        "id", "content", "occurred_at", "conversation_id"
    )
    return (
        [Text(id_, said, at, tuple(ids)) for id_, said, at, ids in told],
        [
            Text(id_, said, at, (conversation,))
            for id_, said, at, conversation in summed_up
        ],
    )


def _best(
    model: Any, profile: Profile, scores: dict[str, float], limit: int
) -> list[Any]:
    """The first `limit` of the ranked ids that are of this kind, in their order."""
    prefix = f"mem_{model._meta.model_name}_"
    ids = [id_ for id_ in scores if id_.startswith(prefix)][:limit]
    rows = {row.id: row for row in model.objects.of(profile).filter(id__in=ids)}
    return [rows[id_] for id_ in ids if id_ in rows]
