"""The customers of a tenant: their list, the card of one, and its identifiers."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.masking.masker import get_reveal_target, masker_for
from console.pages.customers.models import update_last_seen
from console.pages.customers.selectors import (
    READ_MAX,
    RecentObservation,
    build_card,
    build_recent_observations,
    fetch_profile_rows,
)
from console.profiles.context import (
    build_profile_context,
    get_pending_since,
    get_permissions,
)
from console.tenants.actor import Permission, may
from console.tenants.vault import open_store
from console.web.forms import PageForm, check_form
from console.web.render import (
    ConsoleRequest,
    render_part,
    require_permission,
    wants_part,
)

PROFILES_A_PAGE = 25


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def list_profiles(request: ConsoleRequest) -> HttpResponse:
    """The store's profiles, newest first."""
    query = check_form(PageForm(request.GET))
    store = open_store(request.tenant)
    page = store.list_profiles(page_token=query["page"], page_size=PROFILES_A_PAGE)
    people = fetch_profile_rows(store, page.items, masker_for(request.actor))
    log_view(request.actor, "profile.listed", count=len(people))
    return render_part(
        request,
        "customers/list.html",
        "customers/_profiles.html",
        {
            "people": people,
            "page": page,
            "may_update_display_settings": may(
                request.role, Permission.UPDATE_DISPLAY_SETTINGS
            ),
        },
    )


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def profile(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The card: who this is, what is known, what happened, what is new."""
    store = open_store(request.tenant)
    found = store.fetch_profile(profile_id, merged_ids=True)
    card = build_card(
        store,
        found,
        masker=masker_for(request.actor, found.id),
        pins=request.tenant.pinned_groups,
        since=update_last_seen(request.user, request.tenant, found.id),
        now=timezone.now(),
    )
    log_view(
        request.actor,
        "profile.viewed",
        "profile",
        found.id,
        observations=len(card.newest),
        summaries=len(card.summaries),
    )
    context = {
        "card": card,
        "asked_id": profile_id,
        **_build_context(request, found.id, card.newest),
    }
    return render(request, "customers/profile.html", context)


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def recent_observations(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The newest observations again, while the memory is catching up."""
    if not wants_part(request):
        return redirect("customers:profile", request.tenant.slug, profile_id)
    store = open_store(request.tenant)
    page = store.list_observations(profile_id, page_size=READ_MAX)
    found = build_recent_observations(
        store,
        profile_id,
        page.items,
        masker=masker_for(request.actor, profile_id),
        now=timezone.now(),
    )
    log_view(
        request.actor, "observations.listed", "profile", profile_id, count=len(found)
    )
    context = _build_context(request, profile_id, found)
    return render(request, "customers/_recent_observations.html", context)


def _build_context(
    request: ConsoleRequest, profile_id: str, found: list[RecentObservation]
) -> dict[str, Any]:
    """What _recent_observations.html reads. again_s: when to ask again; 0 when nothing is late."""
    listed = [row.observation for row in found]
    accepted_at = get_pending_since(request, profile_id, listed)
    late = [row.observation.updated_at for row in found if row.is_pending]
    since = accepted_at or max(late, default=None)
    return {
        "profile_id": profile_id,
        "newest": found,
        "waiting_since": accepted_at,
        "again_s": get_pause_s(timezone.now() - since) if since else 0,
        **get_permissions(request),
    }


def get_pause_s(age: timedelta) -> int:
    """Seconds until the next look at something late: a quarter of its age, 2 to 30."""
    return min(30, max(2, round(age.total_seconds() / 4)))


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def identifiers(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The identifiers that this customer is found by."""
    store = open_store(request.tenant)
    found = store.list_identifiers(profile_id)
    count = sum(len(held.values) for held in found)
    log_view(request.actor, "identifiers.listed", "profile", profile_id, count=count)
    masker = masker_for(request.actor, profile_id)
    shown = [
        (held.id_type, masker.mask_identifier(held.id_type, held.values))
        for held in found
    ]
    context = {
        **build_profile_context(request, store, profile_id),
        "identifiers": [
            (kind, values, get_reveal_target(values)) for kind, values in shown
        ],
    }
    return render(request, "customers/identifiers.html", context)
