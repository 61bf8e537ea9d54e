"""Every refusal and failure in one look: a page, or the #problem part for htmx."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from console.core.errors import DomainError
from console.web.render import render_part, wants_part


class AccessDenied(DomainError):
    """The person's role does not hold the right."""

    status = 403
    title = "Not for your role"


def answer_problem(
    request: HttpRequest, *, status: int, title: str, message: str
) -> HttpResponse:
    """The problem as web/problem.html, or web/_problem.html sent to #problem."""
    response = render_part(
        request,
        page="web/problem.html",
        part="web/_problem.html",
        context=problem(request, status=status, title=title, message=message),
        status=status,
    )
    return aimed(request, response)


def aimed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """`response`, told to htmx to take the place of #problem."""
    if wants_part(request):
        response["HX-Retarget"] = "#problem"
        response["HX-Reswap"] = "outerHTML show:#problem:top"
    return response


def problem(
    request: HttpRequest, *, status: int, title: str, message: str
) -> dict[str, int | str]:
    """What both templates read."""
    return {
        "status": status,
        "title": title or HTTPStatus(status).phrase,
        "message": message,
        "request_id": getattr(request, "request_id", ""),
    }
