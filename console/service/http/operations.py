"""Operations: the receipt of a control plane write. Contract section 6."""

from datetime import datetime, timedelta

from django.utils import timezone

from console.contract.ids import OPERATION_ID, new_id
from console.contract.memory.error import Code
from console.contract.memory.operation import OPERATION_DAYS
from console.service import errors
from console.service.models import Account, Operation


def complete(
    account: Account, *, result_id: str, result_path: str, **fields: object
) -> Operation:
    """The receipt of a write that was applied."""
    return _record(
        account,
        status=Operation.Status.COMPLETED,
        result_id=result_id,
        result_path=result_path,
        **fields,
    )


def fail(
    account: Account, *, code: int, title: str, detail: str, **fields: object
) -> Operation:
    """The receipt of a write that was accepted and could not be applied, or in part."""
    return _record(
        account,
        status=Operation.Status.FAILED,
        error={"code": code, "title": title, "detail": detail},
        **fields,
    )


def _record(account: Account, **fields: object) -> Operation:
    now = timezone.now()
    # Here and not by a job: these writes are rare, and receipts are few.
    Operation.objects.filter(account=account, created_at__lt=_oldest()).delete()
    return Operation.objects.create(
        id=new_id("mem_operation"),
        account=account,
        created_at=now,
        completed_at=now,
        **fields,
    )


def get_operation(account: Account, operation_id: str) -> Operation:
    """Raises Invalid for a malformed id, NotFound for a foreign or forgotten one."""
    if not OPERATION_ID.fullmatch(operation_id):
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
