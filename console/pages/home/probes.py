"""For machines: /healthz and /readyz, whether this process answers and can work, and
/metrics, what the installation counts."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from hmac import compare_digest

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_tasks_db.models import DBTaskResult
from prometheus_client import CONTENT_TYPE_LATEST

from console.core.observability import STATE, Gauge, render_metrics
from console.databases import disk
from console.databases.schema import read_schema_state
from console.jobs.leases import list_live_workers

# Before it, two connections that write and checkpoint at once could damage the file.
SAFE_SQLITE = (3, 51, 3)


class Probes:
    """Answers probes ahead of host names, sessions and sign-in.

    A load balancer calls by an address such as 10.42.8.201:8000, with no account.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

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
