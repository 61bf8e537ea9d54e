"""Operations: what became of a control plane write. Section 6.1."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from console.contract.base import Noun, Time, Url, always, described, whole
from console.contract.ids import OPERATION_ID
from console.contract.overrides import limit

OPERATION_DAYS = limit("OPERATION_DAYS", 7)  # 6.1 [D]: kept after completion
OPERATION_ID_MAX = 512  # 6.1 [S]
OPERATION_STATUSES = ("PENDING", "RUNNING", "CANCELLED", "COMPLETED", "FAILED")
DONE = frozenset({"COMPLETED", "FAILED", "CANCELLED"})

# Ours are of one form, which is told and not checked.
OperationId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=OPERATION_ID_MAX,
        extra_json_schema={"pattern": whole(OPERATION_ID)},
    ),
]


class OperationResult(Noun, frozen=True, kw_only=True):
    """`id` of what the write made or changed."""

    type: Annotated[str, described(enum=["RESOURCE_ID"])] = always(str)
    id: Annotated[str, described(minLength=1, maxLength=128)]


class OperationError(Noun, frozen=True, kw_only=True):
    """Why it failed. type: where the code is explained."""

    type: Url = always(str)
    code: int = always(int)
    title: Annotated[str, described(maxLength=128)] = always(str)
    detail: Annotated[str, described(maxLength=1024)] = always(str)


class Operation(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """`result` when it is COMPLETED, `error` when it FAILED."""

    sample: ClassVar[dict[str, Any]] = {
        "operationId": "mem_operation_01k5x7m3q2f8r9s4t6v0w1y2za",
        "status": "COMPLETED",
        "statusUrl": "https://memory.example/v1/ControlPlane/Operations/mem_operation_01k5x7m3q2f8r9s4t6v0w1y2za",
        "createdAt": "2026-01-05T09:00:00Z",
        "completedAt": "2026-01-05T09:00:00Z",
        "result": {
            "type": "RESOURCE_ID",
            "id": "mem_store_01k5x7m3q2f8r9s4t6v0w1y2za",
        },
        "resultUrl": "https://memory.example/v1/ControlPlane/Stores/mem_store_01k5x7m3q2f8r9s4t6v0w1y2za",
    }

    operation_id: OperationId
    status: Annotated[str, described(enum=OPERATION_STATUSES)]
    status_url: Url = always(str)
    created_at: Time
    completed_at: Time | None = None
    result: OperationResult | None = None
    result_url: Url = ""
    error: OperationError | None = None

    @property
    def is_done(self) -> bool:
        return self.status in DONE

    @property
    def result_id(self) -> str:
        """ "" while there is none."""
        return self.result.id if self.result else ""

    @property
    def failure(self) -> str:
        """Why it failed, in the memory's words; "" when it did not."""
        return (self.error.detail or self.error.title) if self.error else ""
