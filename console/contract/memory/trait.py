"""Traits: what is known of one profile. Section 11.2."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from console.contract.base import Noun, Time, always, described, unchecked
from console.contract.memory.page import define_page
from console.contract.memory.trait_group import TRAIT_NAME_MAX, TraitGroupName

TRAIT_STRING_MAX = 1024  # 11.2 [D]
TRAIT_INTEGER_MAX = 2**31 - 1  # 11.2 [D]: signed 32 bits
TRAIT_ARRAY_MAX = 100  # 11.2 [D]
PAYLOAD_GROUPS_MAX = 50  # 11.1 [S]
PAYLOAD_TRAITS_MAX = 99  # 11.1 [S]
TRAIT_GROUPS_QUERY_MAX = 256  # 11.1 [S]
TRAITS_PER_PAGE = 100  # 4 [S]: the array's cap

TraitName = Annotated[str, described(minLength=1, maxLength=TRAIT_NAME_MAX)]
_Text = Annotated[str, described(maxLength=TRAIT_STRING_MAX)]
_Item = _Text | int | float | bool
# What a profile's trait can hold.
TraitValue = _Item | Annotated[list[_Item], described(maxItems=TRAIT_ARRAY_MAX)]
# Checked against the trait's definition, which no type can do (memory/traits.py).
AnyTraitValue = Annotated[Any, Meta(extra_json_schema=msgspec.json.schema(TraitValue))]
Traits = dict[Annotated[str, unchecked(TraitGroupName)], dict[TraitName, TraitValue]]
SentTraits = Annotated[
    dict[str, Annotated[dict[str, AnyTraitValue], Meta(max_length=PAYLOAD_TRAITS_MAX)]],
    Meta(max_length=PAYLOAD_GROUPS_MAX),
]


class Trait(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """timestamp  when the value was set or last changed"""

    name: TraitName
    trait_group: Annotated[str, unchecked(TraitGroupName)]
    value: AnyTraitValue = always(lambda: None)
    timestamp: Time | None = None


TraitsPage = define_page("TraitsPage", Trait, TRAITS_PER_PAGE)
