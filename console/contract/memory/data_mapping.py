"""Data mappings: how columns of a source become traits. Section 10.4."""

from typing import Annotated, Literal

from msgspec import Meta

from console.contract.base import (
    Body,
    Noun,
    StrictBody,
    Time,
    Version,
    always,
    unchecked,
    whole,
)
from console.contract.ids import DATA_MAPPING_ID, DATASET_ID
from console.contract.memory.page import define_page
from console.contract.memory.trait_group import TRAIT_NAME, TraitGroupName

DATA_MAPPING_NAME_MAX = 64  # 10.4 [S]
DATA_MAPPING_DESCRIPTION_MAX = 512  # 10.4 [S]
DATA_MAPPING_ITEMS_MAX = 100  # 10.4 [S]
DATA_MAPPING_COLUMNS_MAX = 100  # 10.4 [S]
DATA_MAPPING_EXPRESSION_MAX = 256  # 10.4 [S]: expressions and column names
DATA_MAPPING_TRAIT_MAX = 128  # 10.4 [S]
DATA_MAPPINGS_PER_PAGE = 100  # 4 [S]

SourceType = Literal["INGRESS", "DATASET_CLOUDAPP", "DATASET_WAREHOUSE"]
DATASETS = ("DATASET_CLOUDAPP", "DATASET_WAREHOUSE")
SOURCE_TYPES = ("INGRESS", *DATASETS)

DataMappingId = Annotated[str, Meta(pattern=whole(DATA_MAPPING_ID))]
DataMappingName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=DATA_MAPPING_NAME_MAX,
        pattern=r"^[a-zA-Z][a-zA-Z0-9.-]*\Z",
    ),
]
DataMappingDescription = Annotated[
    str, Meta(min_length=1, max_length=DATA_MAPPING_DESCRIPTION_MAX)
]
Expression = Annotated[str, Meta(min_length=1, max_length=DATA_MAPPING_EXPRESSION_MAX)]


class MappingSource(StrictBody, frozen=True, kw_only=True, tag_field="type"):
    """Base of the three sources; their tags are SOURCE_TYPES."""


class Ingress(MappingSource, frozen=True, kw_only=True, tag="INGRESS"):
    columns: Annotated[
        list[Expression], Meta(min_length=1, max_length=DATA_MAPPING_COLUMNS_MAX)
    ]


class Dataset(MappingSource, frozen=True, kw_only=True):
    """Base of the two kinds of dataset, by its id."""

    dataset_id: Annotated[str, Meta(pattern=whole(DATASET_ID))]


class CloudAppDataset(Dataset, frozen=True, kw_only=True, tag="DATASET_CLOUDAPP"):
    pass


class WarehouseDataset(Dataset, frozen=True, kw_only=True, tag="DATASET_WAREHOUSE"):
    pass


Source = Ingress | CloudAppDataset | WarehouseDataset


class MappedTrait(StrictBody, frozen=True, kw_only=True):
    expression: Expression
    trait_group: TraitGroupName
    trait_name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=DATA_MAPPING_TRAIT_MAX,
            pattern=rf"^{TRAIT_NAME.pattern}\Z",
        ),
    ]


class MappingTarget(StrictBody, frozen=True, kw_only=True):
    """`type` is a field and no tag: of a lone struct msgspec lets the tag be absent."""

    type: Literal["TRAITS"]
    mappings: Annotated[
        list[MappedTrait], Meta(min_length=1, max_length=DATA_MAPPING_ITEMS_MAX)
    ]


class CreateDataMapping(Body, frozen=True, kw_only=True):
    display_name: DataMappingName
    mapping_to: MappingTarget
    mapping_from: Source
    description: DataMappingDescription | None = None
    is_enabled: bool = True


class PatchDataMapping(Body, frozen=True, kw_only=True):
    """At least one field; a given `mapping_to` replaces all of the former one."""

    display_name: DataMappingName | None = None
    description: DataMappingDescription | None = None
    is_enabled: bool | None = None
    mapping_to: MappingTarget | None = None


class DataMapping(Noun, omit_defaults=True, frozen=True, kw_only=True):
    id: DataMappingId
    display_name: Annotated[str, unchecked(DataMappingName)]
    description: Annotated[str, unchecked(DataMappingDescription)] = ""
    is_enabled: bool = always(lambda: True)
    mapping_to: MappingTarget
    mapping_from: Source
    created_at: Time
    updated_at: Time
    version: Version


DataMappingsPage = define_page("DataMappingsPage", DataMapping, DATA_MAPPINGS_PER_PAGE)
