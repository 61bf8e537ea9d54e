"""What is masked and pinned, for everybody who works for the tenant."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from console.pages.display.forms import DisplaySettingsForm, update_display_settings
from console.profiles.schema import fetch_trait_groups
from console.tenants.actor import Permission
from console.tenants.vault import open_store
from console.web.render import ConsoleRequest, require_permission


@require_http_methods(["GET", "HEAD", "POST"])
@require_permission(Permission.UPDATE_DISPLAY_SETTINGS)
def display(request: ConsoleRequest) -> HttpResponse:
    """Shows nothing of a customer: the examples are made up."""
    groups = fetch_trait_groups(open_store(request.tenant))
    given = request.POST if request.method == "POST" else None
    form = DisplaySettingsForm(given, request=request, groups=groups)
    if form.is_valid():
        wanted = form.get_settings()
        known = [group.display_name for group in groups]
        update_display_settings(request, wanted, known=known, reason=form.reason)
        name = request.tenant.name
        messages.success(
            request, f"Saved. Everybody at {name} sees it from the next page load."
        )
        return redirect("display:display", request.tenant.slug)
    status = 422 if form.errors else 200
    return render(request, "display/display.html", {"form": form}, status=status)
