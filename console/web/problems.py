"""Every refusal and failure in one look: a page, or the #problem part for htmx."""

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from console.core.errors import DomainError
from console.core.observability import request_id
from console.databases.disk import RETRY_AFTER_S, find_outage
from console.masking.masker import mask_text
from console.web.render import is_boosted, keeps_page


def answer_problem(
    request: HttpRequest,
    *,
    status: int,
    title: str,
    message: str,
    session: str = "",
    receipt: str = "",
) -> HttpResponse:
    """The problem as web/problem.html, or web/_problem.html sent to #problem.

    session  what is wrong with it, for static/js/session.js: "ended", "stale",
             "other" (somebody else's) or "unproven" (too old for what was asked); ""
             when nothing is
    receipt  the id of the deletion of what is missing
    """
    context = _build_context(request, status, title, message, session)
    context["receipt"] = receipt
    template = _get_template(request, session)
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return retarget(request, response, session)


def asks_from_palette(request: HttpRequest, session: str = "") -> bool:
    """Whether the palette is open above the page: what is behind it is not seen. What is
    wrong with a session is mended in the page."""
    htmx = getattr(request, "htmx", None)
    return bool(
        htmx and htmx.trigger in {"palette-form", "palette-found"} and not session
    )


def _get_template(request: HttpRequest, session: str = "") -> str:
    if asks_from_palette(request, session):
        return "web/_brief_problem.html"
    return "web/_problem.html" if keeps_page(request) else "web/problem.html"


def retarget(
    request: HttpRequest, response: HttpResponse, session: str = ""
) -> HttpResponse:
    """`response`, for htmx to put in the place of #problem, or in the palette's own box.

    The page that asked stays as it is, with its address and what was typed.
    """
    if response.status_code == 503:
        response.headers.setdefault("Retry-After", str(RETRY_AFTER_S))
    if keeps_page(request):
        response["HX-Retarget"] = "#problem"
        response["HX-Reswap"] = "outerHTML show:#problem:top"
        response["HX-Push-Url"] = "false"
    if asks_from_palette(request, session):
        response["HX-Retarget"] = "#palette-message"
        response["HX-Reswap"] = "innerHTML"
    return response


def _build_context(
    request: HttpRequest, status: int, title: str, message: str, session: str = ""
) -> dict[str, int | str]:
    """What both templates read.

    again  where the same can be asked once more; "" is the page that is open
    """
    asks = is_boosted(request) and request.method == "GET"
    return {
        "status": status,
        "title": title or HTTPStatus(status).phrase,
        # A memory's message can name a customer.
        "message": mask_text(message),
        "request_id": request_id.get(),
        "session": session,
        "again": request.get_full_path() if asks else "",
    }


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from a page of ours, or from one before sign-in."""
    return answer_problem(
        request,
        status=403,
        title="This form has expired",
        message="The page was open before you signed in, or cookies are off. Nothing "
        "was changed: load the page again and send the form once more.",
        session="stale",
    )


def build_handler(status: int, title: str, message: str) -> Callable[..., HttpResponse]:
    """What Django calls for a status, with the exception that nobody is told of."""

    def answer(
        request: HttpRequest, exception: Exception | None = None
    ) -> HttpResponse:
        return answer_problem(request, status=status, title=title, message=message)

    return answer


bad_request = build_handler(
    400,
    "Bad request",
    "The request could not be read, and nothing was changed. Go back and try again.",
)
forbidden = build_handler(
    403, "Not allowed", "You are not allowed to do this. Nothing was changed."
)
# The same for what never existed, what is gone and what is another tenant's.
not_found = build_handler(
    404,
    "Page not found",
    "The page does not exist, or belongs to a tenant where you have no role.",
)
too_many_requests = build_handler(
    429, "Too many attempts", "Nothing was changed. Wait a few minutes and try again."
)


class InternalError(DomainError, status=500, title="Internal error"):
    pass


def server_error(request: HttpRequest) -> HttpResponse:
    """An error of ours, or a database that cannot be used."""
    failure: DomainError = find_outage(sys.exception()) or InternalError(
        "The server's log has the details under the request id below. The change may "
        "or may not have happened: check before you try again."
    )
    # Without context processors: the database may be what failed.
    context = _build_context(request, failure.status, failure.title, failure.message)
    page = render_to_string(_get_template(request), context)
    return retarget(request, HttpResponse(page, status=failure.status))
