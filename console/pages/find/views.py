"""Finding a customer: an identifier comes in, a redirect to a profile id goes out.

A softphone's link has the caller's number, not the tenant: all are searched. The palette
offers a few things before anything is typed, and filters them in the browser.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from console.core.errors import DomainError
from console.core.outgoing import within
from console.masking.masker import mask_name
from console.profiles.candidates import (
    Candidate,
    fetch_candidates,
    list_differing_columns,
)
from console.profiles.identity import (
    Match,
    count_lookup,
    find_identity,
    log_lookup,
    look_up,
)
from console.tenants.actor import Actor, Permission, may
from console.tenants.models import Role, Tenant
from console.tenants.vault import open_store
from console.web.access import FORM, allow
from console.web.problems import asks_from_palette, retarget
from console.web.render import ConsoleRequest, wants_part

TEXT_MAX = 512
# A softphone's link has the + of a number as it is, which an address reads as a blank.
_PLUS = re.compile(r"^([\w-]*:)?\s+(?=\d[\d\W_]*$)")
# One tenant that hangs must not use up the time of the others.
TENANT_S = 3.0
TOTAL_S = 8.0
TYPES_S = 2.0
SUGGESTED = 5
# Pages of the customer who is on screen. The browser puts the id in.
PROFILE_PAGES = (
    ("Card", "customers:profile"),
    ("Timeline", "timeline:timeline"),
    ("Summaries", "timeline:summaries"),
    ("Traits", "traits:profile"),
)
READS_AND_POSTS = require_http_methods(["GET", "HEAD", "POST"])


@allow(Permission.VIEW_PROFILES, FORM, logs="profile.found")
def find(request: ConsoleRequest) -> HttpResponse:
    """Redirect to the profile; else why not, or the candidates. The palette asks while
    somebody types, with `suggest`, and gets the first of them.

    Our own forms post, so that the search text is in no URL; a link can use ?id=.
    """
    text = get_search_text(request)
    with within(TOTAL_S):
        match = look_up(request.actor, text)
    if "suggest" in request.POST:
        ids = match.profiles[:SUGGESTED]
        found = fetch_candidates(request.store, request.tenant, ids)
        return render(request, "find/_found.html", {"candidates": found})
    if match.profile_id:
        return redirect("customers:profile", request.tenant.slug, match.profile_id)
    found = fetch_candidates(request.store, request.tenant, match.profiles)
    context = {
        "text": text,
        "words": mask_name(text),
        "match": match,
        "candidates": found,
        "differs": list_differing_columns(found),
    }
    status = 200 if match.profiles else 404
    if match.problem:
        status = 422
    return _render(request, "find/find.html", context, status=status)


def get_search_text(request: HttpRequest) -> str:
    if request.method == "POST":
        return request.POST.get("id", "")[:TEXT_MAX]
    return _PLUS.sub(r"\1+", request.GET.get("id", ""))[:TEXT_MAX]


def _render(
    request: ConsoleRequest, page: str, context: dict[str, object], *, status: int
) -> HttpResponse:
    """`page`; the palette gets a refusal in a few words and keeps what was typed."""
    if status == 200 or not asks_from_palette(request):
        return render(request, page, context, status=status)
    return retarget(
        request, render(request, "find/_no_match.html", context, status=status)
    )


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
    if not text:
        return render(request, "find/find_across_tenants.html")
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
            return TenantAnswer(tenant, find_identity(tenant, text))
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


@allow(Permission.OPEN_TENANT, logs="none: names of pages", part_of="tenant_home")
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
    if not wants_part(request):
        return redirect("home")
    return render(request, "find/_palette_options.html", {"types": []})


def list_id_types(tenant: Tenant) -> list[str] | None:
    """The identifier types of the tenant's store, those first that are used most; None
    while its memory is away."""
    try:
        with within(TYPES_S):
            settings = open_store(tenant).identity_settings()
    except DomainError:
        return None
    # What people write first, then as the memory looks.
    places = {rule: place for place, rule in enumerate(settings.matching_rules)}
    configs = sorted(
        settings.identifier_configs,
        key=lambda each: (
            each.id_type != each.normalization,
            places.get(each.id_type, len(places)),
        ),
    )
    return [each.id_type for each in configs]
