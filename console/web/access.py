"""Each view names the permission that it requires; a role without it gets a 403."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http.response import HttpResponseBase

from console.audit.log import log_view
from console.tenants.actor import Permission, may, who_may
from console.web.problems import AccessDenied
from console.web.render import ConsoleRequest

View = Callable[..., HttpResponseBase]


def require_permission(permission: Permission) -> Callable[[View], View]:
    """Let only roles that hold `permission` into the view; others are told who may.

    Under a tenant's address the role there counts, elsewhere the role a person
    holds over the whole installation. Tests read `view.permission`. Raises AccessDenied.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(
            request: ConsoleRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            check_may(request, permission)
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def check_may(request: ConsoleRequest, permission: Permission) -> None:
    """Raises AccessDenied, after logging the attempt."""
    role = request.actor.role
    if may(role, permission):
        return
    log_view(request.actor, "access.denied", outcome="denied", act=permission.name)
    yours = f"Your role here is {role.label}" if role else "You have no role here"
    raise AccessDenied(
        f"{yours}. To {permission} you need the role {who_may(permission)}. Nothing was changed."
    )
