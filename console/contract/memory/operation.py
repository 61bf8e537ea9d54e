"""Operations: what became of a control plane write. Section 6.1."""

from typing import Annotated

from msgspec import Meta

from console.contract.base import Noun, Time, Url, always, described, limit, whole
from console.contract.ids import OPERATION_ID

OPERATION_DAYS = limit("OPERATION_DAYS", 7)  # 6.1 [D]: kept after completion
OPERATION_ID_MAX = 512  # 6.1 [S]
REFUSALS_MAX = 1000  # ours: named in an operation
REASON_MAX = OPERATION_DETAIL_MAX = 1024
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
    detail: Annotated[str, described(maxLength=OPERATION_DETAIL_MAX)] = always(str)


class Refusal(Noun, frozen=True, kw_only=True):
    """Ours: what of a bulk or an import does not fit, an item or one value of it.

    item    index in a bulk, from 0; row of a file, its header being row 1
    field   the trait or the column; empty: the item as a whole
    stored  the item was stored, without this value or not found by it
    """

    item: Annotated[int, described(minimum=0)]
    field: Annotated[str, described(maxLength=256)] = always(str)
    reason: Annotated[str, described(maxLength=REASON_MAX)]
    stored: bool = always(bool)


class Operation(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """`result` when it is COMPLETED, `error` when it FAILED.

    refusals       ours: what a bulk or an import left out, the first of them
    refused_count  items of which something was refused, all of them
    """

    operation_id: OperationId
    status: Annotated[str, described(enum=OPERATION_STATUSES)]
    status_url: Url = always(str)
    created_at: Time
    completed_at: Time | None = None
    result: OperationResult | None = None
    result_url: Url = ""
    error: OperationError | None = None
    refusals: Annotated[tuple[Refusal, ...], described(maxItems=REFUSALS_MAX)] = ()
    refused_count: Annotated[int, described(minimum=0)] = 0

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
