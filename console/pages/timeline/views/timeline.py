"""Observations and summaries by day, and how many there were when."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django_htmx.http import push_url

from console.audit.log import log_view
from console.masking.masker import Masker, masker_for
from console.pages.timeline.forms import TimelineForm
from console.pages.timeline.histogram import build_histogram
from console.pages.timeline.index import read_index, read_indexed_step
from console.pages.timeline.reader import (
    Cursor,
    TimelineFilters,
    TimelineReader,
    TimelineStep,
    read_step,
)
from console.profiles.context import (
    build_profile_context,
    build_tab_context,
    lists_by_occurrence,
)
from console.tenants.actor import Permission
from console.web.access import FORM, allow
from console.web.budget import start_budget
from console.web.forms import check_form
from console.web.render import ConsoleRequest, render_part, wants_part
from console.web.session import TypedForgotten, drop_typed, move_typed

# Items of each list that one call asks for: up to twice as many rows at a time.
ITEMS_A_CALL = 20
# With fewer rows a step reads on; so it never has more than WANTED and those of 2 calls.
WANTED = 10
STEP_S = 0.15
COUNTING_S = 0.12
# What asks for the same rows when the name above them is revealed or masked.
AGAIN = "timeline-again"


@allow(Permission.VIEW_PROFILES, FORM, logs="observations.listed")
def timeline(request: ConsoleRequest, profile_id: str, kind: str = "") -> HttpResponse:
    """One step of the timeline; `page` alone asks for the rows that follow.

    The form posts its filters and is answered by a redirect to their address.
    """
    if moved := move_typed(request, TimelineForm, "words"):
        return moved
    try:
        form = TimelineForm.from_address(request)
    except TypedForgotten as forgotten:
        if wants_part(request):
            raise
        messages.warning(request, forgotten.message)
        return redirect(drop_typed(request))
    query = check_form(form)
    filters = TimelineFilters.from_form(query | ({"kind": kind} if kind else {}))
    # Before what tells of this memory what it can do.
    by_occurrence = lists_by_occurrence(request, profile_id)
    masker = masker_for(request.actor, profile_id)
    is_part = wants_part(request)
    context = build_tab_context(request, profile_id, masker, is_part=is_part)
    step = _read_step(
        request,
        profile_id,
        masker.with_names,
        query,
        filters,
        by_occurrence=by_occurrence,
    )
    is_more = query["page"] != Cursor() or "found" in request.GET
    response = render_part(
        request,
        "timeline/timeline.html",
        "timeline/_items.html" if is_more else "timeline/_timeline.html",
        {
            **context,
            "form": form,
            "filters": filters,
            "after": query["after"],
            "is_more": is_more,
            "has_rows": step.row_count or (is_more and "found" not in request.GET),
            # Not while a search goes on by itself: somebody may be typing.
            "takes_focus": is_more and "found" not in request.GET,
            "step": step,
            "next": _build_next_queries(step, filters, query["after"]),
        },
    )
    if is_part and not is_more and request.htmx.trigger != AGAIN:
        # A form sends its empty fields too; a link names what is set.
        push_url(response, f"{request.path}{filters.query}")
    return response


def _read_step(
    request: ConsoleRequest,
    profile_id: str,
    masker: Masker,
    query: dict[str, Any],
    filters: TimelineFilters,
    *,
    by_occurrence: bool,
) -> TimelineStep:
    cursor, budget = query["page"], start_budget(STEP_S)
    if by_occurrence:
        step = read_step(
            TimelineReader(
                request.store, profile_id, cursor, filters, page_size=ITEMS_A_CALL
            ),
            masker,
            filters,
            wanted=WANTED,
            rows_before=query["found"],
            budget=budget,
        )
    else:
        step = read_indexed_step(
            request,
            profile_id,
            masker,
            filters,
            cursor,
            wanted=ITEMS_A_CALL,
            budget=budget,
        )
    log_view(
        request.actor,
        "observations.listed",
        "profile",
        profile_id,
        count=len(step.rows),
    )
    return step


def _build_next_queries(
    step: TimelineStep, filters: TimelineFilters, after: date | None
) -> dict[str, str]:
    """Query strings of what follows: as a page of its own, or as rows below these."""
    page = f"{filters.query}&{urlencode({'page': step.next_page})}"
    last_on = step.days[-1].on if step.days else after
    return {"page": page, "rows": f"{page}&after={last_on}" if last_on else page}


@allow(Permission.VIEW_PROFILES, logs="timeline.counted")
def histogram(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Activity over time, and the numbers at the filters, as far as counted."""
    if moved := move_typed(request, TimelineForm, "words"):
        return moved
    form = TimelineForm.from_address(request)
    filters = TimelineFilters.from_form(check_form(form))
    masker = masker_for(request.actor, profile_id).with_names
    index, read = read_index(
        request, profile_id, masker, filters, budget=start_budget(COUNTING_S)
    )
    log_view(
        request.actor,
        "timeline.counted",
        "profile",
        profile_id,
        count=index.read_count,
    )
    days = index.list_days(filters)
    # While it counts, only what grows: a step has little time.
    is_done = index.is_done
    return render_part(
        request,
        "timeline/histogram.html",
        "timeline/_histogram_panel.html",
        {
            **build_profile_context(request, profile_id),
            "filters": filters,
            "index": index,
            "histogram": build_histogram(days, filters),
            "observations": sum(kind == "observation" for _, kind in days),
            "summaries": sum(kind == "summary" for _, kind in days),
            "sources": index.list_sources(filters) if is_done else [],
            "conversations": (
                index.list_conversations(filters, masker, read) if is_done else []
            ),
        },
    )
