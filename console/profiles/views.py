"""A store's profiles, and everything known of one; each part has an address."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from console.client.store import StoreClient
from console.profiles import selectors
from console.profiles.forms import ObservationsForm, PageForm
from console.tenants.memory import store_of
from console.tenants.policy import Act, may
from console.web.access import requires
from console.web.forms import check_form
from console.web.identity import name_of
from console.web.noting import note
from console.web.render import render_part, wants_part
from console.web.request import ConsoleRequest

PROFILES_A_PAGE = 25


@require_safe
@requires(Act.VIEW_PROFILES)
def list_page(request: ConsoleRequest) -> HttpResponse:
    """The store's profiles, newest first."""
    query = check_form(PageForm(request.GET))
    store = store_of(request.tenant)
    page = store.list_profiles(page_token=query["page"], page_size=PROFILES_A_PAGE)
    people = selectors.people(store, page.items)
    note(request, "profile.listed", count=len(people))
    return render_part(
        request,
        page="profiles/list.html",
        part="profiles/_people.html",
        context={"people": people, "page": page},
    )


@require_safe
@requires(Act.VIEW_PROFILES)
def profile(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The card: who this is, what is known, what happened."""
    card = selectors.card_of(store_of(request.tenant), profile_id, now=timezone.now())
    note(
        request,
        "profile.viewed",
        of="profile",
        id_=card.profile.id,
        observations=len(card.observations.items),
        summaries=len(card.summaries.items),
    )
    context = {"card": card, **_rights(request)}
    return render(request, "profiles/profile.html", context)


@require_safe
@requires(Act.VIEW_PROFILES)
def traits(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Every trait group, with what is unset."""
    store = store_of(request.tenant)
    found = store.fetch_profile(profile_id)
    groups = selectors.trait_groups(store, found)
    note(request, "traits.listed", of="profile", id_=found.id, groups=len(groups))
    context = {
        "profile_id": found.id,
        "name": name_of(found.traits),
        "groups": groups,
    }
    return render(request, "profiles/traits.html", context)


@require_safe
@requires(Act.VIEW_PROFILES)
def identifiers(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """By what this customer is found."""
    store = store_of(request.tenant)
    found = store.list_identifiers(profile_id)
    count = sum(len(each.values) for each in found)
    note(request, "identifiers.listed", of="profile", id_=profile_id, count=count)
    context = {**_whose(request, store, profile_id), "identifiers": found}
    return render(request, "profiles/identifiers.html", context)


@require_safe
@requires(Act.VIEW_PROFILES)
def observations(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The timeline, a page of the memory's list at a time."""
    query = check_form(ObservationsForm(request.GET))
    store = store_of(request.tenant)
    page = store.list_observations(
        profile_id,
        page_token=query["page"],
        source=query["source"],
        conversation_id=query["conversation"],
    )
    count = len(page.items)
    note(request, "observations.listed", of="profile", id_=profile_id, count=count)
    return render_part(
        request,
        page="profiles/observations.html",
        part="profiles/_moments.html",
        context={
            **_whose(request, store, profile_id),
            "page": page,
            "days": selectors.by_day(page.items),
            "filters": query,
            **_rights(request),
        },
    )


@require_safe
@requires(Act.VIEW_PROFILES)
def observation(
    request: ConsoleRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    """One observation with every state it had."""
    store = store_of(request.tenant)
    query = check_form(PageForm(request.GET))
    found = store.fetch_observation(profile_id, observation_id)
    revisions = store.list_revisions(
        profile_id, observation_id, page_token=query["page"]
    )
    note(request, "observation.viewed", of="observation", id_=observation_id)
    context = {
        **_whose(request, store, profile_id),
        "observation": found,
        "revisions": revisions,
        **_rights(request),
    }
    return render(request, "profiles/observation.html", context)


@require_safe
@requires(Act.VIEW_PROFILES)
def summaries(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """What conversations came to, newest first."""
    query = check_form(ObservationsForm(request.GET))
    store = store_of(request.tenant)
    page = store.list_summaries(
        profile_id,
        page_token=query["page"],
        conversation_id=query["conversation"],
    )
    count = len(page.items)
    note(request, "summaries.listed", of="profile", id_=profile_id, count=count)
    return render_part(
        request,
        page="profiles/summaries.html",
        part="profiles/_summaries.html",
        context={
            **_whose(request, store, profile_id),
            "page": page,
            "filters": query,
            **_rights(request),
        },
    )


@require_safe
@requires(Act.VIEW_PROFILES)
def summary(request: ConsoleRequest, profile_id: str, summary_id: str) -> HttpResponse:
    """One summary, whole."""
    store = store_of(request.tenant)
    found = store.fetch_summary(profile_id, summary_id)
    note(request, "summary.viewed", of="summary", id_=summary_id)
    context = {
        **_whose(request, store, profile_id),
        "summary": found,
        **_rights(request),
    }
    return render(request, "profiles/summary.html", context)


def _whose(
    request: ConsoleRequest, store: StoreClient, profile_id: str
) -> dict[str, str]:
    """Who a part of a profile belongs to: acting on the wrong person is the worst."""
    # More rows go into a page that says so already: no call for them.
    known = wants_part(request)
    name = "" if known else name_of(store.fetch_profile(profile_id).traits)
    return {"profile_id": profile_id, "name": name}


def _rights(request: ConsoleRequest) -> dict[str, Any]:
    return {"may_delete": may(request.role, Act.DELETE)}
