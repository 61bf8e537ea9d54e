"""Answers: the contract's nouns as JSON, how rows become them, and the operations that
control plane writes leave behind (contract section 6)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.text import Truncator

from console.contract.ids import (
    KNOWLEDGE_OPERATION_ID,
    OPERATION_ID,
    PROCESS_ID,
    new_id,
)
from console.contract.memory.error import ACCEPTED_MESSAGE_MAX, Accepted, Code, Receipt
from console.contract.memory.operation import OPERATION_DAYS, Refusal
from console.contract.memory.profile import CreatedProfile
from console.service import errors
from console.service.http.request import ApiRequest
from console.service.models import Account, Operation

T = TypeVar("T", bound=msgspec.Struct)

JSON = "application/json; charset=utf-8"


def answer(
    content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """A JSON answer that no cache keeps."""
    response = HttpResponse(
        msgspec.json.encode(content), status=status, content_type=JSON
    )
    response.headers["Cache-Control"] = "no-store"
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def from_row(noun: type[T], row: Any, **fields: Any) -> T:
    """A row as the contract shows it: `fields` and else the columns of the same name.

    What is empty and optional is left out, times are cut to whole seconds. JSON columns
    stand as they were sent, so they are not built again.
    """
    shown, optional = {}, get_optional_fields(noun)
    for name in noun.__struct_fields__:
        value = fields[name] if name in fields else getattr(row, name, None)
        # Of what is false, a score of 0 and a "no" are something.
        if value is None or (not value and name in optional and value in ("", [], {})):
            continue
        if isinstance(value, datetime):
            value = cut_to_seconds(value)
        shown[name] = value
    return noun(**shown)


@lru_cache(4096)
def cut_to_seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


@cache
def get_optional_fields(noun: type[msgspec.Struct]) -> frozenset[str]:
    """Those that are left out when they are empty."""
    return frozenset(
        field.name
        for field in msgspec.structs.fields(noun)
        if field.default is not msgspec.NODEFAULT
    )


def accepted(
    unfit: Sequence[str] = (), *, stored: bool = True, **fields: Any
) -> HttpResponse:
    """202 of a data plane write, with the values by which nobody is found, and whether
    they are stored all the same. Contract section 6."""
    message = "; ".join(["accepted", *unfit])
    if unfit:
        message = Truncator(message).chars(ACCEPTED_MESSAGE_MAX)
    refusals = tuple(build_refusal(reason, stored=stored) for reason in unfit)
    noun = CreatedProfile if fields else Accepted
    return answer(noun(message=message, refusals=refusals, **fields), status=202)


def build_refusal(reason: str, item: int = 0, *, stored: bool = True) -> Refusal:
    """reason  begins with the field: `traits.Contact.email: must be a string`"""
    field, _, why = reason.partition(": ")
    return Refusal(item=item, field=field, reason=why, stored=stored)


def operation_accepted(
    request: HttpRequest,
    operation: Operation,
    noun: type[Receipt] = Receipt,
    **fields: str,
) -> HttpResponse:
    """202 of a control plane write: where to ask what became of it."""
    url = operation_url(request, operation.id)
    headers = {"Operation-Id": operation.id, "Location": url, "Retry-After": "1"}
    receipt = noun(message="accepted", status_url=url, **fields)
    return answer(receipt, status=202, headers=headers)


def answer_completed(
    request: ApiRequest,
    result_id: str,
    below: str = "",
    noun: type[Receipt] = Receipt,
    **fields: str,
) -> HttpResponse:
    """202 of a control plane write to a store, or to what its address names `below`."""
    path = f"/v1/ControlPlane/Stores/{request.store.id}{below}"
    operation = record_completed(request.account, result_id=result_id, result_path=path)
    return operation_accepted(request, operation, noun, **fields)


def operation_url(request: HttpRequest, operation_id: str) -> str:
    return build_uri(request, f"/v1/ControlPlane/Operations/{operation_id}")


def build_uri(request: HttpRequest, path: str) -> str:
    """The address of a path of ours, below what the console is mounted on."""
    return request.build_absolute_uri(f"{request.META['SCRIPT_NAME']}{path}")


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def to_fields(items: Iterable[msgspec.Struct]) -> list[dict[str, Any]]:
    """Bodies as the fields of rows."""
    return [msgspec.structs.asdict(item) for item in items]


def to_changes(body: msgspec.Struct) -> dict[str, Any]:
    """The fields that a patch names; none is a patch that changes nothing."""
    fields = msgspec.structs.asdict(body)
    return {name: value for name, value in fields.items() if value is not None}


def record_completed(
    account: Account,
    *,
    result_id: str,
    result_path: str,
    prefix: str = "mem_operation",
    **fields: Any,
) -> Operation:
    """The receipt of a write that was applied."""
    return _record(
        account,
        prefix,
        status=Operation.Status.COMPLETED,
        result_id=result_id,
        result_path=result_path,
        **fields,
    )


def record_failed(
    account: Account, *, code: int, title: str, detail: str, **fields: object
) -> Operation:
    """The receipt of a write that was accepted and could not be applied, or in part."""
    return _record(
        account,
        "mem_operation",
        status=Operation.Status.FAILED,
        error={"code": code, "title": title, "detail": detail},
        **fields,
    )


def _record(account: Account, prefix: str, **fields: object) -> Operation:
    now = timezone.now()
    # Here and not by a job: these writes are rare, and receipts are few.
    Operation.objects.filter(account=account, created_at__lt=_oldest()).delete()
    return Operation.objects.create(
        id=new_id(prefix), account=account, created_at=now, completed_at=now, **fields
    )


def get_operation(account: Account, operation_id: str) -> Operation:
    """Raises Invalid for a malformed id, NotFound for a foreign or forgotten one."""
    known = (OPERATION_ID, PROCESS_ID, KNOWLEDGE_OPERATION_ID)
    if not any(pattern.fullmatch(operation_id) for pattern in known):
        raise errors.Invalid(
            "operationId: not a valid operation id", code=Code.OPERATION_ID_MALFORMED
        )
    operation = Operation.objects.filter(
        account=account, id=operation_id, created_at__gte=_oldest()
    ).first()
    if operation is None:
        raise errors.NotFound("Operation not found.", code=Code.OPERATION_UNKNOWN)
    return operation


def _oldest() -> datetime:
    return timezone.now() - timedelta(days=OPERATION_DAYS)
