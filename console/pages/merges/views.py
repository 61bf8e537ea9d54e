"""Pairs of profiles that may be two people, and merges that were a mistake."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from console.audit.log import log_change, log_view
from console.client.errors import MemoryNotFound
from console.client.http import all_pages
from console.contract.memory.merge import Merge, MergeSuggestion
from console.masking.masker import masker_for
from console.profiles.candidates import COLUMNS, fetch_candidates
from console.tenants.actor import Permission
from console.web.forms import PageForm, ReasonForm, check_form
from console.web.render import FORM, ConsoleRequest, allow, render_form


class DecisionForm(ReasonForm):
    reasons = (
        ("customer", "The customer says so"),
        ("evidence", "What we know about them says so"),
        ("shared", "A household or a company shares the value"),
        ("wrong", "The value was written down wrongly"),
    )
    decision = forms.ChoiceField(
        label="These profiles are",
        choices=[("accept", "one person: merge them"), ("refuse", "two people")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the two."},
    )
    field_order = ("decision", "reason_code", "ticket")


class TakeBackForm(ReasonForm):
    reasons = (
        ("customer", "The customer says so"),
        ("people", "They are two people"),
        ("wrong", "The value that joined them was wrong"),
    )


@allow(Permission.JUDGE_MERGES)
def list_merges(request: ConsoleRequest) -> HttpResponse:
    """What waits for a decision and, below it, what can be taken back."""
    store, token = request.store, check_form(PageForm(request.GET))["page"]
    try:
        merges = store.list_merges(page_token=token)
        suggested = store.list_merge_suggestions()
    except MemoryNotFound:  # a hosted memory merges for good
        return render(request, "merges/list.html", {"is_hosted": True})
    count = len(suggested.items) + len(merges.items)
    log_view(request.actor, "merges.listed", count=count)
    context = {
        "suggestions": _mask_values(request, suggested.items),
        "has_more": suggested.next_token,
        "merges": _mask_values(request, merges.items),
        "page": merges,
        "is_first": not token,
    }
    return render(request, "merges/list.html", context)


def _mask_values(
    request: ConsoleRequest, rows: Iterable[Merge | MergeSuggestion]
) -> list[tuple[Any, str]]:
    """Each with what joins the two, as it is shown; "" where that is not known."""
    masker = masker_for(request.actor)
    return [
        (row, masker.mask_identifier(row.id_type, [row.value])[0].text)
        if row.value
        else (row, "")
        for row in rows
    ]


@allow(Permission.JUDGE_MERGES, FORM)
def decide(request: ConsoleRequest, suggestion_id: str) -> HttpResponse:
    """The evidence of one suggestion, and the officer's word."""
    suggestion = _find(all_pages(request.store.list_merge_suggestions), suggestion_id)
    form = DecisionForm(request=request)
    if form.is_valid():
        accept = form.cleaned_data["decision"] == "accept"
        action = "merge.accepted" if accept else "merge.refused"
        one, other = suggestion.profiles
        with log_change(
            request.actor, action, "profile", one, reason=form.reason, other=other
        ):
            request.store.decide_suggestion(suggestion.id, accept=accept)
        said = "The two are one profile now." if accept else "The two stay apart."
        messages.success(request, said)
        return redirect("merges:list", request.tenant.slug)
    return _show(request, "merges/decide.html", form, suggestion, suggestion.profiles)


@allow(Permission.JUDGE_MERGES, FORM)
def take_back(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """A merge, by the id that went; after it was taken back, what is left to sort."""
    merge = _find(all_pages(request.store.list_merges), profile_id)
    form = TakeBackForm(request=request)
    if form.is_valid():
        with log_change(
            request.actor,
            "merge.undone",
            "profile",
            merge.id,
            reason=form.reason,
            other=merge.canonical_id,
        ) as closing:
            parted = request.store.unmerge_profile(merge.id)
            closing["learned"] = len(parted.learned)
        return render(request, "merges/taken_back.html", {"parted": parted})
    return _show(request, "merges/take_back.html", form, merge, [merge.canonical_id])


def _find(rows: Iterable[Any], id_: str) -> Any:
    """Raises Http404: decided already, taken back, or too old."""
    try:
        return next(row for row in rows if row.id == id_)
    except (StopIteration, MemoryNotFound) as exc:
        raise Http404 from exc


def _show(
    request: ConsoleRequest,
    page: str,
    form: ReasonForm,
    row: Merge | MergeSuggestion,
    profiles: Iterable[str],
) -> HttpResponse:
    log_view(request.actor, "merges.listed", count=1)
    [(_, shown)] = _mask_values(request, [row])
    context = {
        "row": row,
        "shown": shown,
        "form": form,
        "candidates": fetch_candidates(request.store, request.tenant, profiles),
        # All but the tenant: they are the evidence.
        "differs": COLUMNS[1:],
    }
    return render_form(request, page, context)
