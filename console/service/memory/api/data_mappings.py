"""Data mappings. Contract 10.4."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from django.http import HttpResponse

from console.contract.times import to_wire
from console.service import errors, limits
from console.service.http import operations
from console.service.http.answers import answer, etag, operation_accepted, present
from console.service.http.bodies import Body, StrictBody, check_deletion, read_body
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.memory import data_mappings
from console.service.memory.api.observations import changes_of
from console.service.memory.models import DataMapping
from console.service.memory.stores import get_store
from console.service.memory.trait_groups import TRAIT_NAME

DisplayName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=int(limits.DATA_MAPPING_NAME),
        pattern=r"^[a-zA-Z][a-zA-Z0-9.-]*\Z",
    ),
]
Description = Annotated[
    str, msgspec.Meta(min_length=1, max_length=int(limits.DATA_MAPPING_DESCRIPTION))
]
Expression = Annotated[
    str, msgspec.Meta(min_length=1, max_length=int(limits.DATA_MAPPING_EXPRESSION))
]


class Source(StrictBody, frozen=True, tag_field="type"):
    """Base of the three sources; their tags are data_mappings.SOURCE_TYPES."""


class Ingress(Source, frozen=True, tag="INGRESS"):
    columns: Annotated[
        list[Expression],
        msgspec.Meta(min_length=1, max_length=int(limits.DATA_MAPPING_COLUMNS)),
    ]


class Dataset(Source, frozen=True):
    """Base of the two kinds of dataset, by its id."""

    dataset_id: Annotated[
        str, msgspec.Meta(pattern=r"^tdi_dataset_[0-7][0-9a-z]{25}\Z")
    ]


class CloudAppDataset(Dataset, frozen=True, tag="DATASET_CLOUDAPP"):
    pass


class WarehouseDataset(Dataset, frozen=True, tag="DATASET_WAREHOUSE"):
    pass


class MappedTrait(StrictBody, frozen=True):
    expression: Expression
    trait_group: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=int(limits.TRAIT_GROUP_NAME),
            pattern=r"^[a-zA-Z0-9_\-\.]+\Z",
        ),
    ]
    trait_name: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=int(limits.DATA_MAPPING_TRAIT),
            pattern=rf"^{TRAIT_NAME.pattern}\Z",
        ),
    ]


class Target(StrictBody, frozen=True):
    """`type` is a field and no tag: of a lone struct msgspec lets the tag be absent."""

    type: Literal["TRAITS"]
    mappings: Annotated[
        list[MappedTrait],
        msgspec.Meta(min_length=1, max_length=int(limits.DATA_MAPPING_ITEMS)),
    ]


class CreateDataMapping(Body, frozen=True):
    display_name: DisplayName
    mapping_to: Target
    mapping_from: Ingress | CloudAppDataset | WarehouseDataset
    description: Description | None = None
    is_enabled: bool = True


class PatchDataMapping(Body, frozen=True):
    display_name: DisplayName | None = None
    description: Description | None = None
    is_enabled: bool | None = None
    mapping_to: Target | None = None


def list_data_mappings(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    page = read_page(request, cap=limits.DATA_MAPPING_PAGE, filters=("type",))
    rows = DataMapping.objects.of(store)
    if source_type := _source_type_of(page.filters):
        rows = rows.filter(source_type=source_type)
    return answer_page(
        request,
        rows,
        page,
        key="dataMappings",
        sort=("created_at", "id"),
        show=show_data_mapping,
    )


def create_data_mapping(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    fields = _fields_of(read_body(request, CreateDataMapping))
    mapping = data_mappings.create_data_mapping(store, fields)
    return _completed(request, store_id, mapping.id)


def fetch_data_mapping(
    request: ApiRequest, store_id: str, mapping_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    mapping = data_mappings.get_data_mapping(store, mapping_id)
    return answer(show_data_mapping(mapping), headers=etag(mapping.version))


def patch_data_mapping(
    request: ApiRequest, store_id: str, mapping_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    data_mappings.patch_data_mapping(
        store,
        mapping_id,
        if_match=request.headers.get("If-Match", ""),
        changes=_fields_of(read_body(request, PatchDataMapping)),
    )
    return _completed(request, store_id, mapping_id)


def delete_data_mapping(
    request: ApiRequest, store_id: str, mapping_id: str
) -> HttpResponse:
    check_deletion(request)
    store = get_store(request.account, store_id)
    data_mappings.delete_data_mapping(store, mapping_id)
    return _completed(request, store_id, mapping_id)


def show_data_mapping(mapping: DataMapping) -> dict[str, Any]:
    return present(
        id=mapping.id,
        displayName=mapping.display_name,
        description=mapping.description,
        isEnabled=mapping.is_enabled,
        mappingTo=mapping.mapping_to,
        mappingFrom=mapping.mapping_from,
        createdAt=to_wire(mapping.created_at),
        updatedAt=to_wire(mapping.updated_at),
        version=mapping.version,
    )


def _fields_of(body: CreateDataMapping | PatchDataMapping) -> dict[str, Any]:
    """What a body names, as columns: source and target in the contract's form."""
    given = changes_of(body)
    return {name: msgspec.to_builtins(value) for name, value in given.items()}


def _source_type_of(query: Mapping[str, str]) -> str:
    """The `type` filter, empty when absent. Raises Invalid."""
    text = query.get("type", "")
    if text and text not in data_mappings.SOURCE_TYPES:
        words = ", ".join(data_mappings.SOURCE_TYPES)
        raise errors.Invalid(f"type: must be one of {words}")
    return text


def _completed(request: ApiRequest, store_id: str, mapping_id: str) -> HttpResponse:
    operation = operations.complete(
        request.account,
        result_id=mapping_id,
        result_path=f"/v1/ControlPlane/Stores/{store_id}/DataMappings/{mapping_id}",
    )
    return operation_accepted(request, operation)
