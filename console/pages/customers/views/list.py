"""The store's profiles."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.masking.masker import masker_for
from console.pages.customers.selectors.profile_rows import fetch_profile_rows
from console.tenants.memory import open_store
from console.tenants.permissions import Permission, may
from console.web.access import require_permission
from console.web.forms import PageForm, check_form
from console.web.render import render_part
from console.web.request import ConsoleRequest

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
        page="customers/list.html",
        part="customers/_profiles.html",
        context={
            "people": people,
            "page": page,
            "may_update_display_settings": may(
                request.role, Permission.UPDATE_DISPLAY_SETTINGS
            ),
        },
    )
