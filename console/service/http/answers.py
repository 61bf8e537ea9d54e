"""Answers in the contract's forms."""

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from console.service.models import Operation

JSON = "application/json; charset=utf-8"


def answer(
    content: Any, *, status: int = 200, headers: dict[str, str] | None = None
) -> HttpResponse:
    """A JSON answer that no cache keeps."""
    response = HttpResponse(
        msgspec.json.encode(content), status=status, content_type=JSON
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def accepted(message: str, **more: str) -> HttpResponse:
    """202 of a data plane write. Contract section 6."""
    return answer({**more, "message": message}, status=202)


def operation_accepted(request: HttpRequest, operation: Operation) -> HttpResponse:
    """202 of a control plane write: where to ask what became of it."""
    url = operation_url(request, operation)
    headers = {"Operation-Id": operation.id, "Location": url, "Retry-After": "1"}
    return answer(
        {"message": "accepted", "statusUrl": url}, status=202, headers=headers
    )


def operation_url(request: HttpRequest, operation: Operation) -> str:
    return request.build_absolute_uri(f"/v1/ControlPlane/Operations/{operation.id}")


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def present(**fields: Any) -> dict[str, Any]:
    """The given fields without those that are None or empty text: optionals."""
    return {name: value for name, value in fields.items() if value not in (None, "")}
