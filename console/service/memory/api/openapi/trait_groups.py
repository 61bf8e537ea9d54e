"""Trait groups, described. Contract 10.3."""

from typing import Annotated

import msgspec

from console.service import limits
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import (
    ETAG,
    IF_MATCH,
    ORDERED_PAGE_QUERY,
    RECEIPT,
    Shown,
    TraitGroupName,
    Version,
    meta_of,
    page,
)
from console.service.memory.api import trait_groups

Traits = Annotated[
    dict[str, trait_groups.TraitDefinition],
    msgspec.Meta(max_length=int(limits.TRAITS_PER_GROUP)),
]


class TraitGroup(Shown, frozen=True):
    display_name: TraitGroupName
    version: Version
    description: trait_groups.Description | msgspec.UnsetType = msgspec.UNSET
    traits: Traits | msgspec.UnsetType = msgspec.UNSET


# With one page of its traits.
FetchedTraitGroup = msgspec.defstruct(
    "FetchedTraitGroup",
    [
        ("trait_group", TraitGroup),
        (
            "meta",
            meta_of(
                "traits", limits.TRAIT_DEFINITION_PAGE, name="FetchedTraitGroupMeta"
            ),
        ),
    ],
    bases=(Shown,),
    frozen=True,
)
QUERY = ORDERED_PAGE_QUERY | {"includeTraits": bool}

OPERATIONS: Operations = {
    trait_groups.list_trait_groups: Operation(
        {200: page("traitGroups", TraitGroup, limits.TRAIT_GROUP_PAGE)}, query=QUERY
    ),
    trait_groups.create_trait_group: Operation(
        RECEIPT, body=trait_groups.CreateTraitGroup
    ),
    trait_groups.fetch_trait_group: Operation(
        {200: Answer(FetchedTraitGroup, ETAG)}, query=QUERY
    ),
    trait_groups.patch_trait_group: Operation(
        RECEIPT, body=trait_groups.PatchTraitGroup, headers=IF_MATCH, refusals=(412,)
    ),
    trait_groups.delete_trait_group: Operation(RECEIPT, refusals=(409,)),
}
