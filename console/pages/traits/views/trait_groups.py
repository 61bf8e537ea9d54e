"""A store's trait groups, and on how many profiles each trait is set."""

import re

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.pages.traits.forms import GroupForm
from console.pages.traits.selectors import (
    SAMPLE_SIZE,
    ProfileSample,
    add_fill_rates,
    count_step,
    forget_sample,
    get_sample,
)
from console.profiles.schema import fetch_schema, fetch_trait_groups
from console.tenants.actor import Permission
from console.tenants.memory import open_store
from console.web.access import require_permission
from console.web.forms import check_form
from console.web.render import ConsoleRequest, render_part


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def groups_page(request: ConsoleRequest) -> HttpResponse:
    """The store's trait groups."""
    groups = fetch_trait_groups(open_store(request.tenant))
    log_view(request.actor, "schema.listed", count=len(groups))
    pinned = request.tenant.pinned_groups
    context = {"groups": groups, "pinned": pinned}
    return render(request, "traits/trait_groups.html", context)


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def group_page(request: ConsoleRequest, group: str) -> HttpResponse:
    """One group's schema, with the fill rate of each trait: `step` goes on counting."""
    form = GroupForm(request.GET)
    query = check_form(form)
    store = open_store(request.tenant)
    schema = fetch_schema(store, group)
    if query["again"]:
        forget_sample(request.tenant)
    if query["step"] or query["again"]:
        sample: ProfileSample | None = count_step(store, request.tenant)
    else:
        sample = get_sample(request.tenant)
    log_view(
        request.actor,
        "schema.listed",
        object_type="trait_group",
        object_id=re.sub(r"[^A-Za-z0-9_.-]", "_", schema.group.display_name),
        profiles=sample.size if sample else 0,
    )
    rows = schema.filter_rows(query["words"]) if schema.has_filter else schema.rows
    declared = {row.name for row in schema.rows}
    return render_part(
        request,
        page="traits/trait_group.html",
        part="traits/_fill_rate.html",
        context={
            "form": form,
            "schema": schema,
            "group": schema.group,
            "rows": add_fill_rates(rows, sample),
            "sample": sample,
            "sample_size": SAMPLE_SIZE,
            "undeclared_traits": (
                sample.count_undeclared(group, declared) if sample else []
            ),
        },
    )
