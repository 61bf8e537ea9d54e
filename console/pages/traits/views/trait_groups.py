"""What may be known of a store's customers, and of how many it is known."""

import re

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.pages.traits.forms import GroupForm
from console.pages.traits.selectors import (
    SAMPLE,
    Sample,
    covered,
    forget_sample,
    kept_sample,
    next_step,
)
from console.profiles.schema import fetch_schema, fetch_trait_groups
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.forms import check_form
from console.web.render import render_part
from console.web.request import ConsoleRequest


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def list_page(request: ConsoleRequest) -> HttpResponse:
    """The store's trait groups."""
    groups = fetch_trait_groups(open_store(request.tenant))
    log_view(request.actor, "schema.listed", count=len(groups))
    pinned = request.tenant.pinned_groups
    context = {"groups": groups, "pinned": pinned}
    return render(request, "traits/trait_groups.html", context)


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def group_page(request: ConsoleRequest, group: str) -> HttpResponse:
    """One group's schema; each part for htmx goes on counting who has what."""
    form = GroupForm(request.GET)
    query = check_form(form)
    schema = fetch_schema(open_store(request.tenant), group)
    sample = _sample(request, step=query["step"], again=query["again"])
    log_view(
        request.actor,
        "schema.listed",
        object_type="trait_group",
        object_id=re.sub(r"[^A-Za-z0-9_.-]", "_", schema.group.display_name),
        profiles=sample.size if sample else 0,
    )
    rows = schema.filter_rows(query["words"]) if schema.has_filter else schema.rows
    known = {row.name for row in schema.rows}
    return render_part(
        request,
        page="traits/trait_group.html",
        part="traits/_fill_rate.html",
        context={
            "form": form,
            "schema": schema,
            "group": schema.group,
            "rows": covered(rows, sample),
            "sample": sample,
            "sample_max": SAMPLE,
            "strangers": sample.strangers(group, known) if sample else [],
        },
    )


def _sample(request: ConsoleRequest, *, step: bool, again: bool) -> Sample | None:
    if again:
        forget_sample(request.tenant)
    if step or again:
        return next_step(open_store(request.tenant), request.tenant)
    return kept_sample(request.tenant)
