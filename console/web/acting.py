"""A change of somebody's memory, with an audit entry before it and one after."""

from collections.abc import Iterator
from contextlib import contextmanager

from console.audit import log as audit
from console.client.errors import MemoryProblem, MemoryUnreachable
from console.web.request import ConsoleRequest


@contextmanager
def acting(
    request: ConsoleRequest,
    action: str,
    *,
    of: str,
    id_: str,
    reason: str,
    **details: int | str,
) -> Iterator[dict[str, int | str]]:
    """Commit `allowed`, run the block, commit what came of it: done, failed, unknown.

    Yields the details of the closing entry, for what is known only afterwards. A
    process that dies in between leaves `allowed` without an end, which says so.
    Raises RuntimeError inside a transaction, whatever the memory raises, and
    AuditUnavailable before anything was changed.
    """
    entry = {
        "by": request.user,
        "tenant": request.tenant,
        "role": request.role,
        "object_type": of,
        "object_id": id_,
    }
    intent = audit.record_now(
        action, outcome="allowed", reason=reason, details=details, **entry
    )
    closing: dict[str, int | str] = {**details, "intent": intent.seq}
    try:
        yield closing
    except MemoryProblem as problem:
        audit.record_now(action, outcome=_outcome(problem), details=closing, **entry)
        raise
    audit.record_now(action, outcome="done", details=closing, **entry)


def _outcome(problem: MemoryProblem) -> str:
    if isinstance(problem, MemoryUnreachable) and problem.maybe_done:
        return "unknown"
    return "failed"
