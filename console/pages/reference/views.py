"""The reference of the Memory API, with the ids of the reader's own store in it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from console.pages.reference.examples import LANGUAGES, set_up
from console.pages.reference.selectors import get_reference, get_site, open_memory
from console.tenants.models import Tenant
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.request import ConsoleRequest


@require_safe
def start(request: ConsoleRequest) -> HttpResponse:
    """To the person's one tenant; for others the store's id is left to them."""
    tenants = Tenant.objects.visible_to(request.user)[:2]
    if len(tenants) == 1:
        return redirect("reference:of_tenant", tenants[0].slug)
    return _show(request, None)


@require_safe
@require_permission(Permission.OPEN_TENANT)
def of_tenant(request: ConsoleRequest) -> HttpResponse:
    """What the tenant's memory describes, with their store's id in the examples."""
    return _show(request, request.tenant)


def _show(request: ConsoleRequest, tenant: Tenant | None) -> HttpResponse:
    here = request.build_absolute_uri(reverse("home")).rstrip("/")
    site = get_site(tenant, here=here)
    return render(
        request,
        "reference/api.html",
        {
            "site": site,
            "is_here": site.base == here,
            "reference": get_reference(open_memory(tenant), site),
            "languages": LANGUAGES,
            "installs": set_up(site),
        },
    )
