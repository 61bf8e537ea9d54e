"""By what a customer is found."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.masking.masker import control_of, veil_of
from console.profiles.context import whose
from console.tenants.memory import store_of
from console.tenants.permissions import Act
from console.web.access import requires
from console.web.noting import note
from console.web.request import ConsoleRequest


@require_safe
@requires(Act.VIEW_PROFILES)
def identifiers(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """By what this customer is found."""
    store = store_of(request.tenant)
    found = store.list_identifiers(profile_id)
    count = sum(len(each.values) for each in found)
    note(request, "identifiers.listed", of="profile", id_=profile_id, count=count)
    veil = veil_of(request, profile_id)
    shown = [
        (each.id_type, veil.identifier(each.id_type, each.values)) for each in found
    ]
    context = {
        **whose(request, store, profile_id),
        "identifiers": [(kind, values, control_of(values)) for kind, values in shown],
    }
    return render(request, "customers/identifiers.html", context)
