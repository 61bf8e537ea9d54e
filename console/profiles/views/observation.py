"""One observation."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.profiles.forms import PageForm
from console.profiles.views.context import rights, whose
from console.tenants.memory import store_of
from console.tenants.policy import Act
from console.web.access import requires
from console.web.forms import check_form
from console.web.noting import note
from console.web.request import ConsoleRequest


@require_safe
@requires(Act.VIEW_PROFILES)
def observation(
    request: ConsoleRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    """One observation with every state it had."""
    store = store_of(request.tenant)
    query = check_form(PageForm(request.GET))
    found = store.fetch_observation(profile_id, observation_id)
    revisions = store.list_revisions(
        profile_id, observation_id, page_token=query["page"]
    )
    note(request, "observation.viewed", of="observation", id_=observation_id)
    context = {
        **whose(request, store, profile_id),
        "observation": found,
        "revisions": revisions,
        **rights(request),
    }
    return render(request, "profiles/observation.html", context)
