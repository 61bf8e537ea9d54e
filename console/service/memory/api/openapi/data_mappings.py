"""Data mappings, described. Contract 10.4."""

from typing import Literal

import msgspec

from console.service import limits
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import (
    ETAG,
    IF_MATCH,
    ORDERED_PAGE_QUERY,
    RECEIPT,
    DataMappingId,
    Moment,
    Shown,
    Version,
    page,
)
from console.service.memory.api import data_mappings


class DataMapping(Shown, frozen=True):
    id: DataMappingId
    display_name: data_mappings.DisplayName
    is_enabled: bool
    mapping_to: data_mappings.Target
    mapping_from: (
        data_mappings.Ingress
        | data_mappings.CloudAppDataset
        | data_mappings.WarehouseDataset
    )
    created_at: Moment
    updated_at: Moment
    version: Version
    description: data_mappings.Description | msgspec.UnsetType = msgspec.UNSET


QUERY = ORDERED_PAGE_QUERY | {
    "type": Literal["INGRESS", "DATASET_CLOUDAPP", "DATASET_WAREHOUSE"]
}

OPERATIONS: Operations = {
    data_mappings.list_data_mappings: Operation(
        {200: page("dataMappings", DataMapping, limits.DATA_MAPPING_PAGE)}, query=QUERY
    ),
    data_mappings.create_data_mapping: Operation(
        RECEIPT, body=data_mappings.CreateDataMapping, refusals=(409,)
    ),
    data_mappings.fetch_data_mapping: Operation({200: Answer(DataMapping, ETAG)}),
    data_mappings.patch_data_mapping: Operation(
        RECEIPT,
        body=data_mappings.PatchDataMapping,
        headers=IF_MATCH,
        refusals=(409, 412),
    ),
    data_mappings.delete_data_mapping: Operation(RECEIPT),
}
