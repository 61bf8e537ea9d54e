"""Trait groups: what may be known of a customer, and as what type. Section 10.3."""

import re
from typing import Annotated, Any, ClassVar, Literal, get_args

from msgspec import Meta

from console.contract.base import (
    Noun,
    StrictBody,
    Version,
    always,
    described,
    limit,
    one_of,
    unchecked,
)
from console.contract.memory.identity_settings import ID_TYPE_MAX
from console.contract.memory.page import PageMeta, define_page, paging

TRAIT_GROUPS_PER_STORE = limit("TRAIT_GROUPS_PER_STORE", 50)  # 14 [S]
TRAITS_PER_GROUP = limit("TRAITS_PER_GROUP", 95)  # 14 [S][D]
TRAIT_GROUP_NAME_MAX = 64  # 10.3 [S]
TRAIT_GROUP_DESCRIPTION_MAX = 1024  # 10.3 [S]
TRAIT_PATTERN_MAX = 1000  # 10.3 [S]
TRAIT_NAME_MAX = 64  # 11.1 [S]
TRAIT_GROUPS_PER_PAGE = 50  # 4 [S]: the array's cap
TRAIT_DEFINITIONS_PER_PAGE = 95  # 4 [S]

TRAIT_GROUP_NAME = re.compile(r"[a-zA-Z0-9_\-\.]+")
# After normalising: `first_name` has become `firstName` (17, 16).
TRAIT_NAME = re.compile(r"[a-z][a-zA-Z0-9_\-.]*")

DataType = Literal["STRING", "NUMBER", "BOOLEAN", "ARRAY", ""]


def get_data_type(value: Any) -> DataType:
    """Of a trait's value. What is of no type at all is refused as a value."""
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int | float):
        return "NUMBER"
    return "ARRAY" if isinstance(value, list) else "STRING"


def simplify_name(name: str) -> str:
    """`First name`, `first_name` and `firstName` are one trait (17, 16)."""
    return "".join(filter(str.isalnum, name)).casefold()


RuleCount = Annotated[int, Meta(ge=0)]
TraitGroupName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=TRAIT_GROUP_NAME_MAX,
        pattern=rf"^{TRAIT_GROUP_NAME.pattern}\Z",
    ),
]
TraitGroupDescription = Annotated[str, Meta(max_length=TRAIT_GROUP_DESCRIPTION_MAX)]


class Rule(StrictBody, frozen=True, kw_only=True, tag_field="ruleType"):
    """Base of the four validation rules; `ruleType` has to be the trait's dataType."""


class StringRule(Rule, frozen=True, kw_only=True, tag="STRING"):
    """pattern  RE2, found anywhere in the text; lengths are in characters"""

    pattern: Annotated[str, Meta(max_length=TRAIT_PATTERN_MAX)] = ""
    min_length: RuleCount | None = None
    max_length: Annotated[int, Meta(ge=1)] | None = None


class NumberRule(Rule, frozen=True, kw_only=True, tag="NUMBER"):
    min: int | float | None = None
    max: int | float | None = None


class BooleanRule(Rule, frozen=True, kw_only=True, tag="BOOLEAN"):
    pass


class ArrayRule(Rule, frozen=True, kw_only=True, tag="ARRAY"):
    min_items: RuleCount | None = None
    max_items: RuleCount | None = None


ValidationRule = StringRule | NumberRule | BooleanRule | ArrayRule


class TraitDefinition(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """One trait.

    data_type          STRING, NUMBER, BOOLEAN or ARRAY; in a patch "" removes the trait
    validation_rule    as it was declared
    id_type_promotion  the identifier type that the trait's value becomes one of
    """

    data_type: Annotated[str, described(enum=get_args(DataType))]
    description: Annotated[str, unchecked(TraitGroupDescription)] = ""
    # Any rule is read, also one that is not described.
    validation_rule: Annotated[dict[str, Any], one_of(ValidationRule)] | None = None
    id_type_promotion: Annotated[str, described(maxLength=ID_TYPE_MAX)] = ""


class NewTraitDefinition(StrictBody, frozen=True, kw_only=True):
    """A trait as it is declared: only what the memory can check."""

    data_type: DataType
    description: TraitGroupDescription = ""
    validation_rule: ValidationRule | None = None
    id_type_promotion: Annotated[str, Meta(max_length=ID_TYPE_MAX)] = ""


NewDefinitions = dict[str, NewTraitDefinition]


class PatchTraitGroup(StrictBody, frozen=True, kw_only=True):
    """Adds and replaces the traits that are named; the others stay."""

    description: TraitGroupDescription | None = None
    traits: NewDefinitions = {}


class CreateTraitGroup(StrictBody, frozen=True, kw_only=True):
    display_name: TraitGroupName
    description: TraitGroupDescription = ""
    traits: NewDefinitions = {}


class TraitGroup(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """traits  by name; None where they were not asked for"""

    display_name: Annotated[str, unchecked(TraitGroupName)]
    description: Annotated[str, unchecked(TraitGroupDescription)] = ""
    traits: (
        Annotated[dict[str, TraitDefinition], described(maxProperties=TRAITS_PER_GROUP)]
        | None
    ) = None
    version: Version

    @property
    def definitions(self) -> dict[str, TraitDefinition]:
        """`traits`, none where they were not asked for."""
        return self.traits or {}


TraitGroupsPage = define_page("TraitGroupsPage", TraitGroup, TRAIT_GROUPS_PER_PAGE)


class FetchedTraitGroup(Noun, frozen=True, kw_only=True):
    """One group in a wrapper that the groups of a list lack, with a page of its traits."""

    most: ClassVar[int] = TRAIT_DEFINITIONS_PER_PAGE

    trait_group: TraitGroup = always(lambda: TraitGroup(display_name="", version=1))
    meta: Annotated[PageMeta, paging("traits", TRAIT_DEFINITIONS_PER_PAGE)] = always(
        PageMeta
    )
