"""The request as our views meet it, the permission that each view names, and its answer:
a whole page to a browser, its <main> to a boosted link, a part to htmx.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial, wraps
from typing import Any

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from console.accounts.models import User
from console.audit.log import AuditUnavailable, log_view
from console.audit.models import read_actions
from console.client.store import StoreClient
from console.core.errors import DomainError
from console.tenants.actor import Actor, Permission, may, who_may
from console.tenants.models import Role, Tenant
from console.tenants.vault import open_store

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


View = Callable[..., HttpResponseBase]


class AccessDenied(DomainError, status=403, title="Not allowed for your role"):
    """The person's role does not hold the right."""


READ, FORM, POST = ("GET", "HEAD"), ("GET", "HEAD", "POST"), ("POST",)


def allow(
    permission: Permission,
    methods: Sequence[str] = READ,
    *,
    logs: str = "",
    part_of: str = "",
) -> Callable[[View], View]:
    """Answer these methods alone, and only roles that hold `permission`; others are told
    who may.

    Under a tenant's address the role there counts, elsewhere the role a person holds over
    the whole installation. `logs` names the actions that the view writes to the audit
    log, and it can write no other; or it is "none: " and why. `part_of` names the page
    of the tenant, or of the profile, where a browser is sent: here htmx alone gets an
    answer. Tests read all three of the view. Raises AccessDenied.
    """
    actions = read_actions(logs) if logs else None

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(
            request: ConsoleRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            check_may(request, permission)
            request.actor.actions = actions
            if part_of and not wants_part(request):
                of = request.actor.tenant, kwargs.get("profile_id")
                return redirect(part_of, *filter(None, [of[0] and of[0].slug, of[1]]))
            return view(request, *args, **kwargs)

        answered: View = require_http_methods(methods)(guarded)
        answered.permission = permission  # type: ignore[attr-defined]
        answered.logs = logs  # type: ignore[attr-defined]
        answered.part_of = part_of  # type: ignore[attr-defined]
        return answered

    return decorate


class IdentityUnproven(DomainError, status=403, title="Confirm who you are"):
    """A form was sent from a page that is older than the proof of who sends it."""


def ask_who_it_is(request: ConsoleRequest, back: str = "") -> HttpResponse | None:
    """Before what cannot be undone: to password or second factor, and from there to the
    page of it; None where that was proven within ten minutes. Raises IdentityUnproven
    where a page stays open with what was typed."""
    if not is_reauthentication_required(request, app=""):
        return None
    if request.method == "POST" and keeps_page(request):
        raise IdentityUnproven(
            "You last proved it more than ten minutes ago. Nothing was changed, and what "
            "you typed is still here. Confirm it in a new tab, come back to this one and "
            "send it once more."
        )
    asked = urlencode({REDIRECT_FIELD_NAME: back or request.path})
    return redirect(f"{reverse('account_reauthenticate')}?{asked}")


def enter_tenant(request: ConsoleRequest, slug: str) -> None:
    """Tenant, role, actor and store of the request. Somebody else's tenant answers
    exactly as one that does not exist. Raises Http404."""
    tenant = Tenant.objects.visible_to(request.user).filter(slug=slug).first()
    if tenant is None:
        _log_strange_tenant(request, slug)
        raise Http404
    request.tenant, request.role = tenant, Role(tenant.seen_as)
    request.actor = Actor(request.user, tenant, request.role)
    request.store = SimpleLazyObject(partial(open_store, tenant))  # type: ignore[assignment]


def _log_strange_tenant(request: ConsoleRequest, slug: str) -> None:
    """Also of a name that nobody has: the answer takes the same time. It stays a 404
    when the log cannot be written."""
    tenant = Tenant.objects.filter(slug=slug).first()
    with suppress(AuditUnavailable):
        log_view(
            Actor(request.user),
            "access.denied",
            "tenant",
            str(tenant.pk) if tenant else "",
            outcome="denied",
            act=Permission.OPEN_TENANT.name,
        )


def check_may(request: ConsoleRequest, permission: Permission) -> None:
    """Raises AccessDenied, after logging the attempt."""
    role = request.actor.role
    if may(role, permission):
        return
    log_view(request.actor, "access.denied", outcome="denied", act=permission.name)
    yours = f"Your role here is {role.label}. " if role else ""
    raise AccessDenied(
        f"{yours}To {permission} you need the role {who_may(permission)}. Nothing was changed."
    )
