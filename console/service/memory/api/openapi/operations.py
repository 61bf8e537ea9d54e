"""Operations, described. Contract 6.1."""

from typing import Annotated, Literal

import msgspec

from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import (
    RETRY_AFTER,
    Moment,
    OperationId,
    Shown,
    Url,
)
from console.service.memory.api import operations


class Result(Shown, frozen=True):
    type: Literal["RESOURCE_ID"]
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class OperationError(Shown, frozen=True):
    type: Url
    title: Annotated[str, msgspec.Meta(max_length=128)]
    code: int
    detail: Annotated[str, msgspec.Meta(max_length=1024)]


class OperationState(Shown, frozen=True):
    operation_id: OperationId
    status: Literal["PENDING", "RUNNING", "CANCELLED", "COMPLETED", "FAILED"]
    created_at: Moment
    status_url: Url
    completed_at: Moment | msgspec.UnsetType = msgspec.UNSET
    result: Result | msgspec.UnsetType = msgspec.UNSET
    result_url: Url | msgspec.UnsetType = msgspec.UNSET
    error: OperationError | msgspec.UnsetType = msgspec.UNSET


OPERATIONS: Operations = {
    operations.fetch_operation: Operation(
        {200: Answer(OperationState, {"Operation-Id": OperationId, **RETRY_AFTER})}
    ),
}
