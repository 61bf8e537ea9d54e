"""Where a person starts."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from console.tenants.actor import Permission
from console.tenants.models import Role, Tenant
from console.web.render import ConsoleRequest, allow

# The first page of each role.
FIRST_PAGE = {
    Role.AGENT: "customers:list",
    Role.OFFICER: "customers:list",
    Role.AUDITOR: "audit:list",
    Role.OPERATOR: "audit:list",
}


@require_safe
def home(request: ConsoleRequest) -> HttpResponse:
    """Redirect to the person's one tenant, or to the list, where operators work."""
    tenants = Tenant.objects.visible_to(request.user)[:2]
    if len(tenants) == 1 and tenants[0].seen_as != Role.OPERATOR:
        return redirect("tenant_home", tenants[0].slug)
    return redirect("tenants:list")


@allow(Permission.OPEN_TENANT)
def tenant_home(request: ConsoleRequest) -> HttpResponse:
    """Redirect to the first page of the person's role."""
    return redirect(FIRST_PAGE[request.role], request.tenant.slug)
