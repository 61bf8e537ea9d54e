"""Merges that a person may judge: suggested ones, and those to be taken back. Ours: the
contract has neither."""

from typing import Annotated, Literal, get_args

from msgspec import Meta

from console.contract.base import Noun, StrictBody, Time, always, described, whole
from console.contract.ids import SUGGESTION_ID
from console.contract.memory.identifier import IDENTIFIER_VALUE_MAX, IdentifierSet
from console.contract.memory.identity_settings import ID_TYPE_MAX
from console.contract.memory.page import define_page
from console.contract.memory.profile import ProfileId

MERGE_DAYS = 30  # for so long a merge can be taken back
SHARED_PROFILES_MAX = (
    5  # a value that stands behind more of them joins nobody by itself
)
MERGES_PER_PAGE = 100
LEARNED_MAX = 1000  # named when a merge is taken back

Contradiction = Literal["names", "phones", "emails", "shared", "heard"]
SuggestionId = Annotated[str, Meta(pattern=whole(SUGGESTION_ID))]
_TypeShown = Annotated[str, described(maxLength=ID_TYPE_MAX)]
_ValueShown = Annotated[str, described(maxLength=IDENTIFIER_VALUE_MAX)]


class MergeSuggestion(Noun, frozen=True, kw_only=True):
    """Two profiles that a value would have joined.

    further         more values that would join them
    profiles        the earlier first: it would go on
    contradictions  what tells them apart: names and phones, or names and emails; or
                    shared: the value stands behind more than SHARED_PROFILES_MAX
                    profiles, or values that came without a name; or heard: one has
                    only said it in a conversation
    """

    id: SuggestionId
    id_type: _TypeShown
    value: _ValueShown
    profiles: Annotated[tuple[ProfileId, ...], described(minItems=2, maxItems=2)]
    contradictions: tuple[
        Annotated[str, described(enum=get_args(Contradiction))], ...
    ] = always()
    further: tuple[IdentifierSet, ...] = always()
    created_at: Time


MergeSuggestionsPage = define_page(
    "MergeSuggestionsPage", MergeSuggestion, MERGES_PER_PAGE, key="suggestions"
)


class DecideSuggestion(StrictBody, frozen=True, kw_only=True):
    """accept: they become one; refuse: nothing joins them by itself any more."""

    decision: Literal["accept", "refuse"]


class Merge(Noun, frozen=True, kw_only=True):
    """A merge that can be taken back. id_type and value: what joined the two, empty
    where that has been deleted since."""

    id: ProfileId
    canonical_id: ProfileId
    id_type: _TypeShown
    value: _ValueShown
    merged_at: Time
    unmerge_until: Time


MergesPage = define_page("MergesPage", Merge, MERGES_PER_PAGE)


class LearnedSince(Noun, frozen=True, kw_only=True):
    """id: of an observation or a summary; a trait's group and name; an identifier's type"""

    kind: Annotated[
        str, described(enum=["observation", "summary", "trait", "identifier"])
    ]
    id: Annotated[str, described(maxLength=129)]


class Unmerged(Noun, frozen=True, kw_only=True):
    """Two profiles again. learned: what came since the merge; it stays with the canonical
    one, for a person to sort."""

    id: ProfileId
    canonical_id: ProfileId
    learned: Annotated[tuple[LearnedSince, ...], described(maxItems=LEARNED_MAX)] = (
        always()
    )
