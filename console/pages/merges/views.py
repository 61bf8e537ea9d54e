"""Pairs of profiles that may be two people, and merges that were a mistake."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from console.audit.log import log_change, log_view
from console.client.errors import MemoryNotFound
from console.client.http import all_pages
from console.contract.memory.merge import Merge, MergeSuggestion, Unmerged
from console.contract.memory.page import PAGE_TOKEN_MAX
from console.masking.masker import masker_for
from console.pages.merges.comparison import compare_profiles
from console.profiles.candidates import COLUMNS, fetch_candidates, name_people
from console.tenants.actor import Permission
from console.web.access import FORM, allow
from console.web.forms import PageForm, ReasonForm, check_form
from console.web.render import ConsoleRequest, render_form


class DecisionForm(ReasonForm):
    decision = forms.ChoiceField(
        label="These profiles are",
        choices=[
            ("accept", "One person: merge them"),
            ("refuse", "Two people: keep apart"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the two."},
    )
    field_order = ("decision", "reason_code", "ticket")


class MergesForm(PageForm):
    """suggested  likewise, of the suggestions: a further page of one list is alone"""

    suggested = forms.CharField(required=False, max_length=PAGE_TOKEN_MAX)


class TakeBackForm(ReasonForm):
    """Why a merge is taken back."""


@allow(Permission.JUDGE_MERGES, logs="merges.listed")
def list_merges(request: ConsoleRequest) -> HttpResponse:
    """What waits for a decision and, below it, what can be taken back."""
    store, query = request.store, check_form(MergesForm(request.GET))
    token, suggested_token = query["page"], query["suggested"]
    merges = suggested = None
    try:
        if not suggested_token:
            merges = store.list_merges(page_token=token)
        if not token:
            suggested = store.list_merge_suggestions(page_token=suggested_token)
    except MemoryNotFound:  # a hosted memory merges for good
        return render(request, "merges/list.html", {"is_hosted": True})
    waiting, merged = (page.items if page else () for page in (suggested, merges))
    log_view(request.actor, "merges.listed", count=len(waiting) + len(merged))
    context = {
        "suggestions": _name_people(request, waiting),
        "suggested": suggested,
        "merges": _name_people(request, merged),
        "page": merges,
    }
    return render(request, "merges/list.html", context)


def count_suggestions(request: ConsoleRequest) -> int:
    """Those that wait for a decision, on the first page."""
    try:
        return len(request.store.list_merge_suggestions().items)
    except MemoryNotFound:
        return 0


def _name_people(
    request: ConsoleRequest, rows: Sequence[Merge | MergeSuggestion]
) -> list[tuple[Any, str, list[str]]]:
    """Each row, what joins the two, and who they are: masked names, or contacts."""
    about = [
        row.profiles if isinstance(row, MergeSuggestion) else (row.canonical_id,)
        for row in rows
    ]
    ids = (id_ for some in about for id_ in some)
    names = name_people(request.store, ids, masker_for(request.actor))
    return [
        (*row, [names[id_] for id_ in some])
        for row, some in zip(_mask_values(request, rows), about, strict=True)
    ]


def _mask_values(
    request: ConsoleRequest, rows: Iterable[Merge | MergeSuggestion]
) -> list[tuple[Any, str]]:
    """Each with what joins the two, as it is shown; "" where that is not known."""
    masker = masker_for(request.actor)
    shown = []
    for row in rows:
        further = row.further if isinstance(row, MergeSuggestion) else ()
        values = [(row.id_type, row.value)] if row.value else []
        values += [(each.id_type, value) for each in further for value in each.values]
        texts = [
            f"{id_type} {masker.mask_identifier(id_type, [value])[0].text}"
            for id_type, value in values
        ]
        shown.append((row, ", ".join(texts)))
    return shown


@allow(Permission.JUDGE_MERGES, FORM, logs="merges.listed merge.accepted merge.refused")
def decide(request: ConsoleRequest, suggestion_id: str) -> HttpResponse:
    """The evidence of one suggestion, and the officer's word."""
    suggestion = _find(all_pages(request.store.list_merge_suggestions), suggestion_id)
    if suggestion is None:
        messages.info(request, "This pair is decided already, or one of them is gone.")
        return redirect("merges:list", request.tenant.slug)
    form = DecisionForm(request=request)
    if form.is_valid():
        accept = form.cleaned_data["decision"] == "accept"
        action = "merge.accepted" if accept else "merge.refused"
        one, other = suggestion.profiles
        with log_change(
            request.actor, action, "profile", one, reason=form.reason, about=[other]
        ):
            request.store.decide_suggestion(suggestion.id, accept=accept)
        said = "The two are one profile now." if accept else "The two stay apart."
        messages.success(request, said)
        return redirect("merges:list", request.tenant.slug)
    sides, compared = compare_profiles(
        request.store, request.actor, suggestion.profiles
    )
    context = {"sides": sides, "compared": compared}
    return _show(request, "merges/decide.html", form, suggestion, context)


@allow(Permission.JUDGE_MERGES, FORM, logs="merges.listed merge.undone")
def take_back(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """A merge, by the id that went; after it was taken back, what is left to sort, for
    whoever did it and until they take back another or sign out."""
    merge = _find(all_pages(request.store.list_merges), profile_id)
    if merge is None:
        if parted := request.session.get("parted", {}).get(profile_id):
            log_view(request.actor, "merges.listed", count=1)
            context = {"parted": msgspec.convert(parted, Unmerged)}
            return render(request, "merges/taken_back.html", context)
        messages.info(request, "This merge is taken back already, or 30 days old.")
        return redirect("merges:list", request.tenant.slug)
    form = TakeBackForm(request=request)
    if form.is_valid():
        with log_change(
            request.actor,
            "merge.undone",
            "profile",
            merge.id,
            reason=form.reason,
            about=[merge.canonical_id],
        ) as closing:
            parted = request.store.unmerge_profile(merge.id)
            closing["learned"] = len(parted.learned)
        request.session["parted"] = {merge.id: msgspec.to_builtins(parted)}
        return redirect("merges:take_back", request.tenant.slug, merge.id)
    candidates = fetch_candidates(request.store, request.tenant, [merge.canonical_id])
    evidence = {"candidates": candidates, "differs": COLUMNS[1:]}
    return _show(request, "merges/take_back.html", form, merge, evidence)


def _find(rows: Iterable[Any], id_: str) -> Any:
    """None: decided already, taken back, or too old. Raises Http404 where a memory has
    none."""
    try:
        return next((row for row in rows if row.id == id_), None)
    except MemoryNotFound as exc:
        raise Http404 from exc


def _show(
    request: ConsoleRequest,
    page: str,
    form: ReasonForm,
    row: Merge | MergeSuggestion,
    context: dict[str, Any],
) -> HttpResponse:
    log_view(request.actor, "merges.listed", count=1)
    [(_, shown)] = _mask_values(request, [row])
    return render_form(
        request, page, {"row": row, "shown": shown, "form": form, **context}
    )
