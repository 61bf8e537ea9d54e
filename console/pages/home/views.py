"""Where a person starts: their tenants, what waits for them there, their last customers."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from console.core.errors import DomainError
from console.core.outgoing import within
from console.tenants.actor import Permission, may
from console.tenants.models import Role, Tenant, TenantQuerySet
from console.web.access import allow
from console.web.render import ConsoleRequest

# What was last found out about each tenant, by slug.
States = Callable[[TenantQuerySet], dict[str, list[Any]]]
# Of a page folder: who asks, what is counted, on which page, and how many there are.
Waiting = tuple[Permission, str, str, Callable[[ConsoleRequest], int]]
WAITING_S = 3.0
# More than so many memories are not asked for one page.
MANY = 20


@require_safe
def home(request: ConsoleRequest, list_states: States) -> HttpResponse:
    """The person's tenants; their only one is a home of its own, and of many the list
    is."""
    visible = Tenant.objects.visible_to(request.user)
    tenants = visible.order_by("name", "slug")[: MANY + 1]
    if len(tenants) > MANY:
        return redirect("tenants:list")
    if len(tenants) == 1 and tenants[0].seen_as != Role.OPERATOR:
        return redirect("tenant_home", tenants[0].slug)
    return _render(request, tenants, visible, list_states, but={"", "holds"})


@allow(Permission.OPEN_TENANT, logs="none: counts")
def tenant_home(request: ConsoleRequest, list_states: States) -> HttpResponse:
    visible = Tenant.objects.visible_to(request.user)
    mine = visible.filter(pk=request.tenant.pk)
    return _render(request, mine, mine, list_states, but={""})


def _render(
    request: ConsoleRequest,
    tenants: Iterable[Tenant],
    asked: TenantQuerySet,
    list_states: States,
    but: Collection[str],
) -> HttpResponse:
    """asked  the same, to ask for their states; but: those that are not shown"""
    view, roles = Permission.VIEW_PROFILES, {Role(x.seen_as) for x in tenants}
    states = {} if all(may(x, view) for x in roles) else list_states(asked)
    shown = {
        slug: [cell for cell in cells if cell[1].state not in but]
        for slug, cells in states.items()
    }
    found = [(x, may(Role(x.seen_as), view), shown.get(x.slug)) for x in tenants]
    return render(request, "home/home.html", {"tenants": found})


@allow(Permission.OPEN_TENANT, logs="none: counts", part_of="tenant_home")
def waiting(request: ConsoleRequest, sources: Iterable[Waiting]) -> HttpResponse:
    """A tenant's part of the page, by itself: its memory is asked."""
    can, context = request.actor.may, dict[str, object]()
    try:
        with within(WAITING_S):
            found = [
                (count(request), noun, url)
                for permission, noun, url, count in sources
                if can(permission)
            ]
            context["found"] = [each for each in found if each[0]]
            if can(Permission.VIEW_PROFILES) or can(Permission.IMPORT_PROFILES):
                page = request.store.list_profiles(page_size=1)
                context["is_empty"] = not page.items
    except DomainError as problem:
        context["problem"] = problem
    context["may_import"] = can(Permission.IMPORT_PROFILES)
    context["may_view"] = can(Permission.VIEW_PROFILES)
    return render(request, "home/_waiting.html", context)
