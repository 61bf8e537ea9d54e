"""What the palette offers before anything is typed; it filters in the browser."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.client.guard import within
from console.core.errors import DomainError
from console.tenants.actor import Permission, may
from console.tenants.memory import open_store
from console.tenants.models import Tenant
from console.web.access import require_permission
from console.web.render import ConsoleRequest

TYPES_S = 2.0
# Pages of the customer who is on screen. The browser puts the id in.
PROFILE_PAGES = (
    ("Card", "customers:profile"),
    ("Timeline", "timeline:timeline"),
    ("Summaries", "timeline:summaries"),
    ("Traits", "traits:profile"),
    ("Identifiers", "customers:identifiers"),
)


@require_safe
@require_permission(Permission.OPEN_TENANT)
def palette(request: ConsoleRequest) -> HttpResponse:
    """The store's identifier types, the customer's pages, the tenant's and all tenants."""
    may_find = may(request.role, Permission.VIEW_PROFILES)
    context = {
        "types": list_id_types(request.tenant) if may_find else [],
        "profile_pages": PROFILE_PAGES if may_find else (),
    }
    return render(request, "find/_palette_options.html", context)


@require_safe
def palette_across_tenants(request: ConsoleRequest) -> HttpResponse:
    """Outside a tenant: no store, so no types."""
    return render(request, "find/_palette_options.html")


def list_id_types(tenant: Tenant) -> list[str]:
    """The identifier types of the tenant's store; none while its memory is away."""
    try:
        with within(TYPES_S):
            configs = open_store(tenant).identity_settings().identifier_configs
    except DomainError:
        return []
    return sorted(config.id_type for config in configs)
