"""Writes of this session that the memory has accepted and does not list yet.

Kept in the session by profile: when, and nothing of what was written.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from console.client.values import Observation
from console.contract.times import from_wire, to_wire
from console.web.request import ConsoleRequest

KEY = "accepted"
# A memory that takes longer is not late any more: it has lost something.
GIVE_UP = timedelta(minutes=10)


def remember(request: ConsoleRequest, profile_id: str) -> None:
    accepted = request.session.get(KEY, {})
    request.session[KEY] = accepted | {profile_id: to_wire(timezone.now())}


def waiting_since(
    request: ConsoleRequest, profile_id: str, listed: Sequence[Observation]
) -> datetime | None:
    """When a write was accepted that `listed` does not hold yet; None: nothing waits."""
    accepted: dict[str, str] = request.session.get(KEY, {})
    if profile_id not in accepted:
        return None
    at = from_wire(accepted[profile_id])
    if any(each.created_at >= at for each in listed) or timezone.now() - at > GIVE_UP:
        rest = {key: value for key, value in accepted.items() if key != profile_id}
        request.session[KEY] = rest
        return None
    return at
