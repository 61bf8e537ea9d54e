"""By what a customer is found."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.profiles.views.context import whose
from console.tenants.memory import store_of
from console.tenants.policy import Act
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
    context = {**whose(request, store, profile_id), "identifiers": found}
    return render(request, "profiles/identifiers.html", context)
