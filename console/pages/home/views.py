"""Where a person starts, and the health of the process."""

import sqlite3
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from console.tenants.models import Role, Tenant
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.request import ConsoleRequest

# The first page of each role.
FIRST_PAGE = {
    Role.AGENT: "customers:list",
    Role.OFFICER: "customers:list",
    Role.AUDITOR: "audit:list",
    Role.OPERATOR: "audit:list",
}
# Before it, two connections that write and checkpoint at once could damage the file.
SAFE_SQLITE = (3, 51, 3)


@require_safe
def home(request: ConsoleRequest) -> HttpResponse:
    """Redirect to the person's one tenant, or to the list, where operators work."""
    tenants = Tenant.objects.visible_to(request.user)[:2]
    if len(tenants) == 1 and tenants[0].seen_as != Role.OPERATOR:
        return redirect("tenant_home", tenants[0].slug)
    return redirect("tenants:list")


@require_permission(Permission.OPEN_TENANT)
@require_safe
def tenant_home(request: ConsoleRequest) -> HttpResponse:
    """Redirect to the first page of the person's role."""
    return redirect(FIRST_PAGE[request.role], request.tenant.slug)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Both databases answer and are migrated: 200; otherwise 503 with the reasons."""
    reasons = [reason for alias in connections for reason in _list_reasons(alias)]
    figures = {"ready": not reasons, "reasons": reasons} | _describe_sqlite()
    return JsonResponse(figures, status=503 if reasons else 200)


def _list_reasons(alias: str) -> list[str]:
    try:
        executor = MigrationExecutor(connections[alias])
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as exc:
        # The type only: the message can name a host and a user.
        return [f"{alias}: the database does not answer ({type(exc).__name__})"]
    return [f"{alias}: {len(waiting)} migrations are not applied"] if waiting else []


def _describe_sqlite() -> dict[str, Any]:
    """The SQLite of this process, and a warning where a database needs a newer one."""
    in_use = any(connection.vendor == "sqlite" for connection in connections.all())
    warning = "SQLite is older than 3.51.3: a rare race can damage the file"
    warns = in_use and sqlite3.sqlite_version_info < SAFE_SQLITE
    return {"sqlite": sqlite3.sqlite_version, "warnings": [warning] * warns}
