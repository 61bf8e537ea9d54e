"""Many profiles in one request. Contract 11.1 and section 6."""

from typing import Annotated

import msgspec
from django.http import HttpResponse

from console.contract.times import to_wire
from console.service import errors, limits
from console.service.http import operations
from console.service.http.answers import accepted, operation_url
from console.service.http.bodies import StrictBody, read_body
from console.service.http.request import ApiRequest
from console.service.memory.api.profiles import ProfileTraits
from console.service.memory.models import Store
from console.service.memory.profiles import put_profiles as put_all
from console.service.memory.stores import get_store
from console.service.models import Operation


class PutProfiles(StrictBody, frozen=True):
    profiles: Annotated[
        list[ProfileTraits],
        msgspec.Meta(min_length=1, max_length=int(limits.BULK_PROFILES)),
    ]


def put_profiles(request: ApiRequest, store_id: str) -> HttpResponse:
    """202 when every item fits the store; what became of them, the operation tells."""
    store = get_store(request.account, store_id)
    body = read_body(request, PutProfiles)
    refused = put_all(store, [item.traits or {} for item in body.profiles])
    operation = _receipt(store, refused, of=len(body.profiles))
    return accepted(
        "accepted",
        operationId=operation.id,
        createdAt=to_wire(operation.created_at),
        statusUrl=operation_url(request, operation),
    )


def _receipt(store: Store, refused: dict[int, str], *, of: int) -> Operation:
    """COMPLETED only if all were written: no other answer tells of a refused item."""
    if not refused:
        return operations.complete(
            store.account,
            result_id=store.id,
            result_path=f"/v1/Stores/{store.id}/Profiles",
        )
    [index, message], *_ = refused.items()
    return operations.fail(
        store.account,
        code=errors.Invalid.code,
        title="Some profiles were refused.",
        detail=f"{len(refused)} of {of} profiles were refused, the others are written."
        f" The first: profiles[{index}].{message}",
    )
