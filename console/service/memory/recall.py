"""Recall: what of a profile matters now, in three modes. Contract 11.6.

For a caller who may not see personal data it ranks by entries as they would be if the
texts had been stored masked. Such a recall tells nothing of what is masked: not by an
order, not by a score, not by what a neighbour lends, nor by how rare a word is.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from time import perf_counter
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from msgspec.structs import replace

from console.contract.memory.recall import RECALL_QUERY_MAX, RECALL_TURNS, RecallRequest
from console.core.caching import DigestCache
from console.core.observability import RECALL_SECONDS
from console.engine.dates import may_name_dates
from console.engine.ranking import (
    PreparedProfile,
    Query,
    Ranked,
    Ranking,
    get_coefficients,
)
from console.engine.texts import Row, Texts, pack_vector
from console.engine.words import terms
from console.service.memory.embedding_jobs import (
    embed_queries,
    embed_query,
    get_model_id,
)
from console.service.memory.identifiers import list_identifiers
from console.service.memory.models import (
    IndexedItem,
    Observation,
    Profile,
    Summary,
    Trait,
    get_locale,
)
from console.service.memory.past import Past, build_entries, read_past
from console.service.memory.prepared import PREPARED
from console.service.memory.queries import read_entries, read_items, read_said
from console.service.models import find_models

# By their ids, all observations come before all summaries.
_SUMMARY_PREFIX = f"mem_{Summary.kind}_"
# The newest masked texts; older ones are ranked by words alone. A text costs 2 ms.
VECTORS_MAX = 200
# Of a conversation that went on after the moment that is asked about.
SAID_MAX = 100_000
_MASKED_TERMS = DigestCache[bytes | None](20_000)


class TextMask:
    """Masks texts of one profile: its own names and numbers, and what has a shape.

    key  another one for whoever has other names
    """

    def __init__(self, profile: Profile) -> None:
        traits = defaultdict[str, dict[str, Any]](dict)
        rows = Trait.objects.of(profile).values_list("trait_group", "name", "value")
        for group, name, value in rows:
            traits[group][name] = value
        build = import_string(settings.MEMORY_MASK)
        self._mask, self.key = build(traits, list_identifiers(profile))

    def __call__(self, text: str) -> str:
        masked: str = self._mask(text)
        return masked

    def find_terms(self, text: str) -> bytes | None:
        """Of the masked text; None where nothing is masked. Looking through one costs
        0.1 ms, and a profile has up to 20,000 of them."""
        return _MASKED_TERMS.get((self.key, text), lambda: self._find_terms(text))

    def _find_terms(self, text: str) -> bytes | None:
        return terms(masked) if (masked := self(text)) != text else None


@dataclass(frozen=True, slots=True)
class RecallResult:
    """Items in order; `ranking` is None when newest first was the order.

    mode      query, conversation or recent
    steps_ms  what each step took, in milliseconds
    ranked    the items as the ranking has them, by id
    """

    mode: str
    observations: Sequence[Observation]
    summaries: Sequence[Summary]
    steps_ms: dict[str, float]
    ranked: dict[str, Ranked] = field(default_factory=dict)
    ranking: Ranking | None = None
    is_masked: bool = False
    past: Past | None = None

    def get_score(self, id_: str) -> float | None:
        return self.ranked[id_].score if self.ranking else None


class StepTimer:
    """What each step took; `ms` in milliseconds."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._begin = perf_counter()

    def end(self, name: str) -> None:
        now = perf_counter()
        self.ms[name] = round((now - self._begin) * 1000, 3)
        self._begin = now


def recall(profile: Profile, request: RecallRequest) -> RecallResult:
    """Ranked by the query or by the conversation, else newest first."""
    timer = StepTimer()
    past = None
    if request.as_of:
        bounds = request.begin_date, request.end_date
        past = read_past(profile, request.as_of, *bounds)
    found = _recall(profile, request, timer, past)
    RECALL_SECONDS.labels(found.mode).observe(sum(found.steps_ms.values()) / 1000)
    return found


def _recall(
    profile: Profile, request: RecallRequest, timer: StepTimer, past: Past | None
) -> RecallResult:
    if query := request.query.strip():
        queries = _read_queries(profile, [query], [""], request.as_of)
        timer.end("query")
        prepared = _prepare(profile, request, past)
        timer.end("read")
        return _recall_ranked("query", profile, request, queries, prepared, timer, past)
    if request.conversation_id:
        prepared = _prepare(profile, request, past)
        timer.end("read")
        queries = _build_turns(profile, request)
        timer.end("query")
        if queries:
            return _recall_ranked(
                "conversation", profile, request, queries, prepared, timer, past
            )
    return _recall_newest(profile, request, timer, past)


def _read_queries(
    profile: Profile,
    texts: Sequence[str],
    ids: Sequence[str],
    at: datetime | None = None,
    packed: Sequence[bytes] = (),
) -> list[Query]:
    """A question, or turns of these ids, the newest first: with their dates as they are
    meant `at` a moment, or now, and written where the store's people are."""
    dated, locale = [may_name_dates(text) for text in texts], dict[str, Any]()
    if any(dated):
        locale["region"], zone = get_locale(profile.store_id)
        # To the hour: what was read of a text is kept, and dates go by the day.
        now = timezone.localtime(at, timezone=zone)
        locale["now"] = now.replace(minute=0, second=0, microsecond=0)
    turns = zip(texts, embed_queries(texts, packed), ids, dated, strict=True)
    return [
        Query.of(text, vector, age=age, id_=id_, **(locale if has_date else {}))
        for age, (text, vector, id_, has_date) in enumerate(turns)
    ]


def _prepare(
    profile: Profile, request: RecallRequest, past: Past | None = None
) -> PreparedProfile:
    """What is to be ranked: kept from the last recall if it is the whole profile."""
    bounds = request.begin_date, request.end_date
    mask = TextMask(profile) if request.masked else None
    if past:
        entries = build_entries(profile, past)
        contents = {id_: row.content for id_, row in past.items.items()}
        return _pack(mask_entries(entries, contents, mask) if mask else entries)
    if any(bounds):
        return _read_entries(profile, mask, *bounds)
    key = profile.store_id, profile.id, request.masked
    version = profile.index_version, get_model_id(), hash(mask and mask.key)
    kept = PREPARED.get(key, version)
    if kept is None:
        kept = _read_entries(profile, mask)
        PREPARED.put(key, version, kept)
    return kept


def _read_entries(
    profile: Profile, mask: TextMask | None, *bounds: datetime | None
) -> PreparedProfile:
    entries = read_entries(profile, *bounds)
    if mask:
        contents = {
            id_: content
            for model in find_models(IndexedItem)
            for id_, content in _find_between(model, profile, *bounds).values_list(
                "id", "content"
            )
        }
        entries = mask_entries(entries, contents, mask)
    return _pack(entries)


def _pack(entries: Sequence[Row]) -> PreparedProfile:
    model = get_model_id()
    first_summary = bisect_left(entries, _SUMMARY_PREFIX, key=itemgetter(0))
    observations = Texts.of(entries[:first_summary], model)
    summaries = Texts.of(entries[first_summary:], model)
    return PreparedProfile(observations, summaries, get_coefficients(model))


def _recall_ranked(
    mode: str,
    profile: Profile,
    request: RecallRequest,
    queries: Sequence[Query],
    prepared: PreparedProfile,
    timer: StepTimer,
    past: Past | None,
) -> RecallResult:
    ranking, threshold = Ranking(queries, prepared), request.relevance_threshold
    best_observations = ranking.select_observations(
        request.observations_limit, threshold
    )
    best_summaries = ranking.select_summaries(request.summaries_limit, threshold)
    timer.end("rank")
    observations = _fetch_ranked(Observation, profile, best_observations, past)
    summaries = _fetch_ranked(Summary, profile, best_summaries, past)
    timer.end("fetch")
    ranked = {item.id: item for item in (*best_observations, *best_summaries)}
    return RecallResult(
        mode,
        observations,
        summaries,
        timer.ms,
        ranked,
        ranking,
        request.masked,
        past,
    )


def _fetch_ranked(
    model: type[IndexedItem],
    profile: Profile,
    ranked: Sequence[Ranked],
    past: Past | None,
) -> list[Any]:
    """The items of one kind, in the ranking's order."""
    ids = [item.id for item in ranked]
    if past:
        return [past.items[id_] for id_ in ids]
    items = {item.id: item for item in read_items(model, profile, ids)}
    return [items[id_] for id_ in ids if id_ in items]


def _recall_newest(
    profile: Profile, request: RecallRequest, timer: StepTimer, past: Past | None
) -> RecallResult:
    limits: dict[Any, int] = {
        Observation: request.observations_limit,
        Summary: request.summaries_limit,
    }
    observations, summaries = (
        past.list_newest(model, limit)
        if past
        else _fetch_newest(model, profile, request, limit)
        for model, limit in limits.items()
    )
    timer.end("fetch")
    return RecallResult("recent", observations, summaries, timer.ms, past=past)


def _fetch_newest(
    model: type[IndexedItem], profile: Profile, request: RecallRequest, limit: int
) -> list[Any]:
    items = _find_between(model, profile, request.begin_date, request.end_date)
    if model is Observation:
        items = items.filter(retracted_for="")
    return list(items.order_by("-occurred_at", "-created_at", "-id")[:limit])


def _find_between(
    model: type[IndexedItem],
    profile: Profile,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> Any:
    """begin <= time < end: a queryset."""
    items = model.objects.of(profile)
    if begin:
        items = items.filter(occurred_at__gte=begin)
    return items.filter(occurred_at__lt=end) if end else items


def _build_turns(profile: Profile, request: RecallRequest) -> list[Query]:
    """The last turns of a conversation, the newest first: what was said in it or, of one
    that is kept elsewhere, what is known of it: its summary, then its observations."""
    conversation_id = str(request.conversation_id)
    if last := list_said(profile, request, RECALL_TURNS):
        said = {each.id: each.text[:RECALL_QUERY_MAX] for each in last}
        mask = TextMask(profile) if request.masked else str
        texts = {id_: mask(text) for id_, text in said.items() if text.strip()}
        # A masked text has another meaning than the one that was said.
        made = {each.id: each.vector for each in last if each.model == get_model_id()}
        packed = [
            made.get(id_, b"") if text == said[id_] else b""
            for id_, text in texts.items()
        ]
        spoken = [*texts.values()]
        return _read_queries(profile, spoken, [*texts], request.as_of, packed)
    past = read_past(profile, request.as_of) if request.as_of else None
    whole = _prepare(profile, replace(request, begin_date=None, end_date=None), past)
    # The summary is the last of all.
    known = [
        (id_, vector)
        for side in (whole.summaries, whole.observations)
        for id_, vector in side.texts.list_newest(conversation_id)
    ][:RECALL_TURNS]
    contents = _read_contents(profile, [id_ for id_, _ in known], past)
    if request.masked:
        mask = TextMask(profile)
        contents = {id_: mask(content) for id_, content in contents.items()}
    return [
        Query.of(contents[id_], vector, age=age, id_=id_)
        for age, (id_, vector) in enumerate(known)
        if id_ in contents
    ]


def list_said(profile: Profile, request: RecallRequest, limit: int) -> list[Any]:
    """The last communications of its conversation, the newest first."""
    conversation_id, at = str(request.conversation_id), request.as_of
    if at is None:
        return read_said(profile, conversation_id, limit)
    said = read_said(profile, conversation_id, SAID_MAX)
    return [each for each in said if each.created_at <= at][:limit]


def _read_contents(
    profile: Profile, ids: Collection[str], past: Past | None
) -> dict[str, str]:
    if past:
        return {id_: past.items[id_].content for id_ in ids}
    return {
        item.id: item.content
        for model in find_models(IndexedItem)
        for item in read_items(model, profile, ids)
    }


def mask_entries(
    entries: Sequence[Row], contents: Mapping[str, str], mask: TextMask
) -> list[Row]:
    """The same entries; those of texts that hold personal data made anew."""
    masked = {
        id_: found
        for id_, content in contents.items()
        if (found := mask.find_terms(content)) is not None
    }
    texts = {id_: mask(contents[id_]) for id_ in sorted(masked)[-VECTORS_MAX:]}
    return [
        _mask_entry(row, masked[row[0]], texts.get(row[0])) if row[0] in masked else row
        for row in entries
    ]


def _mask_entry(row: Row, found: bytes, text: str | None) -> Row:
    id_, occurred_at, _, conversations, vector, model = row
    meaning = embed_query(text) if vector and text is not None else None
    packed = b"" if meaning is None else pack_vector(meaning)
    return id_, occurred_at, found, conversations, packed, model if packed else ""
