"""Profiles, lookup and traits, described. Contract 11.1."""

from typing import Annotated

import msgspec

from console.service import limits
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import (
    ACCEPTED,
    ORDERED_PAGE_QUERY,
    Accepted,
    Moment,
    ProfileId,
    Shown,
    TraitGroupName,
    page,
)
from console.service.memory.api import profiles
from console.service.memory.api.profiles import IdentifierValue, TraitValue

TraitName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=int(limits.TRAIT_NAME))
]
TRAIT_GROUPS_QUERY = {
    "traitGroups": Annotated[
        str,
        msgspec.Meta(min_length=1, max_length=256, description="Names, by commas."),
    ]
}


# Ours: the contract has no way from a profile to the ids that it had before.
MERGED_IDS_QUERY = {"includeMergedIds": bool}


class CreatedProfile(Accepted, frozen=True):
    id: ProfileId = msgspec.field()


class Profile(Shown, frozen=True):
    id: ProfileId
    created_at: Moment
    traits: dict[TraitGroupName, dict[TraitName, TraitValue]]
    merged_ids: (
        Annotated[list[ProfileId], msgspec.Meta(max_length=int(limits.MERGED_IDS))]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class Trait(Shown, frozen=True):
    name: TraitName
    trait_group: TraitGroupName
    value: TraitValue
    timestamp: Moment


class Found(Shown, frozen=True):
    normalized_value: IdentifierValue
    profiles: Annotated[
        list[ProfileId], msgspec.Meta(max_length=int(limits.LOOKUP_RESULTS))
    ]


OPERATIONS: Operations = {
    profiles.list_profiles: Operation(
        {200: page("profiles", ProfileId, limits.PROFILE_PAGE)},
        query=ORDERED_PAGE_QUERY,
    ),
    profiles.create_profile: Operation(
        {202: Answer(CreatedProfile)}, body=profiles.ProfileTraits
    ),
    profiles.lookup_profiles: Operation({200: Answer(Found)}, body=profiles.Lookup),
    profiles.fetch_profile: Operation(
        {200: Answer(Profile)}, query=TRAIT_GROUPS_QUERY | MERGED_IDS_QUERY, moved=301
    ),
    profiles.patch_profile: Operation(ACCEPTED, body=profiles.ProfileTraits, moved=308),
    profiles.delete_profile: Operation(ACCEPTED, moved=308),
    profiles.list_traits: Operation(
        {200: page("traits", Trait, limits.TRAIT_PAGE)},
        query=ORDERED_PAGE_QUERY | TRAIT_GROUPS_QUERY,
        moved=301,
    ),
}
