"""Around every page: headers, private responses, problem pages, tenant scope; and for
machines /healthz and /readyz, whether this process answers and can work, and /metrics,
what the installation counts."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import tzinfo
from functools import partial
from hmac import compare_digest
from math import ceil
from typing import Any, cast
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import DatabaseError, Error, connections
from django.db.models import Count
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect
from django_tasks_db.models import DBTaskResult
from prometheus_client import CONTENT_TYPE_LATEST

from console.audit.log import AuditUnavailable, log_view
from console.audit.models import AuditEntry
from console.client.errors import MemoryLacks, MemoryNotFound
from console.core.errors import DomainError
from console.core.observability import STATE, Gauge, render_metrics
from console.databases import disk
from console.databases.schema import read_schema_state
from console.jobs.leases import list_live_workers
from console.masking.models import get_digest
from console.tenants.actor import Actor, Permission, list_roles, may
from console.web.access import IdentityUnproven, enter_tenant
from console.web.problems import answer_problem
from console.web.render import (
    ConsoleRequest,
    get_tenant_slug,
    is_boosted,
    redirect_window,
    render_part,
    wants_part,
)
from console.web.session import ROLES, end_session, get_person_key, keep_wanted
from console.web.times import COOKIE, choose_zone

# Asked by pages that are open, whether anybody is there or not.
BACKGROUND = frozenset({"memory", "session"})
# What pages send with questions that nobody has asked (static/js/session.js).
BY_ITSELF = "X-By-Itself"
# All that can be opened while a second factor has to be set up.
SET_UP_PAGES = ("mfa_", "account_logout", "account_reauthenticate", "session")


class Middleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class StandardHeaders(Middleware):
    """On static files and refusals too: outside of the middleware that answers them."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in settings.ANSWER_HEADERS.items():
            response[name] = value
        return response


class PrivateResponses(Middleware):
    """Pages are not cached; signing out clears what the browser kept."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Cache-Control"] = "no-store"
        match = request.resolver_match
        if match and match.url_name == "account_logout" and request.method == "POST":
            if response.status_code >= 500:
                response = end_session(request)
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response


class BoostedLinks(Middleware):
    """Gives the links and forms of a page the next page's <main>, in their tenant only.

    Another tenant, or none, is a real load: the page must show whose it is.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_boosted(request):
            return self.get_response(request)
        if request.method == "GET" and _leaves_tenant(request):
            return HttpResponseClientRedirect(request.get_full_path())
        return _replace_main(request, self.get_response(request))


def _leaves_tenant(request: HttpRequest) -> bool:
    """Whether the page that sent the request is another tenant's, if that is known."""
    here = request.htmx.current_url  # type: ignore[attr-defined]
    # Its path alone: behind a proxy its scheme and host can be others than ours.
    return bool(here) and get_tenant_slug(urlsplit(here).path) != get_tenant_slug(
        request.path
    )


def _replace_main(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A page replaces <main>; a file, which htmx cannot save, is requested again."""
    targets = response.has_header("HX-Retarget") or response.has_header("HX-Redirect")
    if 300 <= response.status_code < 400 or targets:
        return response
    if not response["Content-Type"].startswith("text/html"):
        return HttpResponseClientRedirect(request.get_full_path())
    response["HX-Retarget"] = "#content"
    response["HX-Reswap"] = "outerHTML show:window:top"
    if request.method != "GET":
        # The answer to a form is not a page to return to.
        response["HX-Push-Url"] = "false"
    return response


class ProblemPages(Middleware):
    """Refusals become pages or #problem parts; an ended session is shown in place."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Whether the page was made for somebody who has signed out since.
        made_for = request.headers.get("X-Person")
        now = get_person_key(request.user) if made_for else ""
        if now and now != made_for:
            return answer_problem(
                request,
                status=409,
                title="Somebody else is signed in now",
                message="Nothing was changed. This page was made for another person: "
                "copy what you typed, then load the page again.",
                session="other",
            )
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            return _answer_wrong_method(request, response)
        if _is_login_redirect(request, response):
            return _answer_session_ended(request, response)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        if isinstance(exception, MemoryLacks) and request.method == "GET":
            return _answer_lacking(request, exception)
        if isinstance(exception, MemoryNotFound):
            try:
                _log_miss(request)
            except AuditUnavailable as unavailable:
                exception = unavailable
        is_missing = isinstance(exception, MemoryNotFound)
        response = answer_problem(
            request,
            status=exception.status,
            title=exception.title,
            message=exception.message,
            session="unproven" if isinstance(exception, IdentityUnproven) else "",
            receipt=_find_receipt(request) if is_missing else "",
        )
        if exception.retry_after_s is not None:
            response["Retry-After"] = str(max(1, ceil(exception.retry_after_s)))
        return response


def _answer_lacking(request: HttpRequest, lacking: MemoryLacks) -> HttpResponse:
    """Nothing is wrong: a page, or its part, without what there is none of."""
    page, part = "web/lacking.html", "web/_lacking.html"
    return render_part(request, page, part, {"what": lacking.what}, status=200)


def _log_miss(request: HttpRequest) -> None:
    """A profile, or what an address names below one, is not there: a lookup too."""
    match = request.resolver_match
    if match is None or "profile_id" not in match.kwargs:
        return
    actor: Actor = request.actor  # type: ignore[attr-defined]
    ids = "/".join(map(str, match.kwargs.values()))
    looked_for = get_digest(actor, "profile.found", ids)
    type_ = list(match.kwargs)[-1].replace("_", " ")
    log_view(actor, "profile.found", type=type_, found=0, looked_for=looked_for)


def _find_receipt(request: HttpRequest) -> str:
    """The id of the deletion after which this address has nothing any more, for those
    who may read it."""
    match, actor = request.resolver_match, request.actor  # type: ignore[attr-defined]
    if match is None or not may(actor.role, Permission.VIEW_DELETIONS):
        return ""
    entry = AuditEntry.objects.filter(
        tenant=actor.tenant.slug if actor.tenant else "",
        object_id__in=[str(value) for value in match.kwargs.values()],
        action__endswith=".deleted",
        outcome=AuditEntry.Outcome.DONE,
    ).last()
    return str(entry.details.get("deletion", "")) if entry else ""


def _answer_wrong_method(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Django's own 405 has no page."""
    page = answer_problem(
        request,
        status=405,
        title="Method not allowed",
        message="This page only accepts its own form. Nothing was changed.",
    )
    page["Allow"] = response["Allow"]
    return page


def _is_login_redirect(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether htmx would follow the answer and put the sign-in form inside a page."""
    if response.status_code != 302 or not request.htmx:  # type: ignore[attr-defined]
        return False
    return response["Location"].startswith(resolve_url(settings.LOGIN_URL))


def _answer_session_ended(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A link leads to sign-in and on from there; everything else shows it in place."""
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


class LoginRequired(LoginRequiredMiddleware):
    """Protects every page; a URL with a query is kept in the session, not in `next`.

    A softphone's link names a customer, and the sign-in URL stays in histories.
    """

    def handle_no_permission(
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponseRedirect:
        if not request.GET or wants_part(request):
            return super().handle_no_permission(request, view_func)
        if request.method == "GET":
            keep_wanted(request)
        return redirect(settings.LOGIN_URL)


def _stream(content: Iterable[bytes], zone: tzinfo) -> Iterator[bytes]:
    """What is written only after the middleware has returned."""
    with timezone.override(zone):
        yield from content


class ViewerZone(Middleware):
    """Times are those of the person's own zone, or of their browser's."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            own = getattr(request.user, "time_zone", "")
        except Error:
            # Whoever needs the database says so; signing out does not.
            own = ""
        zone = choose_zone(own, request.COOKIES.get(COOKIE, ""))
        with timezone.override(zone):
            response = self.get_response(request)
        if isinstance(response, StreamingHttpResponse):
            content = cast("Iterable[bytes]", response.streaming_content)
            response.streaming_content = _stream(content, zone)
        return response


class SessionRules(Middleware):
    """A session is kept while it is used, and has a new id when its person's roles change.

    Where a role requires a second factor, only the pages that set it up are open without.
    """

    def process_view(
        self,
        request: ConsoleRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        if name not in BACKGROUND and BY_ITSELF not in request.headers:
            request.session.keep()  # type: ignore[attr-defined]  # of SessionStore
        roles = list_roles(request.user)
        if request.session.get(ROLES) != roles:
            request.session.cycle_key()
            request.session[ROLES] = roles
        required = any(role in settings.REQUIRE_SECOND_FACTOR for _, role in roles)
        request.second_factor_required = required
        # Recovery codes alone are none.
        usable = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
        factors = usable.filter(user=request.user)
        request.must_set_up = required and not factors.exists()
        if not request.must_set_up or (name or "").startswith(SET_UP_PAGES):
            return None
        return redirect_window(request, "mfa_index")


class TenantScope(Middleware):
    """Turns `<slug:tenant>` of an address into request.tenant, its role and its store."""

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
        enter_tenant(request, slug)


# Before it, two connections that write and checkpoint at once could damage the file.
SAFE_SQLITE = (3, 51, 3)


class Probes(Middleware):
    """Answers probes ahead of host names, sessions and sign-in.

    A load balancer calls by an address such as 10.42.8.201:8000, with no account.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        response = probe(request)
        response["Content-Length"] = len(response.content)  # keeps the connection
        return response


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every check passes; otherwise 503 with the names of those that do not."""
    reasons = _run(CHECKS)
    told = {
        "ready": not reasons,
        "reasons": reasons,
        "warnings": _run(WARNINGS),
        "sqlite": sqlite3.sqlite_version,
    }
    return JsonResponse(told, status=503 if reasons else 200)


def _run(checks: Mapping[str, Callable[[], str]]) -> list[str]:
    found = {name: check() for name, check in checks.items()}
    return [f"{name}: {reason}" for name, reason in found.items() if reason]


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text form, for whoever holds METRICS_TOKEN; 404 where none is set."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=404)
    given = request.headers.get("Authorization", "")
    if not compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        refusal = HttpResponse(
            "METRICS_TOKEN is needed as a bearer token.\n", status=401
        )
        refusal["WWW-Authenticate"] = "Bearer"
        return refusal
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)


def count_tasks() -> dict[str, float]:
    """How many tasks are in each state; those that succeeded leave after a while."""
    states = DBTaskResult.objects.values_list("status").annotate(Count("pk"))
    return {status.lower(): number for status, number in states.order_by("status")}


STATE.register(
    Gauge("console_tasks", "Background tasks by state", count_tasks, "state")
)


def check_database(alias: str) -> str:
    """Why the database cannot be used; "" when it answers and has our schema."""
    try:
        return str(read_schema_state(alias))
    except DatabaseError as exc:
        # The type only: the message can name a host and a user.
        return f"the database does not answer ({type(exc).__name__})"


def check_sqlite() -> str:
    """Where a database needs a newer SQLite than this process has."""
    in_use = any(connection.vendor == "sqlite" for connection in connections.all())
    if in_use and sqlite3.sqlite_version_info < SAFE_SQLITE:
        return "older than 3.51.3: a rare race can damage the file"
    return ""


def check_worker() -> str:
    """A warning alone: pages work without one."""
    with suppress(DatabaseError):
        if not list_live_workers(timezone.now()).exists():
            return "none has a heartbeat, so background work waits"
    return ""


def check_disk() -> str:
    if disk.is_full():
        return "full, so customer data is not shown and nothing is changed"
    return ""


# Each says in words why the process cannot work, or "".
CHECKS: dict[str, Callable[[], str]] = {
    alias: partial(check_database, alias) for alias in ("default", "memory")
} | {"disk": check_disk}
# The same for what an operator should look at and a load balancer need not.
WARNINGS: dict[str, Callable[[], str]] = {
    "sqlite": check_sqlite,
    "worker": check_worker,
}
PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}
