"""All that the desk needs of one customer at first sight."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.profiles.selectors.card import card_of
from console.profiles.views.context import rights
from console.tenants.memory import store_of
from console.tenants.policy import Act
from console.web.access import requires
from console.web.noting import note
from console.web.request import ConsoleRequest


@require_safe
@requires(Act.VIEW_PROFILES)
def profile(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The card: who this is, what is known, what happened."""
    card = card_of(store_of(request.tenant), profile_id, now=timezone.now())
    note(
        request,
        "profile.viewed",
        of="profile",
        id_=card.profile.id,
        observations=len(card.observations.items),
        summaries=len(card.summaries.items),
    )
    context = {"card": card, **rights(request)}
    return render(request, "profiles/profile.html", context)
