"""Recall: what of a profile matters now, in three modes. Contract 11.6.

For a caller who may not see personal data it ranks by entries as they would be if the
texts had been stored masked. Such a recall tells nothing of what is masked: not by an
order, not by a score, not by what a neighbour lends, nor by how rare a word is.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
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
from console.engine.texts import NO_TEXTS, Row, Texts, pack_vector
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
from console.service.memory.queries import (
    SUMMARIES_FROM,
    read_entries,
    read_entry_columns,
    read_items,
    read_said,
)
from console.service.models import find_models

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
    found = _Recall(profile, request).run()
    RECALL_SECONDS.labels(found.mode).observe(sum(found.steps_ms.values()) / 1000)
    return found


class _Recall:
    """One that is under way; `past` of a moment that it asks about."""

    def __init__(self, profile: Profile, request: RecallRequest) -> None:
        self.timer = StepTimer()
        self.profile, self.request = profile, request
        self.bounds = request.begin_date, request.end_date
        at = request.as_of
        self.past = read_past(profile, at, *self.bounds) if at else None

    def run(self) -> RecallResult:
        if query := self.request.query.strip():
            queries = self.read_queries([query], [""])
            self.timer.end("query")
            prepared = self.prepare()
            self.timer.end("read")
            return self.rank("query", queries, prepared)
        if self.request.conversation_id:
            prepared = self.prepare()
            self.timer.end("read")
            queries = self.build_turns(self.request.conversation_id)
            self.timer.end("query")
            if queries:
                return self.rank("conversation", queries, prepared)
        return self.list_newest()

    def read_queries(
        self, texts: Sequence[str], ids: Sequence[str], packed: Sequence[bytes] = ()
    ) -> list[Query]:
        """A question, or turns of these ids, the newest first: with their dates as they
        are meant at the moment that is asked about, or now, and written where the store's
        people are."""
        dated, locale = [may_name_dates(text) for text in texts], dict[str, Any]()
        if any(dated):
            locale["region"], zone = get_locale(self.profile.store_id)
            # To the hour: what was read of a text is kept, and dates go by the day.
            now = timezone.localtime(self.request.as_of, timezone=zone)
            locale["now"] = now.replace(minute=0, second=0, microsecond=0)
        turns = zip(texts, embed_queries(texts, packed), ids, dated, strict=True)
        return [
            Query.of(text, vector, age=age, id_=id_, **(locale if has_date else {}))
            for age, (text, vector, id_, has_date) in enumerate(turns)
        ]

    def prepare(self) -> PreparedProfile:
        """What is to be ranked: kept from the last recall if it is the whole profile."""
        profile, masked = self.profile, self.request.masked
        mask = TextMask(profile) if masked else None
        if self.past:
            entries = build_entries(profile, self.past)
            contents = {id_: row.content for id_, row in self.past.items.items()}
            return _pack(mask_entries(entries, contents, mask) if mask else entries)
        if any(self.bounds):
            return self.read_entries(mask)
        key = profile.store_id, profile.id, masked
        version = profile.index_version, get_model_id(), hash(mask and mask.key)
        kept = PREPARED.get(key, version)
        if kept is None:
            kept = self.read_entries(mask)
            PREPARED.put(key, version, kept)
        return kept

    def read_entries(self, mask: TextMask | None) -> PreparedProfile:
        if mask is None:
            model = get_model_id()
            columns = read_entry_columns(self.profile, model, *self.bounds)
            observations, summaries = (
                Texts.split(each) if each else NO_TEXTS for each in columns
            )
            if observations is not None and summaries is not None:
                return PreparedProfile(observations, summaries, get_coefficients(model))
        entries = read_entries(self.profile, *self.bounds)
        if mask:
            contents = {
                id_: content
                for model in find_models(IndexedItem)
                for id_, content in self.find_between(model).values_list(
                    "id", "content"
                )
            }
            entries = mask_entries(entries, contents, mask)
        return _pack(entries)

    def rank(
        self, mode: str, queries: Sequence[Query], prepared: PreparedProfile
    ) -> RecallResult:
        ranking, request = Ranking(queries, prepared), self.request
        best_observations = ranking.select_observations(
            request.observations_limit, request.relevance_threshold
        )
        best_summaries = ranking.select_summaries(
            request.summaries_limit, request.relevance_threshold
        )
        self.timer.end("rank")
        observations = self.fetch(Observation, best_observations)
        summaries = self.fetch(Summary, best_summaries)
        self.timer.end("fetch")
        ranked = {item.id: item for item in (*best_observations, *best_summaries)}
        return RecallResult(
            mode,
            observations,
            summaries,
            self.timer.ms,
            ranked,
            ranking,
            request.masked,
            self.past,
        )

    def fetch(self, model: type[IndexedItem], ranked: Sequence[Ranked]) -> list[Any]:
        """The items of one kind, in the ranking's order."""
        ids = [item.id for item in ranked]
        if self.past:
            return [self.past.items[id_] for id_ in ids]
        items = {item.id: item for item in read_items(model, self.profile, ids)}
        return [items[id_] for id_ in ids if id_ in items]

    def list_newest(self) -> RecallResult:
        limits: dict[Any, int] = {
            Observation: self.request.observations_limit,
            Summary: self.request.summaries_limit,
        }
        find = self.past.list_newest if self.past else self.fetch_newest
        observations, summaries = (find(*each) for each in limits.items())
        self.timer.end("fetch")
        steps_ms = self.timer.ms
        return RecallResult("recent", observations, summaries, steps_ms, past=self.past)

    def fetch_newest(self, model: type[IndexedItem], limit: int) -> list[Any]:
        items = self.find_between(model)
        if model is Observation:
            items = items.filter(retracted_for="")
        return list(items.order_by("-occurred_at", "-created_at", "-id")[:limit])

    def find_between(self, model: type[IndexedItem]) -> Any:
        """begin <= time < end: a queryset."""
        items, (begin, end) = model.objects.of(self.profile), self.bounds
        if begin:
            items = items.filter(occurred_at__gte=begin)
        return items.filter(occurred_at__lt=end) if end else items

    def build_turns(self, conversation_id: str) -> list[Query]:
        """The last turns of a conversation, the newest first: what was said in it or, of
        one that is kept elsewhere, what is known of it: its summary, then its
        observations."""
        profile, masked = self.profile, self.request.masked
        if last := list_said(profile, self.request, RECALL_TURNS):
            said = {each.id: each.text[:RECALL_QUERY_MAX] for each in last}
            mask = TextMask(profile) if masked else str
            texts = {id_: mask(text) for id_, text in said.items() if text.strip()}
            # A masked text has another meaning than the one that was said.
            model = get_model_id()
            made = {each.id: each.vector for each in last if each.model == model}
            packed = [
                made.get(id_, b"") if text == said[id_] else b""
                for id_, text in texts.items()
            ]
            return self.read_queries([*texts.values()], [*texts], packed)
        whole = _Recall(profile, replace(self.request, begin_date=None, end_date=None))
        prepared = whole.prepare()
        # The summary is the last of all.
        known = [
            (id_, vector)
            for side in (prepared.summaries, prepared.observations)
            for id_, vector in side.texts.list_newest(conversation_id)
        ][:RECALL_TURNS]
        contents = whole.read_contents([id_ for id_, _ in known])
        if masked:
            mask = TextMask(profile)
            contents = {id_: mask(content) for id_, content in contents.items()}
        return [
            Query.of(contents[id_], vector, age=age, id_=id_)
            for age, (id_, vector) in enumerate(known)
            if id_ in contents
        ]

    def read_contents(self, ids: Collection[str]) -> dict[str, str]:
        if self.past:
            return {id_: self.past.items[id_].content for id_ in ids}
        return {
            item.id: item.content
            for model in find_models(IndexedItem)
            for item in read_items(model, self.profile, ids)
        }


def _pack(entries: Sequence[Row]) -> PreparedProfile:
    model = get_model_id()
    first_summary = bisect_left(entries, SUMMARIES_FROM, key=itemgetter(0))
    observations = Texts.of(entries[:first_summary], model)
    summaries = Texts.of(entries[first_summary:], model)
    return PreparedProfile(observations, summaries, get_coefficients(model))


def list_said(profile: Profile, request: RecallRequest, limit: int) -> list[Any]:
    """The last communications of its conversation, the newest first."""
    conversation_id, at = str(request.conversation_id), request.as_of
    if at is None:
        return read_said(profile, conversation_id, limit)
    said = read_said(profile, conversation_id, SAID_MAX)
    return [each for each in said if each.created_at <= at][:limit]


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
