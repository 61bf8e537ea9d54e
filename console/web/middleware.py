"""What surrounds every page: request ids, private answers, problems, tenant walls."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django_htmx.http import HttpResponseClientRedirect

from console.accounts.adapter import WANTED
from console.audit import context
from console.core.errors import DomainError
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from console.web.logs import safe_path
from console.web.problems import answer_problem
from console.web.render import is_boosted, tenant_in, wants_part
from console.web.request import ConsoleRequest
from console.web.session import get_person_key

GetResponse = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger(__name__)

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)


class RequestLine:
    """An id for each request, and one log line when it is answered."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        token = context.request_id.set(request_id)
        started = perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            log.info("answered", extra=_figures(request, response, started))
        finally:
            context.request_id.reset(token)
        return response


def _figures(
    request: HttpRequest, response: HttpResponse, started: float
) -> dict[str, Any]:
    return {
        "method": request.method,
        "path": safe_path(request.path),
        "status": response.status_code,
        "ms": round((perf_counter() - started) * 1000, 1),
    }


class PrivateAnswers:
    """No copy in any cache, no device of the browser, nothing for other sites."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Cache-Control"] = "no-store"
        response["Permissions-Policy"] = PERMISSIONS
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        match = request.resolver_match
        if match and match.url_name == "account_logout" and request.method == "POST":
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response


class Boosted:
    """Gives the links and forms of a page the next page's <main>, in their tenant only.

    Another tenant, or none, is a real load: the page must show whose it is.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_boosted(request):
            return self.get_response(request)
        if request.method == "GET" and _leaves_tenant(request):
            return HttpResponseClientRedirect(request.get_full_path())
        return _into_main(request, self.get_response(request))


def _leaves_tenant(request: HttpRequest) -> bool:
    """Whether the page that asked stands in another tenant, as far as it is known."""
    here = request.htmx.current_url  # type: ignore[attr-defined]
    # Its path alone: behind a proxy its scheme and host can be others than ours.
    return bool(here) and tenant_in(urlsplit(here).path) != tenant_in(request.path)


def _into_main(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A page takes the place of <main>; a file, which htmx cannot save, is asked anew."""
    if 300 <= response.status_code < 400 or _is_aimed(response):
        return response
    if not response["Content-Type"].startswith("text/html"):
        return HttpResponseClientRedirect(request.get_full_path())
    response["HX-Retarget"] = "#content"
    response["HX-Reswap"] = "outerHTML show:window:top"
    if request.method != "GET":
        # The answer to a form is not a page to come back to.
        response["HX-Push-Url"] = "false"
    return response


def _is_aimed(response: HttpResponse) -> bool:
    return response.has_header("HX-Retarget") or response.has_header("HX-Redirect")


class Problems:
    """Refusals become pages or #problem parts; an ended session is said in place."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_of_another(request):
            return _somebody_else(request)
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            return _wrong_method(request, response)
        if _is_login_redirect(request, response):
            return _session_ended(request, response)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        return answer_problem(
            request,
            status=exception.status,
            title=exception.title,
            message=exception.message,
        )


def _wrong_method(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Django's own 405 has no page."""
    page = answer_problem(
        request,
        status=405,
        title="Not in this way",
        message="This address does something only when its own form is sent. "
        "Nothing was changed.",
    )
    page["Allow"] = response["Allow"]
    return page


def _is_of_another(request: HttpRequest) -> bool:
    """Whether the page that asks was made for somebody who has signed out since."""
    made_for = request.headers.get("X-Person")
    now = get_person_key(request.user) if made_for else ""
    return bool(now) and now != made_for


def _somebody_else(request: HttpRequest) -> HttpResponse:
    return answer_problem(
        request,
        status=409,
        title="Somebody else is signed in now",
        message="Nothing was changed. This page was made for another person: copy "
        "what you typed, then load the page again.",
        session="other",
    )


def _is_login_redirect(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether htmx would follow the answer and put the sign-in form inside a page."""
    if response.status_code != 302 or not request.htmx:  # type: ignore[attr-defined]
        return False
    return response["Location"].startswith(resolve_url(settings.LOGIN_URL))


def _session_ended(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A link goes to sign-in and on from there; whatever else says so in place."""
    if is_boosted(request) and request.method == "GET":
        return HttpResponseClientRedirect(response["Location"])
    return answer_problem(
        request,
        status=401,
        title="Your session has ended",
        message="Nothing was changed, and what you typed is still here. Sign in in a "
        "new tab, come back to this one and go on.",
        session="ended",
    )


class SignInFirst(LoginRequiredMiddleware):
    """Closes every page; an address with a query waits in the session, not in `next`.

    A softphone's link names a customer, and the sign-in address stays in histories.
    """

    def handle_no_permission(
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponseRedirect:
        if request.method != "GET" or not request.GET or wants_part(request):
            return super().handle_no_permission(request, view_func)
        request.session[WANTED] = request.get_full_path()
        return redirect(settings.LOGIN_URL)


class TenantScope:
    """Turns `<slug:tenant>` of an address into request.tenant and request.role.

    Somebody else's tenant answers exactly as one that does not exist.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: ConsoleRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        slug = kwargs.pop("tenant", None)
        if slug is None:
            request.actor = Actor(request.user)
            return
        tenant = Tenant.objects.visible_to(request.user).filter(slug=slug).first()
        if tenant is None:
            raise Http404
        request.tenant, request.role = tenant, Role(tenant.seen_as)
        request.actor = Actor(request.user, tenant, request.role)
