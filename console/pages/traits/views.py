"""A customer's traits and their correction; the store's trait groups and fill rates."""

import re
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from console.audit.log import log_view
from console.client.errors import MemoryProblem, MemoryRefused
from console.core.errors import DomainError
from console.masking.masker import mask_text, masker_for
from console.masking.models import TooManyQuestions
from console.pages.traits.forms import AwaitedForm, GroupForm, TraitForm, get_shown_text
from console.pages.traits.services import (
    SAMPLE_SIZE,
    ProfileSample,
    TraitChanged,
    add_fill_rates,
    check_unchanged,
    correct_trait,
    count_step,
    find_other_holders,
    forget_sample,
    get_awaited_digest,
    get_sample,
    get_version,
)
from console.profiles.context import build_tab_context
from console.profiles.identity import Match, count_lookup, log_lookup
from console.profiles.schema import fetch_schema, fetch_trait_groups
from console.profiles.traits import (
    ShownTraits,
    TraitRow,
    fetch_profile_traits,
    fetch_trait_row,
)
from console.tenants.actor import Permission
from console.web.access import FORM, allow
from console.web.forms import check_form
from console.web.render import ConsoleRequest, redirect_window, render_part, wants_part

# Looks at a written value that cannot be read yet, one a second.
LOOKS_MAX = 8


@allow(Permission.VIEW_PROFILES, logs="traits.listed")
def traits(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Every trait group; `?correct=Contact.email` opens that trait's form.

    `?all=Contact` shows the unset traits of a group with more than UNSET_MAX.
    """
    found = read_traits(request, profile_id)
    asked = request.GET.get("correct", "")
    for row in found.rows:
        if asked and row.subject == asked and row.is_correctable:
            slug = request.tenant.slug
            return redirect(
                "traits:correct", slug, found.profile_id, row.group, row.name
            )
    return render(request, "traits/traits.html", build_traits_context(request, found))


def read_traits(request: ConsoleRequest, profile_id: str) -> ShownTraits:
    """All traits as the person may see them, with an entry in the audit log."""
    masker = masker_for(request.actor, profile_id)
    found = fetch_profile_traits(request.store, profile_id, masker)
    log_view(
        request.actor,
        "traits.listed",
        "profile",
        found.profile_id,
        groups=len(found.groups),
    )
    return found


def build_traits_context(request: ConsoleRequest, found: ShownTraits) -> dict[str, Any]:
    masker = masker_for(request.actor, found.profile_id)
    return {
        **build_tab_context(request, found.profile_id, masker, held=found.held),
        "traits": found,
        "all": request.GET.get("all", ""),
    }


@allow(Permission.VIEW_PROFILES, logs="traits.listed")
def trait(
    request: ConsoleRequest, profile_id: str, group: str, trait: str
) -> HttpResponse:
    """The row again: after a form was closed, or while a written value is awaited."""
    if not wants_part(request):
        return redirect(_build_row_url(request, profile_id, f"{group}.{trait}"))
    query = check_form(AwaitedForm(request.GET))
    now_id, row = _fetch_row(request, profile_id, group, trait)
    if now_id != profile_id:
        return _redirect_to_merged(request, now_id)
    log_view(request.actor, "traits.listed", "profile", now_id, traits=1)
    waits, looks = query["waits"], query["looks"] or 0
    if waits:
        return _render_row(
            request, now_id, row, **_build_state(now_id, row, waits, looks + 1)
        )
    return _render_row(request, now_id, row, has_focus=True)


@allow(Permission.CORRECT, FORM, logs="traits.listed trait.corrected")
def correct(
    request: ConsoleRequest, profile_id: str, group: str, trait: str
) -> HttpResponse:
    """The form in the row; a POST writes it, unless somebody was quicker."""
    profile_id, row = _fetch_row(request, profile_id, group, trait)
    if not row.is_correctable:
        raise Http404
    form = TraitForm(request=request, row=row, seen=get_version(profile_id, row))
    status = 200
    if form.is_bound:
        status = _write(request, profile_id, form) if form.is_valid() else 422
        if status == 200:
            return _render_written(request, profile_id, form)
    return _render_form(request, profile_id, form, status)


def _fetch_row(
    request: ConsoleRequest, profile_id: str, group: str, trait: str
) -> tuple[str, TraitRow]:
    masker = masker_for(request.actor, profile_id)
    return fetch_trait_row(request.store, profile_id, group, trait, masker)


def _write(request: ConsoleRequest, profile_id: str, form: TraitForm) -> int:
    """200 when it is written; else the status of the refusal, which the form shows."""
    row, value = form.row, form.new_value
    try:
        check_unchanged(profile_id, row, form.cleaned_data["seen"])
        if row.id_type and value is not None:
            text = f"{row.id_type}:{value}"
            count_lookup(request.actor, text)
            store = request.store
            holders = find_other_holders(store, profile_id, row.id_type, value)
            log_lookup(request.actor, text, Match(row.id_type, tuple(holders)))
            if not form.confirms_merge(holders):
                return 422
        form.told = correct_trait(request, profile_id, row, value, reason=form.reason)
    except TooManyQuestions:
        raise
    except MemoryRefused as problem:
        field = "value" if problem.status == 422 else None
        # The memory's own words can name an identifier.
        form.add_error(field, mask_text(problem.message))
        return problem.status
    except TraitChanged as problem:
        form.add_error(None, problem.message)
        form.previous_value = form.cleaned_data["was"]
        form.put(seen=get_version(profile_id, row), was=get_shown_text(row))
        return problem.status
    except DomainError as problem:
        form.add_error(None, problem.message)
        return problem.status
    return 200


def _render_written(
    request: ConsoleRequest, profile_id: str, form: TraitForm
) -> HttpResponse:
    """The row as the memory shows it now, which may be later than it was accepted."""
    now_id, row = profile_id, form.row
    with suppress(MemoryProblem):
        now_id, row = _fetch_row(request, profile_id, row.group, row.name)
    if now_id != profile_id:
        return _redirect_to_merged(request, now_id)
    waits = get_awaited_digest(now_id, row, form.new_value)
    state = _build_state(now_id, row, waits, 1)
    if wants_part(request):
        was = form.cleaned_data["was"]
        state |= {"was": was, "told": form.told}
        return _render_row(request, now_id, row, has_focus=True, **state)
    for why in form.told:
        messages.warning(request, f"{row.subject}: {why}")
    if state["state"] == "done":
        messages.info(request, f"{row.subject} was corrected.")
    else:
        messages.info(
            request, f"{row.subject} was saved; the memory does not show it yet."
        )
    return redirect(_build_row_url(request, now_id, row.anchor))


def _build_state(
    profile_id: str, row: TraitRow, waits: str, looks: int
) -> dict[str, Any]:
    """state  done when the value can be read, late when it should be by now"""
    if constant_time_compare(get_awaited_digest(profile_id, row, row.value), waits):
        return {"state": "done"}
    query = urlencode({"waits": waits, "looks": looks})
    state = "waiting" if looks <= LOOKS_MAX else "late"
    return {"state": state, "again": f"?{query}", "afresh": f"?waits={waits}"}


def _redirect_to_merged(request: ConsoleRequest, now_id: str) -> HttpResponse:
    messages.warning(
        request,
        "The profile was merged into an older one with the same identifier, which is "
        "shown here.",
    )
    return redirect_window(request, "traits:profile", request.tenant.slug, now_id)


def _render_row(
    request: ConsoleRequest, profile_id: str, row: TraitRow, **state: Any
) -> HttpResponse:
    context = {"profile_id": profile_id, "row": row}
    # Only htmx comes here.
    return render_part(
        request, "traits/_trait.html", "traits/_trait.html", context | state
    )


def _render_form(
    request: ConsoleRequest, profile_id: str, form: TraitForm, status: int
) -> HttpResponse:
    """The row with the form in it; for a browser in the page with all the others."""
    context = {"profile_id": profile_id, "row": form.row, "form": form}
    if wants_part(request):
        log_view(request.actor, "traits.listed", "profile", profile_id, traits=1)
    else:
        context |= build_traits_context(request, read_traits(request, profile_id))
        context["all"] = form.row.group
    return render_part(
        request,
        "traits/traits.html",
        "traits/_trait_form.html",
        context | {"asked": form.row.subject},
        status=status,
    )


def _build_row_url(request: ConsoleRequest, profile_id: str, anchor: str) -> str:
    page = reverse("traits:profile", args=[request.tenant.slug, profile_id])
    return f"{page}#{anchor}"


@allow(Permission.VIEW_PROFILES, logs="schema.listed")
def groups_page(request: ConsoleRequest) -> HttpResponse:
    """The store's trait groups."""
    request.store.check_has("trait groups")
    groups = fetch_trait_groups(request.store)
    log_view(request.actor, "schema.listed", count=len(groups))
    pinned = request.tenant.pinned_groups
    context = {"groups": groups, "pinned": pinned}
    return render(request, "traits/trait_groups.html", context)


@allow(Permission.VIEW_PROFILES, logs="schema.listed")
def group_page(request: ConsoleRequest, group: str) -> HttpResponse:
    """One group's schema, with the fill rate of each trait: `step` goes on counting."""
    form = GroupForm(request.GET)
    query = check_form(form)
    schema = fetch_schema(request.store, group)
    if query["again"]:
        forget_sample(request.tenant)
    if query["step"] or query["again"]:
        sample: ProfileSample | None = count_step(request.store, request.tenant)
    else:
        sample = get_sample(request.tenant)
    log_view(
        request.actor,
        "schema.listed",
        "trait_group",
        re.sub(r"[^A-Za-z0-9_.-]", "_", schema.group.display_name),
        profiles=sample.size if sample else 0,
    )
    rows = schema.filter_rows(query["words"]) if schema.has_filter else schema.rows
    declared = {row.name for row in schema.rows}
    return render_part(
        request,
        "traits/trait_group.html",
        "traits/_fill_rate.html",
        {
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
