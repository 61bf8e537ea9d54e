"""Cases of Recall: made of a run, run again by a person or by `recall_suite`."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from console.audit.log import log, log_view
from console.audit.models import ActionKind, AuditEntry, list_action_names
from console.client.errors import MemoryNotFound
from console.client.store import RecallAnswer, StoreClient
from console.contract.ids import PROFILE_ID
from console.contract.memory.recall import RecalledObservation, RecalledSummary
from console.masking.masker import Masker, MaskingMode
from console.pages.recall.forms import (
    KNOBS,
    Mode,
    RunForm,
    add_defaults,
    build_question,
)
from console.pages.recall.models import NAME_MAX, RUNS_KEPT, SUITE_MAX, RecallCase
from console.pages.recall.runs import build_run_url, read_given, recall_by_form
from console.pages.recall.selectors import RecallRun, ask_memory, find_model
from console.profiles.items import TEXT_KINDS, find_kind
from console.profiles.prompt import Quote, build_prompt
from console.tenants.actor import Actor, Permission
from console.web.access import FORM, POST, allow
from console.web.forms import ConsoleForm, StaffTextField, check_form
from console.web.render import ConsoleRequest, render_form

State = RecallCase.State
MS_MAX, TOKENS_MAX = 60_000, 200_000
# As many of what has changed are named.
CHANGES_MAX = 5
# Of the audit log, what is about no customer and can change what a Recall answers.
SETTINGS = "desk.arranged", "identity.changed", "learning.changed", "token.replaced"
# The fields of a run that make its question.
ASKED = set(KNOBS) - {"identity"}


def run_case(case: RecallCase, store: StoreClient, actor: Actor) -> RecallCase:
    """Run once more, keep what came of it, and log it; by what is shown of the texts, so
    that no case tells what is masked. Raises MemoryProblem for one that cannot be asked.
    """
    if case.is_erased:
        return case
    form = RunForm(add_defaults(case.asked | {"identity": case.profile_id}))
    if not form.is_valid():
        return _close(case, State.FAILED, "Its fields are not valid any more.")
    asked = form.cleaned_data
    text_mode = Masker(case.tenant).text_mode
    if text_mode == MaskingMode.HIDE and asked["mode"] != Mode.RECENT:
        return _close(case, State.FAILED, "Texts are hidden: nothing can be ranked.")
    try:
        answer = ask_memory(store, case.profile_id, build_question(asked), text_mode)
    except MemoryNotFound:
        case.tenant.recall_cases.erase(case.profile_id)
        case.refresh_from_db()
        return case
    log_view(
        actor,
        "recall.run",
        "profile",
        answer.canonical_id or case.profile_id,
        mode=asked["mode"],
        observations=len(answer.observations),
        summaries=len(answer.summaries),
        ms=round(answer.exchange.elapsed_ms),
        case=str(case.pk),
    )
    if text_mode == MaskingMode.DETECT and answer.is_ranked and not answer.masked:
        return _close(case, State.FAILED, "This memory ranks by what is masked.")
    model = find_model(store, case.profile_id)
    if faults := ", ".join(_list_faults(case, answer)):
        case.changes = [*_list_changes(case, store, answer, model)][:CHANGES_MAX]
        return _close(case, State.FAILED, faults)
    case.missing, case.changes = "", []
    case.green_at, case.green_model = timezone.now(), model
    return _close(case, State.PASSED)


def _close(case: RecallCase, state: State, words: str = "") -> RecallCase:
    case.state, case.words, case.checked_at = state, words, timezone.now()
    case.runs = [*case.runs, state == State.PASSED][-RUNS_KEPT:]
    # Not what it asks: it may have been erased or changed meanwhile.
    stated = {"id", "profile_id", *CaseForm.base_fields, "asked"}
    case.save(update_fields={field.name for field in case._meta.fields} - stated)
    return case


def _list_changes(
    case: RecallCase, store: StoreClient, answer: RecallAnswer, model: str
) -> Iterable[str]:
    """What can have turned it since it was green."""
    if (since := case.green_at) is None:
        return
    if model != case.green_model:
        before = case.green_model or "words alone"
        yield f"ranked by {model or 'words alone'}, before by {before}"
    profile_id = answer.canonical_id or case.profile_id
    if profile_id != case.profile_id:
        yield "its profile was merged into another"
    with suppress(MemoryNotFound):
        for merge in store.list_merges().items:
            if merge.canonical_id == profile_id and merge.merged_at > since:
                yield f"…{merge.id[-4:]} was merged into its profile"
    named = dict.fromkeys([*case.wanted, *case.unwanted])
    yield from _list_writes(store, profile_id, named, since)
    about = Q(profile_id=profile_id) | Q(object_id__in=named)
    changes = Q(about, action__in=list_action_names(ActionKind.CHANGE))
    entries = AuditEntry.objects.of(case.tenant).filter(
        changes | Q(action__in=SETTINGS), at__gt=since, outcome="done"
    )
    for entry in entries.order_by("-seq")[:CHANGES_MAX]:
        who = entry.actor or entry.role
        yield f"{entry.definition.text} ({who}, entry {entry.seq})"


def _list_writes(
    store: StoreClient, profile_id: str, ids: Iterable[str], since: datetime
) -> Iterable[str]:
    """By the memory's own times: what programs wrote is in no audit log."""
    for id_ in ids:
        found = find_kind(id_)
        item = found.find(store, profile_id, id_) if found else None
        if item is None:
            yield f"…{id_[-4:]} was deleted, or is another profile's"
        elif item.updated_at > since:
            yield f"…{id_[-4:]} was changed or retracted"
    for kind in TEXT_KINDS.values():
        newest = kind.list_page(store, profile_id).items
        if written := sum(item.created_at > since for item in newest):
            at_least = "at least " if written == len(newest) > 1 else ""
            yield f"{at_least}{written} {kind.plural} written"


def _list_faults(case: RecallCase, answer: RecallAnswer) -> Iterable[str]:
    items: list[RecalledObservation | RecalledSummary] = [
        *answer.observations,
        *answer.summaries,
    ]
    came = {item.id: item.score for item in items}
    missing = [id_ for id_ in case.wanted if id_ not in came]
    if missing:
        case.missing = missing[0]
        yield f"{len(missing)} of {len(case.wanted)} wanted did not come"
    if unwanted := came.keys() & set(case.unwanted):
        yield f"{len(unwanted)} unwanted came"
    found = [id_ for id_ in case.wanted if id_ in came]
    if case.in_order and found != sorted(found, key=[*_rank(came)].index):
        yield "not in order"
    scores = [score for id_ in found if (score := came[id_]) is not None]
    if case.least_score is not None and scores and min(scores) < case.least_score:
        yield f"a score of {min(scores):.2f}, below {case.least_score:.2f}"
    if case.most_ms is not None and answer.exchange.elapsed_ms > case.most_ms:
        yield f"{answer.exchange.elapsed_ms:.0f} ms, more than {case.most_ms}"
    if case.most_tokens is not None:
        masker = Masker(case.tenant, profile_id=case.profile_id)
        shown = [masker.mask_text(each.kind, each.id, each.content) for each in items]
        quotes = [Quote(x.kind, y.text) for x, y in zip(items, shown, strict=True)]
        if (tokens := build_prompt(quotes).tokens) > case.most_tokens:
            yield f"{tokens} tokens, more than {case.most_tokens}"


def _rank(came: dict[str, float | None]) -> list[str]:
    """By score; items without one stay as they came."""
    return sorted(came, key=lambda id_: -(came[id_] or 0))


class CaseForm(ConsoleForm):
    """What must be so of a run; items are chosen among those that came, or should have."""

    name = StaffTextField(label="Name", max_length=NAME_MAX)
    suite = StaffTextField(label="Suite", max_length=SUITE_MAX, initial="Recall")
    wanted = forms.MultipleChoiceField(required=False)
    unwanted = forms.MultipleChoiceField(required=False)
    in_order = forms.BooleanField(
        required=False, label="Must be returned in this order"
    )
    least_score = forms.FloatField(
        required=False, min_value=0, max_value=1, label="Minimum score"
    )
    most_ms = forms.IntegerField(
        required=False, min_value=1, max_value=MS_MAX, label="Maximum ms"
    )
    most_tokens = forms.IntegerField(
        required=False, min_value=1, max_value=TOKENS_MAX, label="Maximum tokens"
    )

    def __init__(self, run: RecallRun, *args: Any) -> None:
        super().__init__(*args)
        self.items = {item.item.id: item.shown for item in run.items}
        if run.expected and run.expected.shown:
            self.items = {run.expected.id: run.expected.shown} | self.items
            self.initial["wanted"] = [run.expected.id]
        for name in ("wanted", "unwanted"):
            choices = [(id_, shown.text) for id_, shown in self.items.items()]
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        wanted, unwanted = cleaned.get("wanted", []), cleaned.get("unwanted", [])
        if both := set(wanted) & set(unwanted):
            self.add_error(
                "unwanted", f"{len(both)} of these must be returned as well."
            )
        limits = cleaned.get("most_ms") or cleaned.get("most_tokens")
        if not (wanted or unwanted or limits):
            self.add_error(
                "wanted", "Choose what must be returned, what must not, or a limit."
            )
        return cleaned


@allow(Permission.RUN_RECALL, logs="none: questions and states, no answers")
def list_cases(request: ConsoleRequest) -> HttpResponse:
    """By suite and name: states, and the strip of the last runs of each."""
    cases = request.tenant.recall_cases.order_by("suite", "name")
    return render(request, "recall/cases.html", {"cases": cases})


def count_failed(request: ConsoleRequest) -> int:
    return int(request.tenant.recall_cases.filter(state=State.FAILED).count())


@allow(Permission.RUN_RECALL, FORM, logs="recall.run case.added")
def add_case(request: ConsoleRequest) -> HttpResponse:
    """A case of the run that the address names. Nothing is typed but its name."""
    given = read_given(request, request.GET)
    fields = RunForm(add_defaults(given))
    profile_id = check_form(fields)["identity"]
    if not PROFILE_ID.fullmatch(profile_id):
        raise Http404
    run = recall_by_form(request, fields, profile_id)
    if run is None:
        raise Http404
    form = CaseForm(run, request.POST or None)
    if request.method == "POST" and form.is_valid():
        case = RecallCase(
            tenant=request.tenant,
            profile_id=run.profile.id,
            asked={name: given[name] for name in ASKED if name in given},
            created_by=request.actor.in_tenant()[0],
            **form.cleaned_data,
        )
        try:
            with transaction.atomic():
                case.save()
                log(request.actor, "case.added", "profile", case.profile_id)
        except IntegrityError:
            form.add_error("name", "A case of this suite has this name.")
        else:
            run_case(case, request.store, request.actor)
            return redirect("recall:cases", request.tenant.slug)
    context = {"form": form, "run": run, "run_query": request.GET.urlencode()}
    return render_form(request, "recall/case.html", context)


@allow(Permission.RUN_RECALL, logs="none: leads to the run")
def open_case(request: ConsoleRequest, case_id: UUID) -> HttpResponse:
    """The run of a case, and where what it wants first came, or why it did not."""
    case = _get_case(request, case_id)
    if case.is_erased:
        return redirect("recall:cases", request.tenant.slug)
    given = case.asked | {"identity": case.profile_id}
    if case.wanted:
        given["expected"] = case.missing or case.wanted[0]
    return redirect(build_run_url(request, given, case.profile_id))


@allow(Permission.RUN_RECALL, POST, logs="recall.run")
def rerun_case(request: ConsoleRequest, case_id: UUID) -> HttpResponse:
    """htmx gets the row of the case alone."""
    case = run_case(_get_case(request, case_id), request.store, request.actor)
    if request.htmx:
        return render(request, "recall/_case.html", {"case": case})
    return redirect("recall:cases", request.tenant.slug)


@allow(Permission.RUN_RECALL, POST, logs="case.removed")
def remove_case(request: ConsoleRequest, case_id: UUID) -> HttpResponse:
    case = _get_case(request, case_id)
    with transaction.atomic():
        case.delete()
        log(request.actor, "case.removed", "profile", case.profile_id)
    return redirect("recall:cases", request.tenant.slug)


def _get_case(request: ConsoleRequest, case_id: UUID) -> RecallCase:
    found: RecallCase = get_object_or_404(request.tenant.recall_cases, pk=case_id)
    return found
