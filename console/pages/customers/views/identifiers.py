"""The identifiers that a customer is found by."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.masking.masker import get_reveal_target, masker_for
from console.profiles.context import build_profile_context
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.request import ConsoleRequest


@require_safe
@require_permission(Permission.VIEW_PROFILES)
def identifiers(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The identifiers that this customer is found by."""
    store = open_store(request.tenant)
    found = store.list_identifiers(profile_id)
    count = sum(len(held.values) for held in found)
    log_view(
        request.actor,
        "identifiers.listed",
        object_type="profile",
        object_id=profile_id,
        count=count,
    )
    masker = masker_for(request.actor, profile_id)
    shown = [
        (held.id_type, masker.mask_identifier(held.id_type, held.values))
        for held in found
    ]
    context = {
        **build_profile_context(request, store, profile_id),
        "identifiers": [
            (kind, values, get_reveal_target(values)) for kind, values in shown
        ],
    }
    return render(request, "customers/identifiers.html", context)
