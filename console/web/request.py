"""The request as our views meet it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from console.accounts.models import User
from console.tenants.models import Role, Tenant


class ConsoleRequest(HttpRequest):
    """After the middleware: a signed-in person and, under /t/, their tenant.

    tenant, role  set by TenantScope, for addresses that name a tenant
    request_id    stands on every answer, problem page and log line
    """

    user: User
    tenant: Tenant
    role: Role
    htmx: HtmxDetails
    request_id: str
