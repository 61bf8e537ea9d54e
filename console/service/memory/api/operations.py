"""Operations. Contract 6.1."""

from django.http import HttpResponse

from console.contract.memory import operation as wire
from console.service import models
from console.service.http import answers
from console.service.http.answers import answer, build_uri, from_row, operation_url
from console.service.http.description.operation import RETRY_AFTER, Reply, operation
from console.service.http.request import ApiRequest


@operation(
    "GET",
    "v1/ControlPlane/Operations/<operation_id>",
    {200: Reply(wire.Operation, {"Operation-Id": wire.OperationId, **RETRY_AFTER})},
)
def fetch_operation(request: ApiRequest, operation_id: str) -> HttpResponse:
    """The state of an accepted write: pending, completed with the id of its result, or
    failed with the reason."""
    row = answers.get_operation(request.account, operation_id)
    headers = {"Operation-Id": row.id, "Retry-After": "1"}
    return answer(show_operation(request, row), headers=headers)


def show_operation(request: ApiRequest, row: models.Operation) -> wire.Operation:
    completed = row.status == models.Operation.Status.COMPLETED
    error = None
    if row.error:
        explained = build_uri(request, f"/v1/Errors/{row.error['code']}")
        error = wire.OperationError(type=explained, **row.error)
    return from_row(
        wire.Operation,
        row,
        operation_id=row.id,
        status_url=operation_url(request, row.id),
        result=(
            wire.OperationResult(type="RESOURCE_ID", id=row.result_id)
            if completed
            else None
        ),
        result_url=build_uri(request, row.result_path) if completed else "",
        error=error,
    )
