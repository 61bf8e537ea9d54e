"""Writes of this session that the memory has accepted and does not list yet.

Kept in the session by profile: when, and nothing of what was written.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from console.contract.memory.observation import Observation
from console.contract.times import from_wire, to_wire
from console.web.render import ConsoleRequest

KEY = "accepted"
# A memory that takes longer is not late any more: it has lost something.
GIVE_UP = timedelta(minutes=10)


def remember_write(request: ConsoleRequest, profile_id: str) -> None:
    pending = request.session.get(KEY, {})
    request.session[KEY] = pending | {profile_id: to_wire(timezone.now())}


def get_pending_since(
    request: ConsoleRequest, profile_id: str, listed: Iterable[Observation]
) -> datetime | None:
    """When a write was accepted that `listed` does not hold yet; None: nothing waits."""
    pending: dict[str, str] = request.session.get(KEY, {})
    if profile_id not in pending:
        return None
    at = from_wire(pending[profile_id])
    is_listed = any(observation.created_at >= at for observation in listed)
    if is_listed or timezone.now() - at > GIVE_UP:
        rest = {key: value for key, value in pending.items() if key != profile_id}
        request.session[KEY] = rest
        return None
    return at
