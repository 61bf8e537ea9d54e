"""Stores, described. Contract 10.1."""

from typing import Annotated, Literal

import msgspec

from console.service import limits
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import (
    ETAG,
    IF_MATCH,
    ORDERED_PAGE_QUERY,
    RECEIPT,
    Shown,
    StoreId,
    Version,
    page,
)
from console.service.memory.api import stores


class Store(Shown, frozen=True):
    id: StoreId
    display_name: stores.DisplayName
    status: Literal["QUEUED", "PROVISIONING", "ACTIVE", "FAILED"]
    intelligence_service_id: Annotated[str, msgspec.Meta(max_length=64)] | None
    version: Version
    description: stores.Description | msgspec.UnsetType = msgspec.UNSET


OPERATIONS: Operations = {
    stores.list_stores: Operation(
        {200: page("stores", StoreId, limits.STORE_PAGE)}, query=ORDERED_PAGE_QUERY
    ),
    stores.create_store: Operation(RECEIPT, body=stores.CreateStore),
    stores.fetch_store: Operation({200: Answer(Store, ETAG)}),
    stores.patch_store: Operation(
        RECEIPT, body=stores.PatchStore, headers=IF_MATCH, refusals=(412,)
    ),
    stores.delete_store: Operation(RECEIPT),
}
