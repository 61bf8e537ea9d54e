"""Operations. Contract 6.1."""

from typing import Any

from django.http import HttpResponse

from console.contract.times import to_wire
from console.service.http import operations
from console.service.http.answers import answer, operation_url
from console.service.http.request import ApiRequest
from console.service.models import Operation


def fetch_operation(request: ApiRequest, operation_id: str) -> HttpResponse:
    operation = operations.get_operation(request.account, operation_id)
    headers = {"Operation-Id": operation.id, "Retry-After": "1"}
    return answer(show_operation(request, operation), headers=headers)


def show_operation(request: ApiRequest, operation: Operation) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "operationId": operation.id,
        "status": operation.status,
        "statusUrl": operation_url(request, operation),
        "createdAt": to_wire(operation.created_at),
    }
    if operation.completed_at:
        shown["completedAt"] = to_wire(operation.completed_at)
    if operation.status == Operation.Status.COMPLETED:
        shown["result"] = {"type": "RESOURCE_ID", "id": operation.result_id}
        shown["resultUrl"] = request.build_absolute_uri(operation.result_path)
    if operation.error:
        code = operation.error["code"]
        kind = request.build_absolute_uri(f"/v1/Errors/{code}")
        shown["error"] = {"type": kind, **operation.error}
    return shown
