"""Who a customer is, by trait groups."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.profiles.selectors.traits import trait_groups
from console.tenants.memory import store_of
from console.tenants.policy import Act
from console.web.access import requires
from console.web.identity import name_of
from console.web.noting import note
from console.web.request import ConsoleRequest


@require_safe
@requires(Act.VIEW_PROFILES)
def traits(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Every trait group, with what is unset."""
    store = store_of(request.tenant)
    found = store.fetch_profile(profile_id)
    groups = trait_groups(store, found)
    note(request, "traits.listed", of="profile", id_=found.id, groups=len(groups))
    context = {
        "profile_id": found.id,
        "name": name_of(found.traits),
        "groups": groups,
    }
    return render(request, "profiles/traits.html", context)
