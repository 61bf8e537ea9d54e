"""Traits: what is known of one profile. Section 11.2."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from console.contract.base import Noun, Time, always, described
from console.contract.memory.page import PageMeta
from console.contract.memory.trait_group import TRAIT_GROUP_NAME_MAX, TRAIT_NAME_MAX

TRAIT_STRING_MAX = 1024  # 11.2 [D]
TRAIT_INTEGER_MAX = 2**31 - 1  # 11.2 [D]: signed 32 bits
TRAIT_ARRAY_MAX = 100  # 11.2 [D]
PAYLOAD_GROUPS_MAX = 50  # 11.1 [S]
PAYLOAD_TRAITS_MAX = 99  # 11.1 [S]
TRAIT_GROUPS_QUERY_MAX = 256  # 11.1 [S]
TRAITS_PER_PAGE = 100  # 4 [S]: the array's cap

# What a profile's trait can hold, and what a patch says to remove one.
TraitValue = str | int | float | bool | list[str | int | float | bool]

_SCALARS = [
    {"type": "string", "maxLength": TRAIT_STRING_MAX},
    {"type": ["number", "boolean"]},
]
_ARRAY = {"type": "array", "items": {"anyOf": _SCALARS}, "maxItems": TRAIT_ARRAY_MAX}
_SCHEMA = {"anyOf": [*_SCALARS, _ARRAY]}
AnsweredTraitValue = Annotated[TraitValue, Meta(extra_json_schema=_SCHEMA)]
# Checked against the trait's definition, which no type can do (memory/traits.py).
AnyTraitValue = Annotated[Any, Meta(extra_json_schema=_SCHEMA)]
Traits = dict[str, dict[str, AnsweredTraitValue]]
SentTraits = Annotated[
    dict[str, Annotated[dict[str, AnyTraitValue], Meta(max_length=PAYLOAD_TRAITS_MAX)]],
    Meta(max_length=PAYLOAD_GROUPS_MAX),
]


class Trait(Noun, frozen=True, kw_only=True):
    """timestamp  when the value was set or last changed"""

    sample: ClassVar[dict[str, Any]] = {
        "name": "city",
        "traitGroup": "Contact",
        "value": "Bern",
        "timestamp": "2026-01-05T09:00:00Z",
    }

    name: Annotated[str, described(minLength=1, maxLength=TRAIT_NAME_MAX)]
    trait_group: Annotated[str, described(maxLength=TRAIT_GROUP_NAME_MAX)]
    value: AnsweredTraitValue
    timestamp: Time


class TraitsPage(Noun, frozen=True, kw_only=True):
    sample: ClassVar[dict[str, Any]] = {
        "traits": [Trait.sample],
        "meta": {"key": "traits", "pageSize": 1},
    }

    traits: Annotated[tuple[Trait, ...], described(maxItems=TRAITS_PER_PAGE)] = always()
    meta: PageMeta
