"""A customer's traits, by trait group."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.masking.masker import masker_for
from console.profiles.context import get_permissions
from console.profiles.traits import ProfileTraits, fetch_profile_traits
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.request import ConsoleRequest


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def traits(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Every trait group; `?correct=Contact.email` opens that trait's form.

    `?all=Contact` shows the unset traits of a group with more than UNSET_MAX.
    """
    found = read_traits(request, profile_id)
    asked = request.GET.get("correct", "")
    for row in found.rows:
        if asked and row.subject == asked and row.is_correctable:
            slug = request.tenant.slug
            return redirect(
                "traits:correct", slug, found.profile_id, row.group, row.name
            )
    return render(request, "traits/traits.html", build_traits_context(request, found))


def read_traits(request: ConsoleRequest, profile_id: str) -> ProfileTraits:
    """All traits as the person may see them, with an entry in the audit log."""
    masker = masker_for(request.actor, profile_id)
    found = fetch_profile_traits(open_store(request.tenant), profile_id, masker)
    log_view(
        request.actor,
        "traits.listed",
        object_type="profile",
        object_id=found.profile_id,
        groups=len(found.groups),
    )
    return found


def build_traits_context(
    request: ConsoleRequest, found: ProfileTraits
) -> dict[str, Any]:
    return {
        "profile_id": found.profile_id,
        # Initials, also while the name is revealed: its clear form is in one place only.
        "name": masker_for(request.actor).mask_name(found.values),
        "traits": found,
        **get_permissions(request),
        "all": request.GET.get("all", ""),
    }
