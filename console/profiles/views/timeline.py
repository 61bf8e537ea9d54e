"""What happened, by day."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console.profiles.forms import ObservationsForm
from console.profiles.selectors.days import by_day
from console.profiles.views.context import rights, whose
from console.tenants.memory import store_of
from console.tenants.policy import Act
from console.web.access import requires
from console.web.forms import check_form
from console.web.noting import note
from console.web.render import render_part
from console.web.request import ConsoleRequest


@require_safe
@requires(Act.VIEW_PROFILES)
def observations(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The timeline, a page of the memory's list at a time."""
    query = check_form(ObservationsForm(request.GET))
    store = store_of(request.tenant)
    page = store.list_observations(
        profile_id,
        page_token=query["page"],
        source=query["source"],
        conversation_id=query["conversation"],
    )
    count = len(page.items)
    note(request, "observations.listed", of="profile", id_=profile_id, count=count)
    return render_part(
        request,
        page="profiles/observations.html",
        part="profiles/_moments.html",
        context={
            **whose(request, store, profile_id),
            "page": page,
            "days": by_day(page.items),
            "filters": query,
            **rights(request),
        },
    )
