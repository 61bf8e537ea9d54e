"""Each view names the act that it serves; a role without that act meets a 403."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http.response import HttpResponseBase

from console.audit import log as audit
from console.tenants.permissions import Act, may, who_may
from console.tenants.selectors import role_over_all
from console.web.problems import AccessDenied
from console.web.request import ConsoleRequest

View = Callable[..., HttpResponseBase]


def requires(act: Act) -> Callable[[View], View]:
    """Let only roles that hold `act` into the view; others are told who may.

    Under a tenant's address the role there counts, elsewhere the role a person
    holds over the whole installation. Tests read `view.act`. Raises AccessDenied.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(
            request: ConsoleRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            check_may(request, act)
            return view(request, *args, **kwargs)

        guarded.act = act  # type: ignore[attr-defined]
        return guarded

    return decorate


def check_may(request: ConsoleRequest, act: Act) -> None:
    """Raises AccessDenied, after the audit log has noted the attempt."""
    tenant = getattr(request, "tenant", None)
    role = request.role if tenant else role_over_all(request.user)
    if may(role, act):
        return
    audit.record_now(
        "access.denied",
        by=request.user,
        tenant=tenant,
        role=role or "",
        outcome="denied",
        details={"act": act.name},
    )
    yours = f"Your role here is {role.label}" if role else "You have no role here"
    raise AccessDenied(
        f"{yours}; to {act} takes that of {who_may(act)}. Nothing was changed."
    )
