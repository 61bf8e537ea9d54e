"""The one way to a customer: an identifier comes in, a redirect to an id goes out."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from console.profiles.selectors.people import people_of
from console.tenants.memory import store_of
from console.tenants.policy import Act
from console.web.access import requires
from console.web.identity import Match, find_identity
from console.web.noting import note
from console.web.request import ConsoleRequest

TEXT_MAX = 512


@require_safe
@requires(Act.VIEW_PROFILES)
def find(request: ConsoleRequest) -> HttpResponse:
    """Straight to the profile; or why not, or which of several."""
    text = request.GET.get("id", "")[:TEXT_MAX]
    store = store_of(request.tenant)
    match = find_identity(store, text)
    _note(request, match)
    if match.profile_id:
        return redirect("profiles:profile", request.tenant.slug, match.profile_id)
    context = {
        "text": text,
        "match": match,
        "people": people_of(store, match.profiles) if match.profiles else [],
    }
    return render(request, "profiles/find.html", context, status=_status(match))


def _status(match: Match) -> int:
    if match.problem:
        return 422
    return 200 if match.profiles else 404


def _note(request: ConsoleRequest, match: Match) -> None:
    """One entry a question that reached the memory; never what was asked for."""
    if match.problem:
        return
    note(
        request,
        "profile.found",
        of="profile" if match.profile_id else "",
        id_=match.profile_id,
        type=match.id_type or "id",
        found=len(match.profiles),
    )
