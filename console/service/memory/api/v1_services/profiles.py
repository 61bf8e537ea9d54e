"""Profiles of older clients, who declare nothing beforehand. Contract 16.1, 16.2."""

from django.db import transaction
from django.http import HttpResponse

from console.contract.memory.identifier import Identifier
from console.contract.memory.profile import CreatedProfile, ProfileTraits
from console.contract.memory.v1_services import ProfileReference, V1LookupResult
from console.service.http.answers import accepted, answer
from console.service.http.bodies import read_body
from console.service.http.description.operation import ACCEPTED, operation
from console.service.http.request import ApiRequest
from console.service.memory import identifiers, profiles
from console.service.memory.api.profiles import profile_accepted
from console.service.memory.api.v1_services.declarations import declare
from console.service.memory.stores import get_store


@operation(
    "Like create profile, but unknown groups and traits are declared automatically.",
    {202: CreatedProfile},
    body=ProfileTraits,
    sample={
        "traits": {
            "Contact": {"email": "ada@example.com"},
            "Account": {"tier": "gold"},
        }
    },
)
def create_profile(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    traits = read_body(request, ProfileTraits).traits or {}
    with transaction.atomic(using="memory"):
        declare(store, traits)
        profile = profiles.create_profile(store, traits)
    return profile_accepted(profile)


@operation(
    "Like patch profile, but unknown groups and traits are declared automatically.",
    ACCEPTED,
    body=ProfileTraits,
    sample={"traits": {"Account": {"tier": "gold"}}},
    moved=308,
)
def patch_profile(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    traits = read_body(request, ProfileTraits, nulls_at=2).traits or {}
    with transaction.atomic(using="memory"):
        declare(store, traits)
        profiles.patch_profile(store, profile_id, traits)
    return accepted()


@operation(
    "Like look up profiles, but each profile is an object with its id.",
    {200: V1LookupResult},
    summary="Look up profiles",
    body=Identifier,
    sample={"idType": "email", "value": "ada@example.com"},
)
def lookup_profiles(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, Identifier)
    found = identifiers.look_up_profiles(store, body.id_type, body.value)
    return answer(
        V1LookupResult(
            normalized_value=found.normalized_value,
            profiles=tuple(ProfileReference(id=id_) for id_ in found.profiles),
        )
    )
