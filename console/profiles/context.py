"""What pages below one profile share, and what they keep of it for a few minutes.

derived  a cache of what was made of customers' data
session  writes that the memory has accepted and does not list yet: by profile, a digest
         of each, and when
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.utils import timezone
from django.utils.connection import ConnectionProxy
from django.utils.crypto import salted_hmac

from console.accounts.adapter import NEXT_URL_KEY
from console.client.errors import MemoryProblem
from console.client.store import StoreClient
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.observation import NewObservation, Observation
from console.contract.memory.page import OCCURRENCE
from console.contract.memory.profile import Profile
from console.contract.times import from_wire, to_wire
from console.masking.masker import CONTACT_TRAITS, MaskedValue, Masker, masker_for
from console.profiles.candidates import attempt
from console.profiles.models import find_hold
from console.profiles.traits import is_among
from console.web.render import ConsoleRequest, wants_part
from console.web.session import SessionStore

CACHED_S = 600
KEY = "written"
# A memory that takes longer is not late any more: it has lost something.
GIVE_UP = timedelta(minutes=10)
derived = ConnectionProxy(caches, "derived")
# By what a profile is found, or why that is not known.
Held = Iterable[IdentifierSet] | MemoryProblem


def build_profile_context(
    request: ConsoleRequest, profile_id: str, masker: Masker | None = None
) -> dict[str, Any]:
    """Who a page is about: acting on the wrong person is the worst mistake. A `masker` of
    the page's texts learns from the same call whose they are.

    Initials, also while the name is revealed: it is clear below the tabs alone.
    """
    name = ""
    # A part goes into a page that has the name already: no call for it.
    if not wants_part(request):
        store, calls = request.store, [partial(request.store.fetch_profile, profile_id)]
        if masker:
            calls.append(partial(attempt, store.list_identifiers, profile_id))
        profile, *held = store.gather(*calls)
        if masker and not isinstance(held[0], MemoryProblem):
            masker.know(profile.traits, held[0])
        name = masker_for(request.actor).mask_name(profile.traits)
    # The built-in memory can do both, or neither.
    can_retract = bool(get_order(request))
    return {"profile_id": profile_id, "name": name, "can_retract": can_retract}


def build_tab_context(
    request: ConsoleRequest,
    profile_id: str,
    masker: Masker,
    *,
    is_part: bool = False,
    held: Held | None = None,
) -> dict[str, Any]:
    """The head that all tabs of a profile have; the `masker` of their texts learns whose
    they are. A part goes into a page that has it. `held` where it was read before."""
    if is_part:
        return {"profile_id": profile_id, "can_retract": bool(get_order(request))}
    fetch, list_held = ask_head(request.store, profile_id)
    read = request.store.gather(fetch, list_held if held is None else lambda: held)
    return build_head(request, masker, *read)


def ask_head(store: StoreClient, profile_id: str) -> list[Callable[[], Any]]:
    """The calls whose answers build_head takes."""
    return [
        partial(store.fetch_profile, profile_id, merged_ids=True),
        partial(attempt, store.list_identifiers, profile_id),
    ]


def list_known(held: Held) -> Iterable[IdentifierSet]:
    return () if isinstance(held, MemoryProblem) else held


def know_customer(masker: Masker, found: Profile, held: Held) -> MaskedValue | None:
    """The masker learns whose texts it masks; their name, as a heading has it."""
    masker.know(found.traits, list_known(held))
    return next(iter(masker.mask_whole_name(found.traits)), None)


def build_head(
    request: ConsoleRequest, masker: Masker, found: Profile, held: Held
) -> dict[str, Any]:
    """Of each type of identifier the newest value, and those before it; and what is no
    identifier where one of its type could be."""
    sets = list_known(held)
    known = {each.id_type: each.values for each in sets}
    return {
        "profile": found,
        "profile_id": found.id,
        "name": masker.mask_name(found.traits),
        "whole_name": know_customer(masker, found, held),
        "hold": find_hold(request.tenant, found.id, found.merged_ids or ()),
        "identifiers": [
            (each.id_type, newest, earlier)
            for each in sets
            if each.values
            for *earlier, newest in [masker.mask_identifier(each.id_type, each.values)]
        ],
        "unheld": [
            masker.by_rule.mask_trait(group, name, str(members[name]))
            for group, members in found.traits.items()
            for name in CONTACT_TRAITS
            if name in members and not is_among(known.get(name, ()), str(members[name]))
        ],
        "identifiers_problem": held if isinstance(held, MemoryProblem) else None,
        # The built-in memory can do both, or neither.
        "can_retract": bool(get_order(request)),
    }


def lists_by_occurrence(request: ConsoleRequest, profile_id: str) -> bool:
    """Whether the tenant's memory can; asked now and then, with one call."""
    known: bool | None = derived.get(_get_order_key(request))
    if known is None:
        page = request.store.list_summaries(
            profile_id, page_size=1, order=OCCURRENCE[0]
        )
        known = bool(page.order)
        note_order(request, page.order)
    return known


def get_order(request: ConsoleRequest) -> str:
    """By occurrence, unless the tenant's memory is known to have another."""
    return "" if derived.get(_get_order_key(request)) is False else OCCURRENCE[0]


def note_order(request: ConsoleRequest, order: str) -> None:
    """The order in which the tenant's memory has listed when asked by occurrence."""
    derived.set(_get_order_key(request), bool(order), CACHED_S)


def _get_order_key(request: ConsoleRequest) -> str:
    return f"{request.tenant.pk}:by-occurrence"


def remember_write(
    request: ConsoleRequest, profile_id: str, written: NewObservation
) -> None:
    pending = request.session.get(KEY, {})
    mine = pending.get(profile_id, {}) | {_digest(written): to_wire(timezone.now())}
    request.session[KEY] = pending | {profile_id: mine}


def get_pending_since(
    request: ConsoleRequest, profile_id: str, listed: Iterable[Observation]
) -> datetime | None:
    """When the first write was accepted that the memory does not list yet; None: none
    waits. One call, if `listed` does not have it either."""
    pending: dict[str, dict[str, str]] = request.session.get(KEY, {})
    if profile_id not in pending:
        return None
    waiting = _drop_done(pending[profile_id], listed)
    if waiting:
        # What happened long ago is listed among the last that the memory learned.
        waiting = _drop_done(waiting, request.store.list_observations(profile_id).items)
    if waiting != pending[profile_id]:
        rest = {id_: mine for id_, mine in pending.items() if id_ != profile_id}
        request.session[KEY] = rest | ({profile_id: waiting} if waiting else {})
    return min(map(from_wire, waiting.values()), default=None)


def _drop_done(
    waiting: dict[str, str], listed: Iterable[Observation]
) -> dict[str, str]:
    known, now = set(map(_digest, listed)), timezone.now()
    return {
        written: at
        for written, at in waiting.items()
        if written not in known and now - from_wire(at) <= GIVE_UP
    }


def _digest(observation: NewObservation | Observation) -> str:
    """What an observation is known by before the memory has told its id."""
    said_at = to_wire(observation.occurred_at)
    what = f"{observation.source} {said_at} {observation.content}"
    return salted_hmac("profiles.written", what).hexdigest()


def forget() -> None:
    """Empty the cache, and the sessions of what strangers asked for before signing in:
    a softphone's link names a customer."""
    derived.clear()
    _drop_from_sessions(lambda key, _: key == NEXT_URL_KEY)


def forget_profile(profile_id: str) -> None:
    """Take out of all sessions what names it: whom Home has listed, what was written."""
    _drop_from_sessions(lambda _, value: profile_id in str(value))


def _drop_from_sessions(drops: Callable[[str, Any], bool]) -> None:
    SessionStore.clear_expired()
    for row in Session.objects.all():
        dropped = [key for key, value in row.get_decoded().items() if drops(key, value)]
        if dropped:
            session = SessionStore(row.session_key)
            for key in dropped:
                session.pop(key, None)
            # Gone: that person has just signed in.
            with suppress(UpdateError):
                session.save()
