"""The request as our views meet it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from console.accounts.models import User
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from console.web.session_store import SessionStore


class ConsoleRequest(HttpRequest):
    """After the middleware: a signed-in person and, under /t/, their tenant.

    actor         who asks, where, and as what; set by TenantScope
    tenant, role  the actor's, for addresses that name a tenant
    """

    user: User
    session: SessionStore
    actor: Actor
    tenant: Tenant
    role: Role
    htmx: HtmxDetails
    second_factor_required: bool
    must_set_up: bool
