"""What surrounds every page: request ids, private answers, problems, tenant walls."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django_htmx.http import HttpResponseClientRedirect

from console.accounts.adapter import WANTED
from console.audit import context
from console.core.errors import DomainError
from console.tenants.models import Role, Tenant
from console.web.logs import safe_path
from console.web.problems import answer_problem
from console.web.render import wants_part
from console.web.request import ConsoleRequest

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


class Problems:
    """Refusals become pages or #problem parts; an ended session leaves the page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            return _wrong_method(request, response)
        if wants_part(request) and _is_login_redirect(response):
            # htmx would follow it and put the sign-in form inside the page.
            return _sign_in_again(request)
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


def _is_login_redirect(response: HttpResponse) -> bool:
    login = resolve_url(settings.LOGIN_URL)
    return response.status_code == 302 and response["Location"].startswith(login)


def _sign_in_again(request: HttpRequest) -> HttpResponse:
    """The whole window goes to sign-in and then back to the page it showed."""
    here = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    # The path alone: a query can name a customer.
    return HttpResponseClientRedirect(redirect_to_login(here.partition("?")[0]).url)


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
            return
        tenant = Tenant.objects.visible_to(request.user).filter(slug=slug).first()
        if tenant is None:
            raise Http404
        request.tenant, request.role = tenant, Role(tenant.seen_as)
