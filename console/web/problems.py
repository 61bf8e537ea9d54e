"""Every refusal and failure in one look: a page, or the #problem part for htmx."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from console.core.errors import DomainError
from console.masking.rules import mask_text
from console.web.render import in_place, is_boosted


class AccessDenied(DomainError):
    """The person's role does not hold the right."""

    status = 403
    title = "Not for your role"


def answer_problem(
    request: HttpRequest, *, status: int, title: str, message: str, session: str = ""
) -> HttpResponse:
    """The problem as web/problem.html, or web/_problem.html sent to #problem.

    session  what is wrong with it, for static/js/session.js: "ended", "stale" or
             "other" (somebody else's); "" when nothing is
    """
    words = problem(
        request, status=status, title=title, message=message, session=session
    )
    response = render(request, template_of(request), words, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return aimed(request, response)


def template_of(request: HttpRequest) -> str:
    return "web/_problem.html" if in_place(request) else "web/problem.html"


def aimed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """`response`, told to htmx to take the place of #problem.

    The page that asked stays as it is, with its address and what was typed.
    """
    if in_place(request):
        response["HX-Retarget"] = "#problem"
        response["HX-Reswap"] = "outerHTML show:#problem:top"
        response["HX-Push-Url"] = "false"
    return response


def problem(
    request: HttpRequest, *, status: int, title: str, message: str, session: str = ""
) -> dict[str, int | str]:
    """What both templates read.

    again  where the same can be asked once more; "" is the page that is open
    """
    asks = is_boosted(request) and request.method == "GET"
    return {
        "status": status,
        "title": title or HTTPStatus(status).phrase,
        # A memory's own words can name whom they are about.
        "message": mask_text(message),
        "request_id": getattr(request, "request_id", ""),
        "session": session,
        "again": request.get_full_path() if asks else "",
    }


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from a page of ours, or from one before sign-in."""
    return answer_problem(
        request,
        status=403,
        title="This form is out of date",
        message="The page was open before you signed in, or cookies are off. Nothing "
        "was changed: load the page again and send the form once more.",
        session="stale",
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer_problem(
        request,
        status=400,
        title="This request cannot be read",
        message="Nothing was changed. Go back and try again.",
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer_problem(
        request,
        status=403,
        title="Not allowed",
        message="You may not do this. Nothing was changed.",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """One answer for what never was, what is gone and what is another tenant's."""
    return answer_problem(
        request,
        status=404,
        title="There is nothing here",
        message="The address leads nowhere, or to a tenant that is not yours.",
    )


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer_problem(
        request,
        status=429,
        title="Too many tries",
        message="Nothing was changed. Wait a few minutes and try again.",
    )


def failed(request: HttpRequest) -> HttpResponse:
    """Without context processors: the database may be what failed."""
    words = problem(
        request,
        status=500,
        title="Something broke on our side",
        message="The log has the details under the id below. Whether anything was "
        "changed is not known: look before you try again.",
    )
    page = render_to_string(template_of(request), words)
    return aimed(request, HttpResponse(page, status=500))
