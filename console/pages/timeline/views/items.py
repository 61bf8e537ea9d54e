"""Observations and summaries: one of them, all summaries, adding and correcting."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from console.audit.log import log_view
from console.masking.masker import masker_for
from console.pages.timeline.forms import (
    AddObservationForm,
    CorrectTextForm,
    ItemListForm,
)
from console.pages.timeline.selectors.reader import TimelineItem
from console.pages.timeline.selectors.revisions import REVISIONS_A_PAGE, build_revisions
from console.pages.timeline.services import add_observation, correct_item, get_version
from console.profiles.context import build_profile_context, get_permissions
from console.profiles.items import (
    OBSERVATION,
    SUMMARY,
    TextKind,
    build_summary_rows,
    group_by_day,
)
from console.tenants.actor import Permission
from console.tenants.vault import open_store
from console.web.forms import PageForm, check_form
from console.web.render import ConsoleRequest, render_part, require_permission


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def observation(
    request: ConsoleRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    """One observation with its revisions; htmx gets the revisions alone."""
    store = open_store(request.tenant)
    query = check_form(PageForm(request.GET))
    found = store.fetch_observation(profile_id, observation_id)
    revision_page = store.list_revisions(
        profile_id, observation_id, page_token=query["page"], page_size=REVISIONS_A_PAGE
    )
    masker = masker_for(request.actor, profile_id)
    log_view(request.actor, "observation.viewed", "observation", observation_id)
    context: dict[str, Any] = {
        **build_profile_context(request, store, profile_id),
        "observation": found,
        "shown": masker.mask_text("observation", found.id, found.content),
        "source": masker.mask_source(found.source),
        "revision_page": revision_page,
        "revisions": build_revisions(revision_page, masker, request.tenant),
        **get_permissions(request),
    }
    return render_part(
        request, "timeline/observation.html", "timeline/_revisions.html", context
    )


SUMMARIES_A_PAGE = 25


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def summaries(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Every summary of a customer in full, newest first."""
    query = check_form(ItemListForm(request.GET))
    store = open_store(request.tenant)
    page = store.list_summaries(
        profile_id,
        page_token=query["page"],
        page_size=SUMMARIES_A_PAGE,
        conversation_id=query["conversation"],
    )
    rows = build_summary_rows(page.items, masker_for(request.actor, profile_id))
    log_view(request.actor, "summaries.listed", "profile", profile_id, count=len(rows))
    return render_part(
        request,
        "timeline/summaries.html",
        "timeline/_summaries.html",
        {
            **build_profile_context(request, store, profile_id),
            "page": page,
            "days": group_by_day(rows),
            "filters": query,
            "export_query": f"?kind=summary&conversation={query['conversation']}",
            **get_permissions(request),
        },
    )


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def summary(request: ConsoleRequest, profile_id: str, summary_id: str) -> HttpResponse:
    """One summary in full."""
    store = open_store(request.tenant)
    found = store.fetch_summary(profile_id, summary_id)
    log_view(request.actor, "summary.viewed", "summary", summary_id)
    masker = masker_for(request.actor, profile_id)
    context = {
        **build_profile_context(request, store, profile_id),
        "summary": found,
        "shown": masker.mask_text("summary", found.id, found.content),
        "source": masker.mask_source(found.source),
        **get_permissions(request),
    }
    return render(request, "timeline/summary.html", context)


CHANGED = (
    "Somebody changed the text while you were writing. Nothing was saved. The current "
    "text is shown above, yours is kept below: submit again to replace the current text."
)
UNCHANGED = "This is the current text already."


@require_http_methods(["GET", "HEAD", "POST"])
@require_permission(Permission.CORRECT)
def observation_add(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """A fact that a person learned."""
    store = open_store(request.tenant)
    form = AddObservationForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        observation = form.build_observation()
        add_observation(
            request, store, profile_id, observation=observation, reason=form.reason
        )
        return redirect("customers:profile", request.tenant.slug, profile_id)
    context = {**build_profile_context(request, store, profile_id), "form": form}
    status = 422 if form.errors else 200
    return render(request, "timeline/observation_add.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@require_permission(Permission.CORRECT)
def observation_correct(
    request: ConsoleRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    return _correct(request, OBSERVATION, profile_id, observation_id)


@require_http_methods(["GET", "HEAD", "POST"])
@require_permission(Permission.CORRECT)
def summary_correct(
    request: ConsoleRequest, profile_id: str, summary_id: str
) -> HttpResponse:
    return _correct(request, SUMMARY, profile_id, summary_id)


def _correct(
    request: ConsoleRequest, kind: TextKind, profile_id: str, id_: str
) -> HttpResponse:
    store = open_store(request.tenant)
    item = kind.fetch(store, profile_id, id_)
    seen = {"content": item.content, "seen": get_version(item)}
    form = CorrectTextForm(request.POST or None, request=request, initial=seen)
    shown = masker_for(request.actor, profile_id).mask_text(
        kind.name, item.id, item.content
    )
    is_post = request.method == "POST"
    if is_post and _may_write(form, item, is_clear=not shown.is_masked):
        is_visible = correct_item(
            request,
            store,
            profile_id,
            kind,
            item,
            content=form.cleaned_data["content"],
            reason=form.reason,
        )
        if is_visible:
            messages.success(request, f"Corrected. {kind.history_note}")
        else:
            messages.success(request, "Corrected. The memory does not show it yet.")
        return redirect(kind.page, request.tenant.slug, profile_id, id_)
    log_view(request.actor, f"{kind.name}.viewed", kind.name, item.id)
    context = {
        **build_profile_context(request, store, profile_id),
        "kind": kind,
        "item": item,
        "shown": shown,
        "form": form,
    }
    status = 422 if form.errors else 200
    if CHANGED in form.non_field_errors():
        status = 409
    return render(request, "timeline/correct.html", context, status=status)


def _may_write(form: CorrectTextForm, item: TimelineItem, *, is_clear: bool) -> bool:
    """Whether the form has another text, written on top of the current one.

    That a text is the current one is not told while it is masked.
    """
    if not form.is_valid():
        return False
    if form.cleaned_data["seen"] != get_version(item):
        form.add_error(None, CHANGED)
        form.put(seen=get_version(item))
    elif is_clear and form.cleaned_data["content"] == item.content:
        form.add_error("content", UNCHANGED)
    return form.is_valid()
