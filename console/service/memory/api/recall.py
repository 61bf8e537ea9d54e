"""Recall, and how it came about for those who ask. Contract 11.6.

An extension of ours: a request with `trace: true` is answered with one member more,
`trace`; `traceItems` names ids that are to be explained though they were not recalled.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import Any, TypeVar

from django.http import HttpResponse
from msgspec.structs import replace

from console.contract.memory import recall as wire
from console.core.outgoing import USER_AGENT
from console.engine.ranking import Query, Ranking, get_coefficients
from console.engine.trace import Explanation, explain, unknown_stems
from console.service.conversations.models import Conversation, list_participants
from console.service.http.answers import answer, from_row
from console.service.http.description.operation import operation
from console.service.http.request import ApiRequest, read_body
from console.service.memory import ledger
from console.service.memory.api.profiles import PROFILE, get_profile
from console.service.memory.embedding_jobs import get_model_id
from console.service.memory.items import find_whereabouts
from console.service.memory.models import Profile
from console.service.memory.recall import RecallResult, list_said, recall

T = TypeVar("T", wire.RecalledObservation, wire.RecalledSummary)
Score = TypeVar("Score", bound=wire.TraceScore)


@operation(
    "POST",
    f"{PROFILE}/Recall",
    {200: wire.Recall},
    summary="Recall",
    body=wire.RecallRequest,
)
def create_recall(request: ApiRequest, profile_id: str) -> HttpResponse:
    """Observations and summaries that match the query, best first, scored from 0 to 1.
    Without a query or a conversation to derive one from: the newest, without scores."""
    return answer_recall(request, profile_id, wire.RecallRequest)


def answer_recall(
    request: ApiRequest,
    profile_id: str,
    noun: type[wire.RecallRequest],
    *,
    most: int | None = None,
) -> HttpResponse:
    """most: how many items of a kind are given whatever is asked for; None: as asked."""
    begin = perf_counter()
    profile = get_profile(request, profile_id)
    body = read_body(request, noun)
    if most is not None:
        body = replace(
            body,
            observations_limit=min(body.observations_limit, most),
            summaries_limit=min(body.summaries_limit, most),
            communications_limit=min(body.communications_limit, most),
        )
    found = recall(profile, body)
    past = found.past

    newer = found.ranking.superseded if found.ranking else {}

    def show(noun: type[T], row: Any) -> T:
        score, superseded_by = found.get_score(row.id), newer.get(row.id)
        return from_row(noun, row, score=score, superseded_by=superseded_by)

    observations = [show(wire.RecalledObservation, row) for row in found.observations]
    summaries = [show(wire.RecalledSummary, row) for row in found.summaries]
    shown = wire.Recall(
        observations=tuple(observations),
        summaries=tuple(summaries),
        communications=_list_communications(profile, body),
        meta=wire.RecallMeta(query_time=round((perf_counter() - begin) * 1000)),
        masked=found.is_masked,
        as_of=from_row(wire.RecalledPast, past) if past else None,
        trace=_trace(profile, found, body) if body.trace else None,
    )
    # Of programs alone: what people ask in the console is in its audit log.
    is_console = request.headers.get("User-Agent") == USER_AGENT
    if request.store.ledger_days and not is_console:
        ledger.keep_recall(profile, body, found, (perf_counter() - begin) * 1000)
    return answer(shown)


def _list_communications(
    profile: Profile, body: wire.RecallRequest
) -> tuple[wire.RecalledCommunication, ...]:
    if not (body.conversation_id and body.communications_limit):
        return ()
    said = list_said(profile, body, body.communications_limit)
    row = Conversation(store_id=profile.store_id, id=body.conversation_id)
    people = {each.id: each for each in list_participants(row)}

    def show(
        id_: str, address: str, channel: str, status: str = ""
    ) -> wire.RecalledParty:
        row = people.get(id_)
        return wire.RecalledParty(
            id=id_,
            name=row.shown_name if row else address,
            address=address,
            channel=channel,
            type=row.type if row else "",
            profile_id=row.profile_id if row else "",
            delivery_status=status,
        )

    return tuple(
        from_row(
            wire.RecalledCommunication,
            each,
            author=show(each.author_id, each.author_address, each.author_channel),
            content=wire.RecalledContent(text=each.text),
            recipients=tuple(
                show(
                    r["participantId"], r["address"], r["channel"], r["deliveryStatus"]
                )
                for r in each.recipients
            ),
        )
        for each in reversed(said)
    )


def _trace(
    profile: Profile, found: RecallResult, body: wire.RecallRequest
) -> wire.Trace:
    trace = build_trace(found, body.trace_items)
    if body.observations_limit or body.summaries_limit:
        return trace
    told = find_whereabouts(profile.store_id, body.trace_items)
    return replace(
        trace,
        whereabouts=tuple(
            wire.Whereabouts(id=id_, profile_id=of, deleted_at=at)
            for id_, of, at in told
        ),
    )


def build_trace(answer: RecallResult, asked_for: Sequence[str]) -> wire.Trace:
    """Of every recalled item, and of those asked for."""
    if (ranking := answer.ranking) is None:
        return wire.Trace(mode=answer.mode, steps_ms=answer.steps_ms)
    ids = list(dict.fromkeys([*answer.ranked, *asked_for]))
    explained = explain(ranking, ids)
    known = {explanation.id for explanation in explained}
    return wire.Trace(
        mode=answer.mode,
        steps_ms=answer.steps_ms,
        embedder=get_model_id(),
        coefficients=wire.TraceCoefficients(
            with_vector=_build_weights(get_model_id()),
            without_vector=_build_weights(""),
        ),
        texts=_count_texts(ranking),
        queries=tuple(_build_query(ranking, query) for query in ranking.queries),
        items=tuple(_build_item(answer, explanation) for explanation in explained),
        elsewhere=tuple(id_ for id_ in ids if id_ not in known),
    )


def _build_weights(model: str) -> wire.TraceWeights:
    found = get_coefficients(model)
    weights = {name: found.log_odds_of(part) for name, part in wire.PARTS.items()}
    bias = round(found.chance["bias"], 3)
    return wire.TraceWeights(source=found.source, bias=bias, **weights)


def _count_texts(ranking: Ranking) -> wire.TraceTexts:
    observations, summaries = ranking.observations.texts, ranking.summaries.texts
    known = int(observations.vectors.known.sum() + summaries.vectors.known.sum())
    return wire.TraceTexts(
        observations=len(observations),
        summaries=len(summaries),
        without_vector=len(observations) + len(summaries) - known,
    )


def _build_query(ranking: Ranking, query: Query) -> wire.TraceQuery:
    return wire.TraceQuery(
        stems=tuple(query.stems),
        unknown_stems=tuple(unknown_stems(ranking.observations, query.stems)),
        dates=dict(sorted(query.dates.named)),
        weight=round(query.weight, 4),
        by_meaning=query.vector is not None,
        turn=query.id,
    )


def _build_item(answer: RecallResult, explanation: Explanation) -> wire.TraceItem:
    recalled = answer.ranked.get(explanation.id)
    return show_score(
        wire.TraceItem,
        explanation,
        id=explanation.id,
        recalled=recalled is not None,
        query=explanation.query,
        copies=tuple(recalled.copies) if recalled else (),
        summary=explanation.summary or "",
        neighbour=explanation.neighbour or "",
        superseded_by=explanation.superseded_by,
    )


def show_score(noun: type[Score], explanation: Explanation, **more: Any) -> Score:
    parts = {
        name: wire.TracePart(value=round(part.value, 4), adds=round(part.adds, 3))
        for name, key in wire.PARTS.items()
        if (part := explanation.parts.get(key))
    }
    return noun(
        place=explanation.place,
        place_by_words=explanation.word_place,
        place_by_meaning=explanation.meaning_place,
        score=explanation.score,
        bias=round(explanation.bias, 3),
        log_odds=round(explanation.log_odds, 3),
        by_meaning=explanation.has_vector,
        parts=wire.TraceParts(**parts),
        stems=tuple(explanation.stems),
        **more,
    )
