"""The Recall simulator: ask a memory as an agent would, and see why it answered so.

Limits of a query: docs/contract.md, section 11.6.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
from time import perf_counter
from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from msgspec.structs import replace

from console.audit.log import log_view
from console.client.errors import MemoryNotFound, MemoryRefused
from console.client.store import RecallAnswer, StoreClient
from console.contract.ids import PROFILE_ID
from console.contract.memory.observation import CONVERSATION_ID_MAX
from console.contract.memory.profile import Profile
from console.contract.memory.recall import (
    RECALL_ITEMS,
    RECALL_OBSERVATIONS,
    RECALL_QUERY_MAX,
    RECALL_SUMMARIES,
    RecalledObservation,
    RecalledSummary,
    Trace,
    TraceItem,
    TracePart,
)
from console.masking.masker import (
    MaskedValue,
    Masker,
    MaskingMode,
    Source,
    mask_text,
    masker_for,
)
from console.masking.models import count_question, get_digest
from console.pages.recall.verdict import Item, Question, RecallVerdict, judge
from console.profiles.identity import Match, log_lookup, look_up
from console.profiles.items import find_kind
from console.tenants.actor import Permission
from console.web.forms import (
    ConsoleForm,
    check_conversation,
    check_form,
    check_plain,
)
from console.web.render import FORM, ConsoleRequest, allow, render_part
from console.web.session import TypedForgotten, build_typed_url, read_typed
from console.web.times import DayField, get_day, get_day_start

# What adds to a score, as the embedded memory names it (console/engine/ranking.py).
SCORE_PARTS = {
    "similarity": "Similarity in meaning",
    "query_coverage": "Share of the query's words",
    "match_strength": "Strength of the word match",
    "phrase": "Words in a row",
    "code": "Match of a number or code",
    "date": "Match with a date in the query",
    "summary": "Match of its conversation's summary",
    "neighbour": "Match of a neighbour",
    "profile_size": "Size of the profile",
}
# Parts that add less do not change what a page shows of a score.
LEAST_LOG_ODDS = 0.05
# From which score on a match is so called: below the second, a person should not take an
# item for an answer.
LIKELY, POSSIBLE = 0.5, 0.1
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
    score_parts  label and part, for each part that moves the score visibly
    """

    rank: int
    item: RecalledObservation | RecalledSummary
    shown: MaskedValue
    source: Source
    traced: TraceItem | None
    score_parts: list[tuple[str, TracePart]]
    before: int | None = None

    @property
    def is_masked(self) -> bool:
        """By rule: also while this person has revealed it."""
        return self.shown.is_masked or self.shown.clear_until is not None

    @property
    def likelihood(self) -> str:
        """ "" where nothing is ranked."""
        score = self.item.score
        if score is None:
            return ""
        return (
            "likely"
            if score >= LIKELY
            else ("possible" if score >= POSSIBLE else "unlikely")
        )

    @property
    def chance(self) -> str:
        """The score in words, to be read after "Wanted"."""
        score = self.item.score or 0
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
    verdict: RecallVerdict | None = None
    traced: TraceItem | None = None

    @property
    def score_parts(self) -> list[tuple[str, TracePart]]:
        return _build_score_parts(self.traced)


@dataclass(frozen=True, slots=True)
class RecallRun:
    """A recall and its evidence. Times in milliseconds, as seen from the console.

    is_merged             the profile asked for became this one
    name                  by rule: also while this person has revealed it
    mode_ran              by its answer: a memory may fall back to recency
    is_by_masked_texts    ranked by what is shown of texts, some of which are masked
    is_by_whole_texts     ranked by a memory that cannot do so: what is masked has no
                          score and no place, nothing is explained
    are_texts_hidden      nothing of the question was sent: newest first
    groups                its items by likelihood
    best                  the highest score: bars are as long as they are beside it
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
    total_ms: float
    items: list[RecalledItem]
    is_by_masked_texts: bool
    is_by_whole_texts: bool
    are_texts_hidden: bool
    has_customer_words: bool
    expected: ExpectedItem | None
    request_json: str = field(repr=False)
    response_json: str = field(repr=False)

    @property
    def groups(self) -> list[tuple[str, list[RecalledItem]]]:
        found = groupby(self.items, attrgetter("likelihood"))
        return [(name, list(items)) for name, items in found]

    @property
    def best(self) -> float:
        return max((item.item.score or 0 for item in self.items), default=0)


def recall_profile(
    store: StoreClient,
    profile_id: str,
    *,
    mode: str,
    question: Question,
    masker: Masker,
) -> RecallRun:
    """Two calls: who this is, and the recall itself; with what was `expected`, by its id,
    up to eight more. Raises MemoryNotFound.

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
    expected = None
    if sought := question["trace_items"]:
        expected = _find_expected(store, profile.id, sought[0], masker)
        if expected.item and not is_by_whole_texts:
            expected = dataclasses.replace(
                expected,
                verdict=judge(ask, question, answer, expected.item),
                traced=answer.trace.find(expected.id) if answer.trace else None,
            )
    trace = recall.trace if recall.trace and recall.trace.queries else None
    has_customer_words = any(query.turn for query in (trace and trace.queries) or ())
    mask_json = _JsonMasker(items, rule_masker, hides_stems=has_customer_words)
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
        total_ms=find_ms + recall.exchange.elapsed_ms,
        items=items,
        is_by_masked_texts=recall.masked and has_masked,
        is_by_whole_texts=is_by_whole_texts,
        are_texts_hidden=text_mode == MaskingMode.HIDE,
        has_customer_words=has_customer_words,
        expected=expected,
        request_json=mask_json(recall.exchange.request),
        response_json=mask_json(recall.exchange.response) if is_whole_shown else "",
    )


def _find_expected(
    store: StoreClient, profile_id: str, item_id: str, masker: Masker
) -> ExpectedItem:
    kind = find_kind(item_id)
    item = kind.find(store, profile_id, item_id) if kind else None
    if item is None:
        return ExpectedItem(item_id)
    return ExpectedItem(
        item_id, item, masker.mask_text(item.kind, item_id, item.content)
    )


def ask_memory(
    store: StoreClient, profile_id: str, question: Question, text_mode: str
) -> RecallAnswer:
    """By masked texts, if texts are masked and the memory knows how.

    A memory that refuses what its contract does not have is asked again without.
    """
    masked = text_mode == MaskingMode.DETECT
    try:
        return store.recall(profile_id, **question, masked=masked)
    except MemoryRefused as refusal:
        if refusal.http_status != 400 or not (question["trace"] or masked):
            raise
    return store.recall(profile_id, **question | {"trace": False, "trace_items": []})


def _withhold_scores(recall: RecallAnswer, items: list[RecalledItem]) -> RecallAnswer:
    """The same without what the scores of masked texts tell, and without explanation."""
    masked = {item.item.id for item in items if item.is_masked}
    unmarked = [replace(each, superseded_by=None) for each in recall.observations]
    observations, summaries = (
        tuple(replace(i, score=None) if i.id in masked else i for i in found)
        for found in (unmarked, recall.summaries)
    )
    return replace(recall, observations=observations, summaries=summaries, trace=None)


def _build_items(recall: RecallAnswer, masker: Masker) -> list[RecalledItem]:
    """Observations and summaries in one list, best first; without scores by time."""
    found: list[RecalledObservation | RecalledSummary] = [
        *recall.observations,
        *recall.summaries,
    ]
    scored = [item for item in found if item.score is not None]
    scored.sort(key=lambda item: -(item.score or 0))
    others = [item for item in found if item.score is None]
    others.sort(key=lambda item: item.occurred_at, reverse=True)
    traced = {item.id: item for item in (recall.trace and recall.trace.items) or ()}
    return [
        RecalledItem(
            rank=rank,
            item=item,
            shown=masker.mask_text(item.kind, item.id, item.content),
            source=masker.mask_source(item.source),
            traced=traced.get(item.id),
            score_parts=_build_score_parts(traced.get(item.id)),
        )
        for rank, item in enumerate(scored + others, start=1)
    ]


def _build_score_parts(traced: TraceItem | None) -> list[tuple[str, TracePart]]:
    return [
        (label, part)
        for name, label in SCORE_PARTS.items()
        if (part := traced and getattr(traced.parts, name))
        and abs(part.adds) >= LEAST_LOG_ODDS
    ]


class _JsonMasker:
    """Writes JSON, indented, with the tenant's rule for texts on each text in it.

    Each text is masked once: what `items` show masked is taken from there.
    """

    def __init__(
        self, items: Iterable[RecalledItem], masker: Masker, *, hides_stems: bool
    ) -> None:
        self._contents = {
            item.item.content: item.shown.text
            for item in items
            if item.shown.clear_until is None
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
        if name == "source":
            return self._masker.mask_source(content).text
        if name == "content":
            if content not in self._contents:
                masked = self._masker.mask_text("observation", "", content).text
                self._contents[content] = masked
            return self._contents[content]
        return self._mask_text(content)


class Mode:
    QUERY, CONVERSATION, RECENT = "query", "conversation", "recent"
    CHOICES = ((QUERY, "Query"), (CONVERSATION, "Conversation"), (RECENT, "Recent"))


# The fields of the form, by the parameters that they set.
FIELDS = {
    "begin": "begin",
    "end": "end",
    "observations_limit": "observations",
    "summaries_limit": "summaries",
    "relevance_threshold": "threshold",
}


# Of the query string of a run: ids, numbers, days and the key of what was typed.
AGAINST_MAX = 1000


class RunForm(ConsoleForm):
    """identity, mode and the mode's own text, how many items, which days."""

    identity = forms.CharField(
        max_length=512,
        validators=[check_plain],
        error_messages={
            "required": "Enter an identifier, as type:value, or a profile id."
        },
        widget=forms.TextInput(
            attrs={
                "placeholder": "email:…  phone:…  profile id",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    mode = forms.ChoiceField(
        choices=Mode.CHOICES, initial=Mode.QUERY, widget=forms.RadioSelect
    )
    query = forms.CharField(
        required=False,
        max_length=RECALL_QUERY_MAX,
        validators=[check_plain],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    conversation = forms.CharField(
        required=False,
        max_length=CONVERSATION_ID_MAX,
        label="Conversation id",
        validators=[check_conversation],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    observations = forms.IntegerField(
        initial=RECALL_OBSERVATIONS, min_value=0, max_value=RECALL_ITEMS
    )
    summaries = forms.IntegerField(
        initial=RECALL_SUMMARIES, min_value=0, max_value=RECALL_ITEMS
    )
    threshold = forms.FloatField(
        initial=0,
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "0.01"}),
    )
    begin = DayField(label="From")
    end = DayField(label="Before")
    explain = forms.BooleanField(required=False, label="Explain scores")
    against = forms.CharField(
        required=False, max_length=AGAINST_MAX, widget=forms.HiddenInput
    )
    expected = forms.CharField(
        required=False,
        max_length=RECALL_QUERY_MAX,
        validators=[check_plain],
        label="Expected",
        help_text="What did not come: words of it, or its id",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    @classmethod
    def from_link(cls, values: dict[str, str]) -> "RunForm":
        """The form filled in and not yet sent; the cursor is where to type next."""
        form = cls(initial=values)
        field = form.fields["query" if values.get("identity") else "identity"]
        field.widget.attrs["autofocus"] = True
        return form

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        mode = cleaned.get("mode")
        if mode == Mode.QUERY and not cleaned.get("query") and "query" in cleaned:
            self.add_error("query", "Enter a query, or choose another mode.")
        if mode == Mode.CONVERSATION and not cleaned.get("conversation", "x"):
            self.add_error("conversation", "Enter the conversation's id.")
        begin, end = cleaned.get("begin"), cleaned.get("end")
        if begin and end and end <= begin:
            self.add_error("end", "Must be after the first day.")
        return cleaned


# In what two runs can differ.
KNOBS = [
    name
    for name in RunForm.base_fields
    if name not in {"explain", "expected", "against"}
]
# How what was expected is looked for by its words.
OFFERED = {
    "mode": Mode.QUERY,
    "observations": 7,
    "summaries": 3,
    "threshold": 0.0,
    "begin": None,
    "end": None,
    "explain": False,
    "expected": "",
}


def build_question(asked: Mapping[str, Any]) -> Question:
    """The keyword arguments of StoreClient.recall; the mode decides which text."""
    mode = asked["mode"]
    return {
        "query": asked["query"] if mode == Mode.QUERY else "",
        "conversation_id": asked["conversation"] if mode == Mode.CONVERSATION else "",
        "begin": get_day_start(asked["begin"]),
        "end": get_day_start(asked["end"]),
        "observations_limit": asked["observations"],
        "summaries_limit": asked["summaries"],
        "relevance_threshold": asked["threshold"],
        "trace": bool(asked["explain"] or asked["expected"]),
        "trace_items": [asked["expected"]] if asked["expected"] else [],
    }


@allow(Permission.RUN_RECALL, FORM)
def run(request: ConsoleRequest) -> HttpResponse:
    """The form, and the results once an identity is given.

    What is typed is only the way in. It is answered by a redirect to the run's own
    address, which names the profile by its id and the query by its key.
    """
    try:
        given = read_given(
            request, request.POST if request.method == "POST" else request.GET
        )
    except TypedForgotten as forgotten:
        return _render_run(
            request, RunForm.from_link(request.GET.dict()), warning=forgotten.message
        )
    # A link that names at most who, and how, asks nothing yet.
    waits = given.get("mode") == Mode.QUERY and "query" not in given
    if request.method != "POST" and (waits or not given.get("identity")):
        return _render_run(request, RunForm.from_link(given))
    form = RunForm(add_defaults(given))
    if not form.is_valid():
        return _render_run(request, form)
    identity = form.cleaned_data["identity"].strip()
    profile_id = identity if PROFILE_ID.fullmatch(identity) else ""
    if not profile_id:
        match = look_up(request.actor, identity)
        if not match.profile_id:
            return _render_unmatched(request, form, given, match)
        profile_id = match.profile_id
    expected = form.cleaned_data["expected"]
    if expected and not find_kind(expected):
        return _offer_expected(request, form, given, profile_id)
    if request.method == "POST" or "query" in request.GET or profile_id != identity:
        return redirect(build_run_url(request, given, profile_id))
    return _run_for_profile(request, form, profile_id)


def _render_unmatched(
    request: ConsoleRequest, form: RunForm, given: dict[str, str], match: Match
) -> HttpResponse:
    if match.profiles:
        form.add_error(
            "identity", f"Several profiles have {match.asked_for}: choose one below."
        )
    else:
        message = match.problem or f"No profile has {match.asked_for}."
        form.add_error("identity", message)
    found = [(id_, build_run_url(request, given, id_)) for id_ in match.profiles]
    return _render_run(request, form, candidates=found)


def _offer_expected(
    request: ConsoleRequest, form: RunForm, given: dict[str, str], profile_id: str
) -> HttpResponse:
    """What could be meant by the words of what was expected, to choose from: nothing of
    them stands in an address."""
    words = form.cleaned_data["expected"]
    found = recall_by_form(request, form, profile_id, **OFFERED, query=words)
    if found is None:
        return _render_run(request, form, status=404)
    form.add_error(
        "expected",
        "Choose the one that you mean below."
        if found.items
        else "Nothing that this profile remembers is like that.",
    )
    urls = [
        build_run_url(request, given | {"expected": item.item.id}, found.profile.id)
        for item in found.items
    ]
    texts = [item.shown.text for item in found.items]
    return _render_run(request, form, candidates=list(zip(texts, urls, strict=True)))


def read_given(request: ConsoleRequest, sent: QueryDict) -> dict[str, str]:
    """What the form sent, or what an address names, its query too. Raises
    TypedForgotten."""
    given = {name: str(value) for name, value in sent.items() if value}
    if query := read_typed(request, sent):
        given.setdefault("query", query)
    return given


def add_defaults(given: dict[str, str]) -> dict[str, str]:
    """A deep link may leave out the mode and the limits."""
    implied = Mode.CONVERSATION if "conversation" in given else Mode.RECENT
    defaults = {
        name: str(RunForm.base_fields[name].initial)
        for name in ("observations", "summaries", "threshold")
    } | {"mode": Mode.QUERY if "query" in given else implied}
    return defaults | given


def _run_for_profile(
    request: ConsoleRequest, form: RunForm, profile_id: str
) -> HttpResponse:
    found = recall_by_form(request, form, profile_id)
    if found is None:
        return _render_run(request, form, status=404)
    compared: dict[str, Any] = {}
    if form.cleaned_data["against"]:
        try:
            found, compared = _compare(request, form, found)
        except TypedForgotten as forgotten:
            compared = {"warning": forgotten.message}
    response = _render_run(request, form, run=found, **compared)
    # Only a run's own address, which names an id, goes into the browser's history.
    response["HX-Push-Url"] = request.get_full_path()
    return response


def _compare(
    request: ConsoleRequest, form: RunForm, run: RecallRun
) -> tuple[RecallRun, dict[str, Any]]:
    """The run with its items' ranks in the other one, and what differs. Raises
    TypedForgotten, InvalidQuery."""
    named = read_given(request, QueryDict(form.cleaned_data["against"]))
    given = {name: value for name, value in named.items() if name in KNOBS}
    other = RunForm(add_defaults(given))
    asked = check_form(other)
    before = recall_by_form(request, other, asked["identity"])
    if before is None:
        return run, {}
    ranks = {item.item.id: item.rank for item in before.items}
    items = [
        dataclasses.replace(item, before=ranks.pop(item.item.id, 0))
        for item in run.items
    ]
    compared = {
        "before": before,
        "before_url": build_run_url(request, given, before.profile.id),
        "gone": [item for item in before.items if item.item.id in ranks],
        "knobs": [
            (form[name].label, asked[name], form.cleaned_data[name])
            for name in KNOBS
            if asked[name] != form.cleaned_data[name]
        ],
    }
    return dataclasses.replace(run, items=items), compared


def recall_by_form(
    request: ConsoleRequest, form: RunForm, profile_id: str, **instead: Any
) -> RecallRun | None:
    """What the form asks, but for the fields that are given `instead`; counted and
    logged. None: no profile has this id, as the form then says."""
    asked = form.cleaned_data | instead
    question = build_question(asked)
    query = get_digest(request.actor, "recall.run", question["query"])
    if question["trace"]:
        count_question(request.actor, "recall.run", query)
    try:
        found = recall_profile(
            request.store,
            profile_id,
            mode=asked["mode"],
            question=question,
            masker=masker_for(request.actor, profile_id),
        )
    except MemoryNotFound:
        log_lookup(request.actor, profile_id, Match())
        form.add_error("identity", "No profile has this id.")
        return None
    if found.is_by_whole_texts and not question["trace"]:
        count_question(request.actor, "recall.run", query)
    recall = found.recall
    log_view(
        request.actor,
        "recall.run",
        "profile",
        found.profile.id,
        mode=found.mode_ran,
        observations=len(recall.observations),
        summaries=len(recall.summaries),
        ms=round(recall.exchange.elapsed_ms),
        explained=int(question["trace"]),
        looked_for=query,
    )
    return found


def build_run_url(
    request: ConsoleRequest, given: dict[str, str], profile_id: str
) -> str:
    kept = {name: value for name, value in given.items() if name in RunForm.base_fields}
    query = kept.pop("query", "")
    url = build_typed_url(request, query, kept | {"identity": profile_id})
    page = reverse("recall:run", args=[request.tenant.slug])
    return f"{page}?{url.partition('?')[2]}"


def _build_changes(
    request: ConsoleRequest, form: RunForm, run: RecallRun
) -> dict[str, Any]:
    """What would bring the expected item: the fields to set, and a link to that run."""
    change = run.expected and run.expected.verdict and run.expected.verdict.change
    if not change:
        return {}
    values = {
        FIELDS[name]: get_day(value) if isinstance(value, datetime) else value
        for name, value in change.items()
    }
    given = {
        name: str(value)
        for name, value in {**form.data, **values}.items()
        if value is not None and value != ""
    }
    return {
        "changes": [(form[name].label, value) for name, value in values.items()],
        "try_url": build_run_url(request, given, run.profile.id),
    }


def _render_run(
    request: ConsoleRequest,
    form: RunForm,
    *,
    run: RecallRun | None = None,
    candidates: Sequence[tuple[str, str]] = (),
    warning: str = "",
    status: int = 0,
    **compared: Any,
) -> HttpResponse:
    deletion = None
    if run and run.expected and request.actor.may(Permission.VIEW_DELETIONS):
        deletions = request.tenant.deletions.filter(object_id=run.expected.id)
        deletion = deletions.order_by("created_at").last()
    query = request.GET.copy()
    query.pop("against", None)
    context: dict[str, Any] = {
        "form": form,
        "run": run,
        "run_query": query.urlencode(),
        "deletion": deletion,
        "candidates": candidates,
        "warning": warning,
        **compared,
        **(_build_changes(request, form, run) if run else {}),
    }
    return render_part(
        request,
        "recall/run.html",
        "recall/_run.html",
        context,
        status=status,
    )
