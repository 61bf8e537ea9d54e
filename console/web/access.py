"""Who may: the permission that each view names, the tenant that an address leads to, and
who proves it once more before what cannot be undone."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial, wraps
from typing import Any

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from console.audit.log import AuditUnavailable, log_view
from console.audit.models import read_actions
from console.core.errors import DomainError
from console.tenants.actor import Actor, Permission, may, who_may
from console.tenants.models import Role, Tenant
from console.tenants.vault import open_store
from console.web.render import ConsoleRequest, keeps_page, wants_part

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


def ask_who_it_is(
    request: ConsoleRequest, back: str = "", *, typed: bool = True
) -> HttpResponse | None:
    """Before what cannot be undone: to password or second factor, and from there to the
    page of it; None where that was proven within ten minutes. Raises IdentityUnproven
    where a page stays open with what was `typed`."""
    if not is_reauthentication_required(request, app=""):
        return None
    if typed and request.method == "POST" and keeps_page(request):
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
        f"{yours}To {permission} you need the role {who_may(permission)}: operators give"
        " roles. Nothing was changed."
    )
