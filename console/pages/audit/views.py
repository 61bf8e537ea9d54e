"""The audit log for those who may read it. Reading it is itself logged."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.pages.audit.forms import AuditFilterForm
from console.pages.audit.selectors import (
    find_entries,
    list_details,
    list_readable_entries,
)
from console.tenants.actor import Permission
from console.web.render import ConsoleRequest, render_part, require_permission


@require_safe
@require_permission(Permission.VIEW_AUDIT)
def list_entries(request: ConsoleRequest) -> HttpResponse:
    """Newest first; htmx gets the filters and the rows."""
    form = AuditFilterForm(request.GET, role=request.role)
    page = None
    if form.is_valid():
        log_view(request.actor, "audit.read", filters=" ".join(form.used) or "none")
        page = find_entries(request.tenant, request.role, form.cleaned_data)
    return render_part(
        request,
        "audit/list.html",
        "audit/_log.html",
        {"form": form, "page": page},
        status=422 if form.errors else 200,
    )


@require_safe
@require_permission(Permission.VIEW_AUDIT)
def entry(request: ConsoleRequest, seq: int) -> HttpResponse:
    """One entry with its reason and its place in the chain."""
    entries = list_readable_entries(request.tenant, request.role)
    shown = get_object_or_404(entries.select_related("reason"), seq=seq)
    log_view(request.actor, "audit.read", "entry", str(seq))
    context = {"entry": shown, "details": list_details(shown)}
    return render(request, "audit/entry.html", context)
