"""Profiles of older clients, who declare nothing beforehand. Contract 16.1, 16.2.

Only current clients declare groups and traits; for older ones the first value that is
written of a trait decides about its type.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.db import transaction
from django.http import HttpResponse

from console.contract.memory.error import Code
from console.contract.memory.identifier import Identifier
from console.contract.memory.profile import CreatedProfile, ProfileTraits
from console.contract.memory.trait_group import CreateTraitGroup, get_data_type
from console.contract.memory.v1_services import ProfileReference, V1LookupResult
from console.service import errors
from console.service.http.answers import accepted, answer
from console.service.http.description.operation import ACCEPTED, operation
from console.service.http.request import ApiRequest, read_body
from console.service.memory import identifiers, profiles
from console.service.memory.models import Store, TraitGroup
from console.service.memory.stores import lock_store
from console.service.memory.trait_groups import (
    Definitions,
    create_trait_group,
    normalise_trait_name,
    patch_trait_group,
)
from console.service.memory.traits import Payload


@operation(
    "Like create profile, but unknown groups and traits are declared automatically.",
    {202: CreatedProfile},
    body=ProfileTraits,
    sample={
        "traits": {"Contact": {"email": "ada@example.com"}, "Account": {"tier": "gold"}}
    },
)
def create_profile(request: ApiRequest) -> HttpResponse:
    traits = read_body(request, ProfileTraits).traits or {}
    with transaction.atomic(using="memory"):
        declare(request.store, traits)
        profile, unfit = profiles.create_profile(request.store, traits)
    return accepted(unfit, id=profile.id)


@operation(
    "Like patch profile, but unknown groups and traits are declared automatically.",
    ACCEPTED,
    body=ProfileTraits,
    sample={"traits": {"Account": {"tier": "gold"}}},
)
def patch_profile(request: ApiRequest, profile_id: str) -> HttpResponse:
    traits = read_body(request, ProfileTraits, nulls_at=(2,)).traits or {}
    with transaction.atomic(using="memory"):
        declare(request.store, traits)
        unfit = profiles.patch_profile(request.store, profile_id, traits)
    return accepted(unfit)


@operation(
    "Like look up profiles, but each profile is an object with its id.",
    {200: V1LookupResult},
    summary="Look up profiles",
    body=Identifier,
    sample={"idType": "email", "value": "ada@example.com"},
)
def lookup_profiles(request: ApiRequest) -> HttpResponse:
    body = read_body(request, Identifier)
    found = identifiers.look_up_profiles(request.store, body.id_type, body.value)
    return answer(
        V1LookupResult(
            normalized_value=found.normalized_value,
            profiles=tuple(ProfileReference(id=id_) for id_ in found.profiles),
        )
    )


def declare(store: Store, payload: Payload) -> None:
    """Declares what the payload names and the store does not know.

    Within the transaction of the write. Raises Invalid: a name that cannot be one,
    or more groups or traits than the store may have.
    """
    lock_store(store)
    groups = {
        group.display_name: group.traits
        for group in TraitGroup.objects.of(store).filter(display_name__in=payload)
    }
    for name, values in payload.items():
        if name not in groups:
            try:
                msgspec.convert({"displayName": name}, CreateTraitGroup)
            except msgspec.ValidationError as exc:
                raise errors.Invalid(
                    f"traits.{name:.64}: invalid trait group name", code=Code.SCHEMA
                ) from exc
            create_trait_group(
                store, display_name=name, description="", traits=_undeclared(values, {})
            )
        elif undeclared := _undeclared(values, groups[name]):
            patch_trait_group(
                store, name, if_match="", description=None, traits=undeclared
            )


def _undeclared(values: Mapping[str, Any], declared: Definitions) -> Definitions:
    """Definitions of the traits that are not declared; a null tells no type."""
    named = {normalise_trait_name(name): value for name, value in values.items()}
    return {
        name: {"dataType": get_data_type(value)}
        for name, value in named.items()
        if name not in declared and value is not None
    }
