"""Finding a customer: an identifier comes in, a redirect to a profile id goes out."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from console.pages.find.selectors import fetch_candidates, list_differing_columns
from console.profiles.identity import look_up
from console.tenants.actor import Permission
from console.tenants.memory import open_store
from console.web.access import require_permission
from console.web.render import ConsoleRequest

TEXT_MAX = 512
# A softphone's link has the + of a number as it is, which an address reads as a blank.
_PLUS = re.compile(r"^([\w-]*:)? (?=[\d().\s-]+$)")
READS_AND_POSTS = require_http_methods(["GET", "HEAD", "POST"])


@READS_AND_POSTS
@require_permission(Permission.VIEW_PROFILES)
def find(request: ConsoleRequest) -> HttpResponse:
    """Redirect to the profile; else why not, or the candidates.

    Our own forms post, so that the search text is in no URL; a link can use ?id=.
    """
    text = get_search_text(request)
    match = look_up(request.actor, text)
    if match.profile_id:
        return redirect("customers:profile", request.tenant.slug, match.profile_id)
    store = open_store(request.tenant)
    found = fetch_candidates(store, request.tenant, match.profiles)
    context = {
        "text": text,
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
    if status == 200 or request.htmx.trigger != "palette-form":
        return render(request, page, context, status=status)
    response = render(request, "find/_no_match.html", context, status=status)
    response["HX-Retarget"] = "#palette-message"
    response["HX-Reswap"] = "innerHTML"
    response["HX-Push-Url"] = "false"
    return response
