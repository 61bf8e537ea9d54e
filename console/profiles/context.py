"""What pages below one profile share, and what they keep of it for a few minutes.

derived  a cache of what was made of customers' data
session  writes that the memory has accepted and does not list yet: by profile, when,
         and nothing of what was written
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.utils import timezone
from django.utils.connection import ConnectionProxy

from console.accounts.adapter import NEXT_URL_KEY
from console.contract.memory.observation import Observation
from console.contract.memory.page import OCCURRENCE
from console.contract.memory.summary import Summary
from console.contract.times import from_wire, to_wire
from console.masking.masker import masker_for
from console.tenants.actor import Permission, may
from console.web.render import ConsoleRequest, wants_part
from console.web.session import SessionStore

CACHED_S = 600
KEY = "accepted"
# A memory that takes longer is not late any more: it has lost something.
GIVE_UP = timedelta(minutes=10)
derived = ConnectionProxy(caches, "derived")


def build_profile_context(request: ConsoleRequest, profile_id: str) -> dict[str, Any]:
    """Who a page is about: acting on the wrong person is the worst mistake; and what
    this person may do.

    Initials, also while the name is revealed: its clear form is in one place only.
    """
    name = ""
    # A part goes into a page that has the name already: no call for it.
    if not wants_part(request):
        traits = request.store.fetch_profile(profile_id).traits
        name = masker_for(request.actor).mask_name(traits)
    return {"profile_id": profile_id, "name": name, **get_permissions(request)}


def get_permissions(request: ConsoleRequest) -> dict[str, bool]:
    """What this person may do with a profile, as templates ask for it."""
    return {
        "may_correct": may(request.role, Permission.CORRECT),
        "may_delete": may(request.role, Permission.DELETE),
        "may_export": may(request.role, Permission.EXPORT),
        "may_judge_merges": may(request.role, Permission.JUDGE_MERGES),
    }


def lists_by_occurrence(request: ConsoleRequest, profile_id: str) -> bool:
    """Whether the tenant's memory can; asked now and then, with one call."""
    key = f"{request.tenant.pk}:by-occurrence"
    known: bool | None = derived.get(key)
    if known is None:
        page = request.store.list_summaries(
            profile_id, page_size=1, order=OCCURRENCE[0]
        )
        known = bool(page.order)
        derived.set(key, known, CACHED_S)
    return known


def remember_write(request: ConsoleRequest, profile_id: str) -> None:
    pending = request.session.get(KEY, {})
    request.session[KEY] = pending | {profile_id: to_wire(timezone.now())}


def get_pending_since(
    request: ConsoleRequest, profile_id: str, listed: Iterable[Observation | Summary]
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


def forget() -> None:
    """Empty the cache, and the sessions of what strangers asked for before signing in:
    a softphone's link names a customer."""
    derived.clear()
    SessionStore.clear_expired()
    for row in Session.objects.all():
        if NEXT_URL_KEY in row.get_decoded():
            session = SessionStore(row.session_key)
            session.pop(NEXT_URL_KEY, None)
            # Gone: that person has just signed in.
            with suppress(UpdateError):
                session.save()
