"""The one way to a customer: an identifier comes in, a redirect to an id goes out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from console.audit.log import log_view
from console.pages.find.selectors import candidates, differing
from console.profiles.identity import Match, find_identity
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.request import ConsoleRequest

TEXT_MAX = 512
READS_AND_POSTS = require_http_methods(["GET", "HEAD", "POST"])


@READS_AND_POSTS
@require_permission(Permission.VIEW_PROFILES)
def find(request: ConsoleRequest) -> HttpResponse:
    """Straight to the profile; or why not, or which of several.

    Our own forms post, so that what was typed stands in no address; a link can ask
    with ?id=.
    """
    text = asked_for(request)
    store = open_store(request.tenant)
    match = find_identity(store, text)
    _note(request, match)
    if match.profile_id:
        return redirect("customers:profile", request.tenant.slug, match.profile_id)
    found = candidates(store, request.tenant, match.profiles)
    context = {
        "text": text,
        "match": match,
        "candidates": found,
        "differs": differing(found),
    }
    return answer(request, "find/find.html", context, status=_status(match))


def asked_for(request: HttpRequest) -> str:
    given = request.POST if request.method == "POST" else request.GET
    return given.get("id", "")[:TEXT_MAX]


def answer(
    request: ConsoleRequest, page: str, context: dict[str, object], *, status: int
) -> HttpResponse:
    """`page`; to the palette a "no" comes in a few words, and what was typed stays."""
    if status == 200 or request.htmx.trigger != "palette-form":
        return render(request, page, context, status=status)
    response = render(request, "find/_no_match.html", context, status=status)
    response["HX-Retarget"] = "#palette-said"
    response["HX-Reswap"] = "innerHTML"
    response["HX-Push-Url"] = "false"
    return response


def _status(match: Match) -> int:
    if match.problem:
        return 422
    return 200 if match.profiles else 404


def _note(request: ConsoleRequest, match: Match) -> None:
    """One entry a question that reached the memory; never what was asked for."""
    if match.problem:
        return
    log_view(
        request.actor,
        "profile.found",
        object_type="profile" if match.profile_id else "",
        object_id=match.profile_id,
        type=match.id_type or "id",
        found=len(match.profiles),
    )
