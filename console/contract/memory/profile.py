"""Profiles: one customer each, and many at once. Section 11.1."""

from typing import Annotated, ClassVar

from msgspec import Meta

from console.contract.base import (
    Noun,
    StrictBody,
    Time,
    Url,
    always,
    described,
    limit,
    whole,
)
from console.contract.ids import PROFILE_ID
from console.contract.memory.operation import REFUSALS_MAX, OperationId, Refusal
from console.contract.memory.page import define_page
from console.contract.memory.trait import SentTraits, Traits
from console.contract.memory.trait_group import TRAIT_GROUPS_PER_STORE, TRAITS_PER_GROUP

BULK_PROFILES = limit("BULK_PROFILES", 1000)  # 11.1 [S]
PROFILES_PER_PAGE = 1000  # 4 [S]
# Ours: of a search.
SEARCH_QUERY_MAX = 255
SEARCH_RESULTS, SEARCH_RESULTS_MAX = 20, 100
MERGED_IDS_MAX = 100  # ours: old ids named beside a profile, the newest

ProfileId = Annotated[str, Meta(pattern=whole(PROFILE_ID))]


class ProfileTraits(StrictBody, frozen=True, kw_only=True):
    """Traits by group and name. In a patch null removes a trait."""

    traits: SentTraits | None = None


class PutProfiles(StrictBody, frozen=True, kw_only=True):
    """Each is resolved as if it had been created alone."""

    profiles: Annotated[
        list[ProfileTraits], Meta(min_length=1, max_length=BULK_PROFILES)
    ]


TraitNames = Annotated[
    dict[str, Annotated[list[str], Meta(max_length=TRAITS_PER_GROUP)]],
    Meta(max_length=TRAIT_GROUPS_PER_STORE),
]


class SearchProfiles(StrictBody, frozen=True, kw_only=True):
    """Words that are looked for among the values of traits, without case and accents.

    whole   traits by group that are found by all of their value alone, and only when it
            is all that is looked for
    words   those of which each word is found
    prefix  those of which each word is found, the last one also by its beginning
    Where none of the three is given, all traits are found as `prefix` says.
    """

    query: Annotated[str, Meta(min_length=1, max_length=SEARCH_QUERY_MAX)]
    whole: TraitNames | None = None
    words: TraitNames | None = None
    prefix: TraitNames | None = None
    limit: Annotated[int, Meta(ge=1, le=SEARCH_RESULTS_MAX)] = SEARCH_RESULTS


class SearchResult(Noun, frozen=True, kw_only=True):
    """has_more: these are not all; more words find fewer."""

    profiles: Annotated[tuple[ProfileId, ...], described(maxItems=SEARCH_RESULTS_MAX)]
    has_more: bool = False


class CreatedProfile(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """202: the new profile, or the one that the identifiers lead to.

    refusals  ours: values that were stored and by which the profile is not found
    """

    id: ProfileId
    message: Annotated[str, described(minLength=1, maxLength=255)] = always(str)
    refusals: tuple[Refusal, ...] = ()


class AcceptedProfiles(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """202 of a bulk write: the operation says which items were refused, and ours as
    well."""

    operation_id: OperationId
    created_at: Time
    status_url: Url
    message: Annotated[str, described(minLength=1, maxLength=255)]
    refusals: Annotated[tuple[Refusal, ...], described(maxItems=REFUSALS_MAX)] = ()
    refused_count: Annotated[int, described(minimum=0)] = 0


class Profile(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """One customer.

    merged_ids  ids that it had before merges, the newest merge first: an extension of
                ours, for who asks with includeMergedIds
    """

    kind: ClassVar[str] = "profile"

    id: ProfileId = always(str)
    created_at: Time | None = None
    traits: Traits = always(dict)
    merged_ids: Annotated[
        tuple[ProfileId, ...] | None, described(maxItems=MERGED_IDS_MAX)
    ] = None


class ProfileActivity(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """What is known of one in a list: an extension of ours, for who asks with
    includeActivity. updated_at: when something of it was last written"""

    id: ProfileId = always(str)
    updated_at: Time | None = None
    observations: int | None = None
    summaries: int | None = None


ProfilesPage = define_page(
    "ProfilesPage",
    ProfileId,
    PROFILES_PER_PAGE,
    beside=("activity", tuple[ProfileActivity, ...]),
    help="Ids alone; each profile is fetched by its own.",
)
