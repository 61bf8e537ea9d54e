"""The store's profiles."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console.masking.masker import veil_of
from console.pages.customers.selectors.people import people_of
from console.pages.timeline.forms import PageForm
from console.tenants.memory import store_of
from console.tenants.permissions import Act, may
from console.web.access import requires
from console.web.forms import check_form
from console.web.noting import note
from console.web.render import render_part
from console.web.request import ConsoleRequest

PROFILES_A_PAGE = 25


@require_safe
@requires(Act.VIEW_PROFILES)
def list_page(request: ConsoleRequest) -> HttpResponse:
    """The store's profiles, newest first."""
    query = check_form(PageForm(request.GET))
    store = store_of(request.tenant)
    page = store.list_profiles(page_token=query["page"], page_size=PROFILES_A_PAGE)
    people = people_of(store, page.items, veil_of(request))
    note(request, "profile.listed", count=len(people))
    return render_part(
        request,
        page="customers/list.html",
        part="customers/_profiles.html",
        context={
            "people": people,
            "page": page,
            "may_arrange": may(request.role, Act.ARRANGE),
        },
    )
