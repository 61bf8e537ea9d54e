"""A softphone's link has the caller's number, not the tenant: all are searched."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.client.guard import within
from console.core.errors import DomainError
from console.pages.find.selectors import (
    Candidate,
    fetch_candidates,
    list_differing_columns,
)
from console.pages.find.views import READS_AND_POSTS, get_search_text
from console.profiles.identity import Match, count_lookup, find_identity, log_lookup
from console.tenants.actor import Actor, Permission, may
from console.tenants.memory import open_store
from console.tenants.models import Role, Tenant
from console.web.render import ConsoleRequest

# One tenant that hangs must not use up the time of the others.
TENANT_S = 3.0
TOTAL_S = 8.0


@dataclass(frozen=True, slots=True)
class TenantAnswer:
    """One tenant's answer. `match` is None when none came, and `why` says why."""

    tenant: Tenant
    match: Match | None
    why: str = ""

    @property
    def profiles(self) -> tuple[str, ...]:
        return self.match.profiles if self.match else ()


@READS_AND_POSTS
def find_across_tenants(request: ConsoleRequest) -> HttpResponse:
    """Redirect to the one profile; else the candidates, or where was searched."""
    text = get_search_text(request)
    tenants = _list_searchable_tenants(request)
    # One question, however many tenants it goes to.
    count_lookup(request.actor, text)
    answers = search_tenants(tenants, text)
    for answer in answers:
        role = Role(answer.tenant.seen_as)
        log_lookup(Actor(request.user, answer.tenant, role), text, answer.match)
    found = [(answer.tenant, id_) for answer in answers for id_ in answer.profiles]
    if len(found) == 1:
        tenant, profile_id = found[0]
        return redirect("customers:profile", tenant.slug, profile_id)
    context = _build_context(answers) | {"text": text}
    status = 200 if found else 404 if context["searched"] else 422
    return render(request, "find/find_across_tenants.html", context, status=status)


def _list_searchable_tenants(request: ConsoleRequest) -> list[Tenant]:
    """Where this person may view profiles."""
    tenants = Tenant.objects.visible_to(request.user).order_by("name", "slug")
    return [t for t in tenants if may(Role(t.seen_as), Permission.VIEW_PROFILES)]


def search_tenants(tenants: Iterable[Tenant], text: str) -> list[TenantAnswer]:
    """One after the other, at most TOTAL_S in all and TENANT_S each."""
    with within(TOTAL_S):
        return [_search_tenant(tenant, text) for tenant in tenants]


def _search_tenant(tenant: Tenant, text: str) -> TenantAnswer:
    try:
        with within(TENANT_S):
            return TenantAnswer(tenant, find_identity(open_store(tenant), text))
    except DomainError as exc:  # the memory, or the vault that keeps its credentials
        return TenantAnswer(tenant, None, exc.title)


def _build_context(answers: list[TenantAnswer]) -> dict[str, object]:
    """searched: no match there; refused: not a search there; silent: no answer"""
    found: list[Candidate] = []
    for answer in answers:
        if answer.profiles:
            store = open_store(answer.tenant)
            found += fetch_candidates(store, answer.tenant, answer.profiles)
    answered = [(answer, answer.match) for answer in answers if answer.match]
    return {
        "candidates": found,
        "differs": list_differing_columns(found),
        "searched": [answer for answer, match in answered if not match.problem],
        "refused": [answer for answer, match in answered if match.problem],
        "silent": [answer for answer in answers if not answer.match],
    }
