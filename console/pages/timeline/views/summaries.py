"""Summaries of conversations."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.masking.masker import masker_for
from console.pages.timeline.forms import ItemListForm
from console.profiles.context import build_profile_context, get_permissions
from console.profiles.rows import build_summary_rows, group_by_day
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.forms import check_form
from console.web.render import render_part
from console.web.request import ConsoleRequest

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
    log_view(
        request.actor,
        "summaries.listed",
        object_type="profile",
        object_id=profile_id,
        count=len(rows),
    )
    return render_part(
        request,
        page="timeline/summaries.html",
        part="timeline/_summaries.html",
        context={
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
    log_view(
        request.actor, "summary.viewed", object_type="summary", object_id=summary_id
    )
    context = {
        **build_profile_context(request, store, profile_id),
        "summary": found,
        "shown": masker_for(request.actor, profile_id).mask_text(
            "summary", found.id, found.content
        ),
        **get_permissions(request),
    }
    return render(request, "timeline/summary.html", context)
