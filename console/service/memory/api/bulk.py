"""Many profiles in one request. Contract 11.1 and section 6."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.text import Truncator
from msgspec import to_builtins

from console.contract.memory.operation import (
    OPERATION_DETAIL_MAX,
    REFUSALS_MAX,
    Refusal,
)
from console.contract.memory.profile import AcceptedProfiles, PutProfiles
from console.service import errors
from console.service.http import answers
from console.service.http.answers import answer, build_refusal, from_row, operation_url
from console.service.http.description.operation import operation
from console.service.http.request import ApiRequest
from console.service.memory.api.profiles import PROFILES
from console.service.memory.models import Store
from console.service.memory.profile_batches import RefusedProfile, put_profiles
from console.service.models import Operation


@operation(
    "PUT",
    f"{PROFILES}/Bulk",
    {202: AcceptedProfiles},
    id="put_profiles",
    many="profiles",
    logs="import.started",
)
def update_profiles_in_bulk(request: ApiRequest, body: PutProfiles) -> HttpResponse:
    """Creates or updates up to 1,000 profiles. One whose values do not fit is skipped,
    and named in the operation.

    202 whenever the shape is right; what became of the items, the operation tells.
    """
    refused = put_profiles(request.store, [item.traits or {} for item in body.profiles])
    row = _conclude(request.store, refused, of=len(body.profiles))
    shown = from_row(
        AcceptedProfiles,
        row,
        operation_id=row.id,
        status_url=operation_url(request, row.id),
        message="accepted",
        refusals=_build_refusals(refused),
    )
    return answer(shown, status=202)


def _conclude(store: Store, refused: Sequence[RefusedProfile], *, of: int) -> Operation:
    """COMPLETED only if all were written: official clients read nothing but `error`
    of a skipped item."""
    skipped = [each for each in refused if not each.stored]
    told: dict[str, Any] = {
        "refusals": [to_builtins(each) for each in _build_refusals(refused)],
        "refused_count": len({each.item for each in refused}),
    }
    if not skipped:
        return answers.record_completed(
            store.account,
            result_id=store.id,
            result_path=f"/v1/Stores/{store.id}/Profiles",
            **told,
        )
    named = "; ".join(f"profiles[{each.item}].{each.reason}" for each in skipped)
    detail = f"{len(skipped)} of {of} profiles were skipped, the others are written: "
    return answers.record_failed(
        store.account,
        code=errors.Invalid.code,
        title="Some profiles were skipped.",
        detail=Truncator(detail + named).chars(OPERATION_DETAIL_MAX),
        **told,
    )


def _build_refusals(refused: Sequence[RefusedProfile]) -> tuple[Refusal, ...]:
    return tuple(
        build_refusal(each.reason, each.item, stored=each.stored)
        for each in refused[:REFUSALS_MAX]
    )
