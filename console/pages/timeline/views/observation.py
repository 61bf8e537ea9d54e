"""One observation."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.masking.masker import masker_for
from console.pages.timeline.selectors.revisions import REVISIONS_A_PAGE, build_revisions
from console.profiles.context import build_profile_context, get_permissions
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.forms import PageForm, check_form
from console.web.render import render_part
from console.web.request import ConsoleRequest


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
    log_view(
        request.actor,
        "observation.viewed",
        object_type="observation",
        object_id=observation_id,
    )
    context: dict[str, Any] = {
        **build_profile_context(request, store, profile_id),
        "observation": found,
        "shown": masker.mask_text("observation", found.id, found.content),
        "revision_page": revision_page,
        "revisions": build_revisions(revision_page, masker, request.tenant),
        **get_permissions(request),
    }
    return render_part(
        request,
        page="timeline/observation.html",
        part="timeline/_revisions.html",
        context=context,
    )
