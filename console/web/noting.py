"""One line in the audit log for what a page is about to show."""

from console.audit import log as audit
from console.web.request import ConsoleRequest


def note(
    request: ConsoleRequest,
    action: str,
    *,
    of: str = "",
    id_: str = "",
    **details: int | str,
) -> None:
    """Commit an entry by this request's person in its tenant, before the page is sent.

    of, id_  the kind and the opaque id of what is shown
    details  counts and names; never a customer's data
    A crash can over-report what was seen, never under-report it.
    """
    audit.record_now(
        action,
        by=request.user,
        tenant=request.tenant,
        role=request.role,
        object_type=of,
        object_id=id_,
        details=details,
    )
