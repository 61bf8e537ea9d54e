"""Whether this tenant's memory answers, for the rail of every page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.client.deadline import within
from console.client.errors import MemoryRefused
from console.core.errors import DomainError
from console.tenants.memory import open_account
from console.tenants.models import Tenant
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.request import ConsoleRequest

ANSWER_S = 3.0


@require_safe
@require_permission(Permission.OPEN_TENANT)
def memory(request: ConsoleRequest) -> HttpResponse:
    """A dot and words; one call of the memory."""
    state, words = state_of(request.tenant)
    return render(
        request, "tenants/_memory_state.html", {"state": state, "words": words}
    )


def state_of(tenant: Tenant) -> tuple[str, str]:
    """ok, waiting or refused, and the same in words."""
    try:
        with within(ANSWER_S):
            status = open_account(tenant).fetch_store(tenant.store_id).status
    except MemoryRefused:
        return "refused", "memory refuses us"
    except DomainError:  # unreachable, or the vault keeps the credentials
        return "refused", "memory away"
    if status == "ACTIVE":
        return "ok", "memory ok"
    return "waiting", f"store {status.lower()}"
