"""The request as our views meet it, and its answer: a whole page to a browser, its <main>
to a boosted link, a part to htmx."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from console.accounts.models import User
from console.client.store import StoreClient
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant

_TENANT = re.compile(r"/t/([^/]+)/")


class ConsoleRequest(HttpRequest):
    """After the middleware: a signed-in person and, under /t/, their tenant.

    actor         who asks, where, and as what; set by TenantScope
    tenant, role  the actor's, for addresses that name a tenant
    store         the tenant's, opened when it is first asked for something
    """

    user: User
    actor: Actor
    tenant: Tenant
    role: Role
    store: StoreClient
    htmx: HtmxDetails
    second_factor_required: bool
    must_set_up: bool


def wants_part(request: HttpRequest) -> bool:
    """True when htmx will put the answer into a page that is already open."""
    return keeps_page(request) and not is_boosted(request)


def is_boosted(request: HttpRequest) -> bool:
    """True for a link or form of a page that takes another page's <main> instead."""
    htmx = _htmx(request)
    return htmx is not None and htmx.boosted and keeps_page(request)


def keeps_page(request: HttpRequest) -> bool:
    """True when a page stays open whatever the answer is, with all that was typed."""
    htmx = _htmx(request)
    return htmx is not None and bool(htmx) and not htmx.history_restore_request


def _htmx(request: HttpRequest) -> HtmxDetails | None:
    """None for a request that was refused before htmx's middleware ran."""
    return getattr(request, "htmx", None)


def get_tenant_slug(path: str) -> str:
    """The tenant that an address of ours names; "" when it names none."""
    match = _TENANT.match(path.removeprefix(settings.URL_PREFIX))
    return match[1] if match else ""


def render_part(
    request: HttpRequest,
    page: str,
    part: str,
    context: dict[str, Any],
    *,
    status: int = 0,
) -> HttpResponse:
    """`part` for htmx; `page` for browsers, boosted links and history restores. Without a
    `status`: 422 when the context has a `form` with errors."""
    template = part if wants_part(request) else page
    response = render_form(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def render_form(
    request: HttpRequest, page: str, context: dict[str, Any], *, status: int = 0
) -> HttpResponse:
    """A page; without a `status`: 422 when its `form` has errors."""
    form = context.get("form")
    status = status or (422 if form and form.errors else 200)
    return render(request, page, context, status=status)


def redirect_window(request: HttpRequest, url_name: str, *args: Any) -> HttpResponse:
    """After a form was accepted: the whole window goes to another page."""
    if wants_part(request):
        return HttpResponseClientRedirect(reverse(url_name, args=args))
    return redirect(url_name, *args)
