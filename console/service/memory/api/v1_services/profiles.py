"""Profiles of older clients, who declare nothing beforehand. Contract 16.1, 16.2."""

from django.db import transaction
from django.http import HttpResponse

from console.service.http.answers import accepted, answer
from console.service.http.bodies import read_body
from console.service.http.request import ApiRequest
from console.service.memory import identifiers, profiles
from console.service.memory.api.profiles import Lookup, ProfileTraits
from console.service.memory.api.v1_services.declarations import declare
from console.service.memory.stores import get_store


def create_profile(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    traits = read_body(request, ProfileTraits).traits or {}
    with transaction.atomic(using="memory"):
        declare(store, traits)
        profile = profiles.create_profile(store, traits)
    return accepted("accepted", id=profile.id)


def patch_profile(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    traits = read_body(request, ProfileTraits, nulls_at=2).traits or {}
    with transaction.atomic(using="memory"):
        declare(store, traits)
        profiles.patch_profile(store, profile_id, traits)
    return accepted("accepted")


def lookup_profiles(request: ApiRequest, store_id: str) -> HttpResponse:
    """As today, with an object for each profile instead of its id alone."""
    store = get_store(request.account, store_id)
    body = read_body(request, Lookup)
    found = identifiers.look_up_profiles(store, body.id_type, body.value)
    return answer(
        {
            "normalizedValue": found.normalized_value,
            "profiles": [{"id": id_} for id_ in found.profiles],
        }
    )
