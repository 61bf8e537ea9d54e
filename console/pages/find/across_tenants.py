"""A softphone's link knows the caller's number, not the tenant: all of them are asked."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.audit.log import log_view
from console.client.deadline import within
from console.core.errors import DomainError
from console.pages.find.selectors import Candidate, candidates, differing
from console.pages.find.views import READS_AND_POSTS, asked_for
from console.profiles.identity import Match, find_identity
from console.tenants.actor import Actor
from console.tenants.memory import open_store
from console.tenants.models import Role, Tenant
from console.tenants.permissions import Permission, may
from console.web.request import ConsoleRequest

# One tenant that hangs must not use up the time of the others.
TENANT_S = 3.0
TOTAL_S = 8.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One tenant's answer. `match` is None when none came, and `why` says why."""

    tenant: Tenant
    match: Match | None
    why: str = ""


@READS_AND_POSTS
def find_across_tenants(request: ConsoleRequest) -> HttpResponse:
    """Straight to the one profile; or which of several, or where was looked."""
    text = asked_for(request)
    asked = ask_all(_tenants_of(request), text)
    for each in asked:
        _note(request, each)
    found = [(each.tenant, id_) for each in asked for id_ in _profiles(each)]
    if len(found) == 1:
        tenant, profile_id = found[0]
        return redirect("customers:profile", tenant.slug, profile_id)
    context = _context(asked) | {"text": text}
    status = 200 if found else 404 if context["looked"] else 422
    return render(request, "find/find_across_tenants.html", context, status=status)


def _tenants_of(request: ConsoleRequest) -> list[Tenant]:
    """Where this person may look at customers."""
    tenants = Tenant.objects.visible_to(request.user).order_by("name", "slug")
    return [t for t in tenants if may(Role(t.seen_as), Permission.VIEW_PROFILES)]


def ask_all(tenants: Iterable[Tenant], text: str) -> list[Asked]:
    """Asks one after the other, at most TOTAL_S in all and TENANT_S each."""
    with within(TOTAL_S):
        return [_ask(tenant, text) for tenant in tenants]


def _ask(tenant: Tenant, text: str) -> Asked:
    try:
        with within(TENANT_S):
            return Asked(tenant, find_identity(open_store(tenant), text))
    except DomainError as exc:  # the memory, or the vault that keeps its credentials
        return Asked(tenant, None, exc.title)


def _profiles(asked: Asked) -> tuple[str, ...]:
    return asked.match.profiles if asked.match else ()


def _context(asked: list[Asked]) -> dict[str, object]:
    """looked: where nobody is; refused: what cannot be asked there; silent: no answer"""
    found: list[Candidate] = []
    for each in asked:
        if profiles := _profiles(each):
            found += candidates(open_store(each.tenant), each.tenant, profiles)
    answered = [each for each in asked if each.match]
    return {
        "candidates": found,
        "differs": differing(found),
        "looked": [each for each in answered if each.match and not each.match.problem],
        "refused": [each for each in answered if each.match and each.match.problem],
        "silent": [each for each in asked if not each.match],
    }


def _note(request: ConsoleRequest, asked: Asked) -> None:
    """One entry for each tenant whose memory was asked; never what was asked for."""
    if asked.match is None or asked.match.problem:
        return
    match = asked.match
    log_view(
        Actor(request.user, asked.tenant, Role(asked.tenant.seen_as)),
        "profile.found",
        object_type="profile" if match.profile_id else "",
        object_id=match.profile_id,
        type=match.id_type or "id",
        found=len(match.profiles),
    )
