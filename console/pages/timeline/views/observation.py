"""One observation."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console.masking.masker import veil_of
from console.pages.timeline.forms import PageForm
from console.pages.timeline.selectors.history import STATES_A_PAGE, history_of
from console.profiles.context import rights, whose
from console.tenants.memory import store_of
from console.tenants.permissions import Act
from console.web.access import requires
from console.web.forms import check_form
from console.web.noting import note
from console.web.render import render_part
from console.web.request import ConsoleRequest


@require_safe
@requires(Act.VIEW_PROFILES)
def observation(
    request: ConsoleRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    """One observation with every state it had; htmx gets the states alone."""
    store = store_of(request.tenant)
    query = check_form(PageForm(request.GET))
    found = store.fetch_observation(profile_id, observation_id)
    revisions = store.list_revisions(
        profile_id, observation_id, page_token=query["page"], page_size=STATES_A_PAGE
    )
    veil = veil_of(request, profile_id)
    note(request, "observation.viewed", of="observation", id_=observation_id)
    context: dict[str, Any] = {
        **whose(request, store, profile_id),
        "observation": found,
        "shown": veil.text("observation", found.id, found.content),
        "revisions": revisions,
        "states": history_of(revisions, veil, request.tenant),
        **rights(request),
    }
    return render_part(
        request,
        page="timeline/observation.html",
        part="timeline/_revisions.html",
        context=context,
    )
