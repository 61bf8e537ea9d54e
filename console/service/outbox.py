"""What programs have changed, until the audit log of whoever serves the API has it: a row
in the transaction of each change, handed over in their order by the worker.

At least once: rows are removed when the log has committed them. `settings.PROGRAM_LOG`
knows by their ids which it has.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from functools import cache
from time import monotonic, time_ns
from typing import Any

import msgspec
from django.conf import settings
from django.db import connections
from django.http import HttpResponse
from django.utils.module_loading import import_string

from console.core.observability import request_id
from console.databases import disk
from console.service import errors
from console.service.models import ALIAS, ProgramWrite

# More are refused; and how often each process looks how many there are.
WAITING_MAX, LOOK_EVERY_S = 100_000, 1.0
BATCH, BATCHES = 500, 20
# Of a path's last part: what else it names than `<noun>_id`.
NOUNS = {"id_type": "identifier", "name": "trait_group"}
FULL = (
    "Nothing was changed: {} changes by programs wait for the audit log, which does not "
    "take them. Try again later; an operator finds the reason at /readyz."
)

_looked = {"at": -LOOK_EVERY_S, "full": 0.0}


class _Answered(msgspec.Struct):
    id: str = ""


def check_waiting() -> None:
    """Before a program changes anything. Raises Unavailable."""
    now = monotonic()
    if now - _looked["at"] >= LOOK_EVERY_S:
        _looked.update(at=now, full=count_waiting() >= WAITING_MAX)
    if _looked["full"]:
        refusal = errors.Unavailable(FULL.format(f"{WAITING_MAX:,}"))
        refusal.headers["Retry-After"] = str(disk.RETRY_AFTER_S)
        raise refusal


def count_waiting() -> int:
    """By the first and the last id, as they are taken in their order."""
    ids = ProgramWrite.objects.order_by("id").values_list("id", flat=True)
    first, last = ids.first(), ids.last()
    return last - first + 1 if first and last else 0


def find_waiting() -> tuple[int, datetime | None]:
    """How many, and of when the oldest is; for the log's readers."""
    at = ProgramWrite.objects.order_by("id").values_list("at", flat=True).first()
    since = datetime.fromtimestamp(at / 1000, UTC) if at else None
    return count_waiting(), since


def find_store(request: Any, conversation_id: str) -> str:
    """Its id; "" for what is the account's."""
    if hasattr(request, "store"):
        return str(request.store.id)
    if not conversation_id:
        return ""
    with connections[ALIAS].cursor() as cursor:
        sql = "SELECT store_id FROM service_conversation WHERE id = %s"
        cursor.execute(sql, [conversation_id])
        found = cursor.fetchone()
    return found[0] if found else ""


def note_write(
    request: Any,
    call: str,
    path: dict[str, str],
    store_id: str,
    response: HttpResponse,
    count: int,
) -> None:
    """In the transaction of what was done.

    path   what the address names below a store
    count  how many items it was of; 0: it takes one
    """
    name, object_id = [("store_id", store_id), *path.items()][-1]
    noun = NOUNS.get(name) or name.removesuffix("_id")
    # What was made is named by the answer: <product>_<noun>_<rest>.
    if request.method == "POST" and b'"id"' in response.content:
        made = msgspec.json.decode(response.content, type=_Answered).id
        if made:
            noun, object_id = made.partition("_")[2].rpartition("_")[0], made
    if noun == "conversation":
        store_id = store_id or find_store(request, object_id)
    profile_id = path.get("profile_id") or (object_id if noun == "profile" else "")
    request.noted = [
        time_ns() // 1_000_000, request.account.pk, request.key, store_id,
        request.operation.logs, call, noun, object_id, profile_id, count,
        request_id.get(),
    ]  # fmt: skip
    insert_write(request.noted)


def insert_write(values: list[Any]) -> None:
    """The columns but the first, in their order."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(_build_insert(), values)


@cache
def _build_insert() -> str:
    quote = connections[ALIAS].ops.quote_name
    columns = [quote(str(field.column)) for field in ProgramWrite._meta.fields[1:]]
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO service_programwrite ({', '.join(columns)}) VALUES ({places})"  # noqa: S608


def read_waiting(ids: Collection[int] | None = None) -> list[ProgramWrite]:
    """Those of these ids that are still here, or the oldest."""
    rows = ProgramWrite.objects.order_by("id")
    return list(rows[:BATCH] if ids is None else rows.filter(pk__in=ids))


def hand_over() -> None:
    """Called by the worker each second. Whoever is killed in between is followed by
    another, who finds what the log has and is still here, and removes that first."""
    take = import_string(settings.PROGRAM_LOG)
    for _ in range(BATCHES):
        if disk.is_full() or not ProgramWrite.objects.exists():
            break
        ProgramWrite.objects.filter(pk__in=take(read_waiting)).delete()
