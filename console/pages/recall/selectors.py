"""A recall as a person may see it, with its evidence."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from time import perf_counter
from typing import Any

from msgspec.structs import replace

from console.client.errors import MemoryRefused
from console.client.store import RecallAnswer, StoreClient
from console.contract.memory.profile import Profile
from console.contract.memory.recall import (
    RECALL_LIKELY,
    RecalledCommunication,
    RecalledObservation,
    RecalledSummary,
    Trace,
    TraceItem,
    Whereabouts,
)
from console.engine.words import stems
from console.masking.masker import (
    MaskedValue,
    Masker,
    MaskingMode,
    Source,
    mask_text,
)
from console.pages.recall.verdict import Item, Question, RecallVerdict, judge
from console.profiles.items import find_kind, is_learned
from console.profiles.prompt import (
    Prompt,
    Quote,
    build_prompt,
    quote_segment,
    quote_traits,
    wrap,
)
from console.segment.showing import Engines

# From which score on a match is so called: below the second, a person should not take an
# item for an answer.
LIKELY, POSSIBLE = RECALL_LIKELY, 0.1
# Word stems in a trace. Those of a conversation are the customer's own words in pieces,
# where no detector finds a phone number or a name any more.
STEMS = frozenset({"stems", "unknownStems"})


@dataclass(frozen=True, slots=True)
class RecalledItem:
    """One item of the answer.

    rank         1 for the best one, or for the newest where nothing is ranked
    before       its rank in the run that this one is compared with: 0, it did not come;
                 None: with none
    shown        its text as this person may see it
    source       where it came from
    traced       how its score came about, where the memory tells
    matched      stems of the query that it holds; none of a customer's own words
    """

    rank: int
    item: RecalledObservation | RecalledSummary
    shown: MaskedValue
    source: Source
    traced: TraceItem | None
    matched: Sequence[str] = ()
    before: int | None = None

    @property
    def is_learned(self) -> bool:
        return is_learned(self.item)

    @property
    def is_masked(self) -> bool:
        """By rule: also while this person has revealed it."""
        return self.shown.is_masked or self.shown.clear_until is not None

    @property
    def likelihood(self) -> str:
        """ "" where nothing is ranked."""
        if self.item.score is None:
            return ""
        # As it is shown: 0.50 is not below one half.
        score = round(self.item.score, 2)
        return (
            "likely"
            if score >= LIKELY
            else ("possible" if score >= POSSIBLE else "unlikely")
        )

    @property
    def chance(self) -> str:
        """The score in words, to be read after "Wanted"."""
        score = round(self.item.score or 0, 2)
        if score >= LIKELY:
            return f"in about {round(score * 10)} of 10 such cases"
        return f"in about 1 of {round(1 / max(score, 0.001))} such cases"


@dataclass(frozen=True, slots=True)
class ExpectedItem:
    """What was expected to come. item, shown: None where the profile has none of this id;
    verdict: None where it would tell something of masked texts."""

    id: str
    item: Item | None = None
    shown: MaskedValue | None = None
    source: str = ""
    verdict: RecallVerdict | None = None
    traced: TraceItem | None = None


@dataclass(frozen=True, slots=True)
class RecallRun:
    """A recall and its evidence. Times in milliseconds, as seen from the console;
    `prepare_ms` is what masking took.

    is_merged             the profile asked for became this one
    name                  by rule: also while this person has revealed it
    mode_ran              by its answer: a memory may fall back to recency
    is_by_masked_texts    ranked by what is shown of texts, some of which are masked
    is_by_whole_texts     ranked by a memory that cannot do so: what is masked has no
                          score and no place, nothing is explained
    are_texts_hidden      nothing of the question was sent: newest first
    said                  the last of the conversation; of each its text as it is shown
    prompt                where one was asked for
    engines               of the assistant that it was run as
    has_customer_words    asked with what the customer said, not with what a person typed
    request_json, response_json  masked by rule, as the name; "" if its order would tell
    """

    profile: Profile
    is_merged: bool
    name: str
    recall: RecallAnswer
    trace: Trace | None
    mode_asked: str
    mode_ran: str
    is_explained: bool
    find_ms: float
    prepare_ms: float
    items: list[RecalledItem]
    said: list[tuple[RecalledCommunication, MaskedValue]]
    is_by_masked_texts: bool
    is_by_whole_texts: bool
    are_texts_hidden: bool
    has_customer_words: bool
    expected: ExpectedItem | None
    request_json: str = field(repr=False)
    response_json: str = field(repr=False)
    prompt: Prompt | None = None
    engines: Engines | None = None

    @property
    def last_word(self) -> str:
        """Of the customer in the conversation, as it is shown."""
        words = [shown.text for turn, shown in self.said if not turn.author.is_staff]
        return "".join(words[-1:])

    @property
    def meets_nothing(self) -> bool:
        """No word of the query stands in what came, as it is shown, and nothing of it is
        likely."""
        if self.mode_ran != "query" or self.is_by_whole_texts or not self.items:
            return False
        asked = self.recall.exchange.request or {}
        words = set(stems(asked.get("query", "")))
        said = (stems(item.shown.text) for item in self.items)
        is_likely = self.items[0].likelihood == "likely"
        return bool(words) and not is_likely and words.isdisjoint(chain(*said))

    @property
    def expected_row(self) -> RecalledItem | None:
        """Where what was expected stands among all that came."""
        sought = self.expected and self.expected.id
        return next((item for item in self.items if item.item.id == sought), None)


def recall_profile(
    store: StoreClient,
    profile_id: str,
    *,
    mode: str,
    question: Question,
    masker: Masker,
) -> RecallRun:
    """Two calls: who this is, and the recall itself; with what was `expected`, by its id,
    up to PROBES_MAX more. Raises MemoryNotFound.

    masker  what this person may see of each item
    """
    rule_masker = masker.by_rule
    begin = perf_counter()
    profile = store.fetch_profile(profile_id)
    find_ms = (perf_counter() - begin) * 1000
    text_mode = rule_masker.text_mode
    if text_mode == MaskingMode.HIDE:
        question = question | {"query": "", "conversation_id": "", "trace": False}

    def ask(question: Question) -> RecallAnswer:
        return ask_memory(store, profile.id, question, text_mode)

    recall = answer = ask(question)
    begin = perf_counter()
    items = _build_items(recall, masker)
    is_ranked = recall.is_ranked
    has_masked = any(item.is_masked for item in items)
    # Also when nothing came: that no text matches tells as much as a score.
    asks_for_rank = bool(question.get("query") or question.get("conversation_id"))
    is_by_whole_texts = (
        asks_for_rank and text_mode == MaskingMode.DETECT and not recall.masked
    )
    is_whole_shown = not (is_by_whole_texts and (has_masked or recall.trace))
    if is_by_whole_texts:
        recall = _withhold_scores(recall, items)
        items = _build_items(recall, masker)
    said = recall.communications
    turns = masker.mask_turns(question["conversation_id"], said)
    prepare_ms = (perf_counter() - begin) * 1000
    expected = None
    if sought := question["trace_items"]:
        expected = find_expected(store, profile.id, sought[0], masker)
        if expected.item and not is_by_whole_texts:
            expected = dataclasses.replace(
                expected,
                verdict=judge(ask, question, answer, expected.item),
                traced=answer.trace.find(expected.id) if answer.trace else None,
            )
    trace = recall.trace if recall.trace and recall.trace.queries else None
    has_customer_words = _has_customer_words(trace)
    mask_json = _JsonMasker(items, said, rule_masker, hides_stems=has_customer_words)
    return RecallRun(
        profile=profile,
        is_merged=profile.id != profile_id,
        name=rule_masker.mask_name(profile.traits),
        recall=recall,
        trace=trace,
        mode_asked=mode,
        mode_ran=mode if is_ranked or not items else "recent",
        is_explained=question["trace"],
        find_ms=find_ms,
        prepare_ms=prepare_ms,
        items=items,
        said=list(zip(said, turns, strict=True)),
        is_by_masked_texts=recall.masked and has_masked,
        is_by_whole_texts=is_by_whole_texts,
        are_texts_hidden=text_mode == MaskingMode.HIDE,
        has_customer_words=has_customer_words,
        expected=expected,
        request_json=mask_json(recall.exchange.request),
        response_json=mask_json(recall.exchange.response) if is_whole_shown else "",
    )


def build_run_prompt(
    store: StoreClient,
    run: RecallRun,
    masker: Masker,
    template: str,
    knowledge: Sequence[Quote],
    budget: int,
) -> Prompt:
    """What an agent would be given of this run, masked by rule: the traits, Segment's
    too, the items with the best first, what the tenant's bases say, what was said with
    the newest first."""
    masker = masker.by_rule
    assistant = run.engines.assistant if run.engines else None
    quotes = []
    if assistant is None or assistant.uses_memory:
        quotes = quote_traits(store, run.profile, masker)
    quotes += quote_segment(run.engines.traits if run.engines else ())
    for item in (each.item for each in run.items):
        told = {"id": item.id, "date": f"{item.occurred_at:%Y-%m-%d}"}
        told["source"] = masker.mask_source(item.source).text
        text = masker.mask_text(item.kind, item.id, item.content).text
        quotes.append(Quote(item.kind, text, told))
    said = [turn for turn, _ in run.said]
    quotes += knowledge
    turns = zip(said, masker.mask_turns("", said), strict=True)
    for turn, shown in reversed([*turns]):
        by = "agent" if turn.author.is_staff else "customer"
        quotes.append(Quote("communication", shown.text, {"id": turn.id, "by": by}))
    if assistant:
        return wrap(build_prompt(quotes, budget=budget), assistant.prompt)
    return build_prompt(quotes, template, budget=budget)


def find_expected(
    store: StoreClient, profile_id: str, item_id: str, masker: Masker
) -> ExpectedItem:
    kind = find_kind(item_id)
    item = kind.find(store, profile_id, item_id) if kind else None
    if item is None:
        return ExpectedItem(item_id)
    return ExpectedItem(
        item_id,
        item,
        masker.mask_text(item.kind, item_id, item.content),
        masker.mask_source(item.source).text,
    )


def ask_memory(
    store: StoreClient, profile_id: str, question: Question, text_mode: str
) -> RecallAnswer:
    """By masked texts, if texts are masked and the memory knows how.

    A memory that refuses what its contract does not have is asked again without.
    """
    masked = text_mode == MaskingMode.DETECT
    asks_more = masked or question["trace"] or question["as_of"]
    try:
        return store.recall(profile_id, **question, masked=masked)
    except MemoryRefused as refusal:
        if refusal.http_status != 400 or not asks_more:
            raise
    ours = {"trace": False, "trace_items": [], "as_of": None}
    return store.recall(profile_id, **question | ours)


def find_whereabouts(
    store: StoreClient, profile_id: str, item_id: str
) -> tuple[bool, Whereabouts | None]:
    """Where an item of the store is or was; first whether this memory tells."""
    question: Question = {"observations_limit": 0, "summaries_limit": 0}
    with suppress(MemoryRefused):
        answer = store.recall(profile_id, trace=True, trace_items=[item_id], **question)
        found = answer.trace and answer.trace.whereabouts
        return found is not None, next(iter(found or ()), None)
    return False, None


def find_model(store: StoreClient, profile_id: str) -> str:
    """Which model of meaning ranks; "" for none, or a memory that does not tell."""
    nothing: Question = {"observations_limit": 0, "summaries_limit": 0}
    with suppress(MemoryRefused):
        trace = store.recall(profile_id, query="model", trace=True, **nothing).trace
        return (trace and trace.embedder) or ""
    return ""


def _withhold_scores(recall: RecallAnswer, items: list[RecalledItem]) -> RecallAnswer:
    """The same without what the scores of masked texts tell, and without explanation."""
    masked = {item.item.id for item in items if item.is_masked}
    unmarked = [replace(each, superseded_by=None) for each in recall.observations]
    observations, summaries = (
        tuple(replace(i, score=None) if i.id in masked else i for i in found)
        for found in (unmarked, recall.summaries)
    )
    return replace(recall, observations=observations, summaries=summaries, trace=None)


def _has_customer_words(trace: Trace | None) -> bool:
    return any(query.turn for query in (trace and trace.queries) or ())


def _build_items(recall: RecallAnswer, masker: Masker) -> list[RecalledItem]:
    """Observations and summaries in one list, best first; without scores by time."""
    scored = [item for item in recall.items if item.score is not None]
    scored.sort(key=lambda item: -(item.score or 0))
    others = [item for item in recall.items if item.score is None]
    others.sort(key=lambda item: item.occurred_at, reverse=True)
    traced = {item.id: item for item in (recall.trace and recall.trace.items) or ()}
    matched = {} if _has_customer_words(recall.trace) else traced
    return [
        RecalledItem(
            rank=rank,
            item=item,
            shown=masker.mask_text(item.kind, item.id, item.content),
            source=masker.mask_source(item.source),
            traced=traced.get(item.id),
            matched=matched[item.id].stems if item.id in matched else (),
        )
        for rank, item in enumerate(scored + others, start=1)
    ]


class _JsonMasker:
    """Writes JSON, indented, with the tenant's rule for texts on each text in it.

    Each text is masked once: what `items` show masked is taken from there.
    """

    def __init__(
        self,
        items: Iterable[RecalledItem],
        said: Sequence[RecalledCommunication],
        masker: Masker,
        *,
        hides_stems: bool,
    ) -> None:
        self._contents = {
            item.item.content: item.shown.text
            for item in items
            if item.shown.clear_until is None
        }
        # Of `4111 1111` a part is a card only beside the turn that has the rest.
        self._turns = {
            turn.content.text: shown.text
            for turn, shown in zip(said, masker.mask_turns("", said), strict=True)
            if shown.is_masked
        }
        self._masker = masker
        self._hides_stems = hides_stems
        # The same sources, ids and stems come again and again. Of what somebody typed
        # it masks what has a shape alone: whose own a word is, is not told.
        self._mask_text: Callable[[str], str] = cache(mask_text)

    def __call__(self, content: Any) -> str:
        return json.dumps(self._mask(content, ""), indent=2, ensure_ascii=False)

    def _mask(self, content: Any, name: str) -> Any:
        if isinstance(content, dict):
            return {key: self._mask(value, key) for key, value in content.items()}
        if isinstance(content, list):
            if self._hides_stems and name in STEMS:
                return f"{len(content)} not shown"
            return [self._mask(part, name) for part in content]
        if not isinstance(content, str):
            return content
        if name == "text" and content in self._turns:
            return self._turns[content]
        if name == "source":
            return self._masker.mask_source(content).text
        if name == "content":
            if content not in self._contents:
                masked = self._masker.mask_text("observation", "", content).text
                self._contents[content] = masked
            return self._contents[content]
        return self._mask_text(content)
