"""What of a base answers a question. Knowledge 7."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from console.engine.ranking import PreparedProfile, Query, Ranking, get_coefficients
from console.engine.texts import Row, Texts
from console.engine.trace import Explanation, explain
from console.service.knowledge.models import (
    KnowledgeBase,
    KnowledgeChunk,
    KnowledgeSource,
)
from console.service.memory.embedding_jobs import embed_query, get_model_id
from console.service.memory.prepared import PreparedProfiles

# Of each process: two bases of some 6,000 chunks.
PREPARED = PreparedProfiles(64_000_000)
# Chunk by source, document and place; a question is the same with a mark behind it.
_KEY = "{}/{:06}/{:06}{}"
_QUESTION = "?"


@dataclass(frozen=True, slots=True)
class Hit:
    """why  of those who ask for it"""

    chunk: KnowledgeChunk
    score: float
    why: Explanation | None = None


def search(
    base: KnowledgeBase,
    query: str,
    top: int,
    source_ids: Collection[str] = (),
    *,
    explains: bool = False,
) -> list[Hit]:
    """The best chunks, one by one, each with the chance that it is wanted.

    A row of questions and answers counts by the better of its two entries.
    """
    prepared = _prepare(base)
    texts = prepared.observations.texts
    if not len(texts):
        return []
    ranking = Ranking([Query.of(query, embed_query(query))], prepared)
    scores = ranking.scores[0]
    order = np.lexsort((np.arange(len(scores)), -scores))
    best: dict[str, tuple[float, str]] = {}
    for row in order.tolist():
        entry = texts.ids[row]
        key = entry.removesuffix(_QUESTION)
        if source_ids and key.partition("/")[0] not in source_ids:
            continue
        best.setdefault(key, (float(scores[row]), entry))
        if len(best) == top:
            break
    chunks = _fetch(base, best)
    entries = [entry for _, entry in best.values()] if explains else ()
    why = {each.id: each for each in explain(ranking, entries)}
    return [
        Hit(chunks[key], score, why.get(entry))
        for key, (score, entry) in best.items()
        if key in chunks
    ]


def _fetch(base: KnowledgeBase, keys: Iterable[str]) -> dict[str, KnowledgeChunk]:
    """One that was replaced since is left out."""
    places = Q(pk__in=[])
    for key in keys:
        source_id, document, place = key.split("/")
        places |= Q(source_id=source_id, document=int(document), place=int(place))
    runs = dict(base.sources.values_list("id", "run"))
    return {
        _KEY.format(each.source_id, each.document, each.place, ""): each
        for each in KnowledgeChunk.objects.filter(places, base_id=base.id)
        if each.run == runs.get(each.source_id)
    }


def _prepare(base: KnowledgeBase) -> PreparedProfile:
    model = get_model_id()
    key, version = (base.account_id, base.id, False), (base.content_version, model, 0)
    kept = PREPARED.get(key, version)
    if kept is None:
        texts = Texts.of(list(_read_rows(base)), model)
        kept = PreparedProfile(texts, Texts.of([], model), get_coefficients(model))
        PREPARED.put(key, version, kept)
    return kept


def _read_rows(base: KnowledgeBase) -> Iterator[Row]:
    for source in KnowledgeSource.objects.filter(base=base, run__gt=0):
        rows = KnowledgeChunk.objects.of(source).filter(run=source.run)
        for chunk in rows.defer("content", "question"):
            at = source.id, chunk.document, chunk.place
            model = chunk.model
            yield (
                _KEY.format(*at, ""),
                0,
                bytes(chunk.terms),
                b"",
                bytes(chunk.vector),
                model,
            )
            if chunk.question_terms:
                yield (
                    _KEY.format(*at, _QUESTION),
                    0,
                    bytes(chunk.question_terms),
                    b"",
                    bytes(chunk.question_vector),
                    model,
                )
