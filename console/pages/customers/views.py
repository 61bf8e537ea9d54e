"""The customers of a tenant: their list, the card of one, and its identifiers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from console.audit.log import log_view
from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.contract.memory.profile import Profile
from console.contract.memory.recall import RECALL_ITEMS
from console.contract.memory.summary import Summary
from console.masking.masker import MaskedValue, Masker, get_reveal_target, masker_for
from console.pages.customers.models import update_last_seen
from console.profiles.context import (
    build_profile_context,
    get_pending_since,
    get_permissions,
)
from console.profiles.items import ItemRow, build_item_rows, sort_newest_first
from console.profiles.traits import ProfileTraitGroup, build_trait_groups, select_pinned
from console.tenants.actor import Permission, may
from console.web.budget import Budget, start_budget
from console.web.forms import PageForm, check_form
from console.web.render import ConsoleRequest, allow, render_part, wants_part

# Each name takes one call; with a slow memory the reading stops after this time, and
# the rest of the list shows ids alone.
NAMES_S = 2.0
# Older than this, what Recall does not return is not late but left out.
FRESH = timedelta(minutes=10)
SECOND = timedelta(seconds=1)
# How many of the newest are looked at; beyond them a count says "25+".
READ_MAX = 25
NEWEST, SUMMARIES = 5, 3


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A row of a list, masked: a list never shows a value in clear.

    profile  None when the memory did not answer in time
    contact  tells people of the same name apart
    """

    id: str
    profile: Profile | None
    name: str = ""
    contact: tuple[str, ...] = field(default=(), repr=False)


def fetch_profile_rows(
    store: StoreClient, ids: Iterable[str], masker: Masker
) -> list[ProfileRow]:
    """A row for each id. Profiles deleted in the meantime are left out."""
    found, budget = [], start_budget(NAMES_S)
    for profile_id in ids:
        try:
            profile = None if budget.is_spent() else store.fetch_profile(profile_id)
        except MemoryNotFound:
            continue
        except MemoryProblem:
            profile, budget = None, Budget(steps=0)
        budget.spend_step()
        if profile is None:
            found.append(ProfileRow(profile_id, None))
            continue
        name = masker.mask_name(profile.traits)
        contact = masker.mask_contact(profile.traits)
        found.append(ProfileRow(profile.id, profile, name, contact))
    return found


def find_not_recallable(
    store: StoreClient,
    profile_id: str,
    observations: Sequence[Observation],
    *,
    now: datetime,
) -> frozenset[str]:
    """Ids of fresh observations that Recall does not return, or not in these words.

    One call, and none while nothing is fresh. Recall without a query returns all that
    happened within its dates, newest first; when that is more than one answer holds,
    nothing is said.
    """
    fresh = [item for item in observations if now - item.updated_at < FRESH]
    if not fresh:
        return frozenset()
    times = [item.occurred_at for item in fresh]
    # The year 9999 has no second after its last one, and nothing happens after it.
    is_last = max(times) > datetime.max.replace(tzinfo=UTC) - SECOND
    recall = store.recall(
        profile_id,
        begin=min(times),
        end=None if is_last else max(times) + SECOND,
        observations_limit=RECALL_ITEMS,
        summaries_limit=0,
    )
    if len(recall.observations) >= RECALL_ITEMS:
        return frozenset()
    recalled = {item.id: item.content for item in recall.observations}
    return frozenset(item.id for item in fresh if recalled.get(item.id) != item.content)


@dataclass(frozen=True, slots=True)
class Changes:
    """Counts since `since`, of what the card shows; `has_more` when there may be more.

    since  when the visit before ended; None on the first one
    ids    of the observations and summaries that are new or changed
    """

    since: datetime | None
    observations: int = 0
    summaries: int = 0
    traits: int = 0
    ids: frozenset[str] = frozenset()
    has_more: bool = False

    @property
    def total(self) -> int:
        return self.observations + self.summaries + self.traits


def find_changes(
    store: StoreClient,
    profile_id: str,
    since: datetime | None,
    *,
    observations: Sequence[Observation],
    summaries: Sequence[Summary],
) -> Changes:
    """Of the READ_MAX newest of each. One call for the traits' times; none on a first
    visit."""
    if since is None:
        return Changes(None)
    new_observations = [item.id for item in observations if item.updated_at > since]
    new_summaries = [item.id for item in summaries if item.updated_at > since]
    traits = store.list_traits(profile_id).items
    return Changes(
        since,
        observations=len(new_observations),
        summaries=len(new_summaries),
        traits=sum((trait.timestamp or since) > since for trait in traits),
        ids=frozenset((*new_observations, *new_summaries)),
        has_more=len(new_observations) == READ_MAX,
    )


@dataclass(frozen=True, slots=True)
class IdentifierRow:
    """Identifiers of one type: the newest value, and how many earlier ones there are."""

    id_type: str
    shown: MaskedValue
    earlier: int


@dataclass(frozen=True, slots=True)
class Card:
    """`newest` and `summaries` are newest first; `changes` are this person's."""

    profile: Profile
    name: str
    identifiers: list[IdentifierRow]
    groups: list[ProfileTraitGroup]
    newest: list[ItemRow]
    summaries: list[ItemRow]
    changes: Changes

    @property
    def identifier_count(self) -> int:
        return sum(1 + row.earlier for row in self.identifiers)


def build_card(
    store: StoreClient,
    profile: Profile,
    *,
    masker: Masker,
    pins: Sequence[str],
    since: datetime | None,
    now: datetime,
) -> Card:
    """Four calls; one more on a return, and one more while something is fresh."""
    observations = store.list_observations(profile.id, page_size=READ_MAX).items
    summaries = store.list_summaries(profile.id, page_size=READ_MAX).items
    groups = build_trait_groups(store, profile, masker)
    return Card(
        profile=profile,
        name=masker.mask_name(profile.traits),
        identifiers=[
            IdentifierRow(
                held.id_type,
                masker.mask_identifier(held.id_type, held.values)[-1],
                len(held.values) - 1,
            )
            for held in store.list_identifiers(profile.id)
            if held.values
        ],
        groups=select_pinned(groups, pins),
        newest=build_recent_observations(
            store, profile.id, observations, masker=masker, now=now
        ),
        summaries=build_item_rows(sort_newest_first(summaries)[:SUMMARIES], masker),
        changes=find_changes(
            store, profile.id, since, observations=observations, summaries=summaries
        ),
    )


def build_recent_observations(
    store: StoreClient,
    profile_id: str,
    observations: Sequence[Observation],
    *,
    masker: Masker,
    now: datetime,
) -> list[ItemRow]:
    """The NEWEST that happened last; one call of Recall while one of them is fresh."""
    newest = sort_newest_first(observations)[:NEWEST]
    waiting = find_not_recallable(store, profile_id, newest, now=now)
    return build_item_rows(newest, masker, waiting)


PROFILES_A_PAGE = 25


@allow(Permission.VIEW_PROFILES)
def list_profiles(request: ConsoleRequest) -> HttpResponse:
    """The store's profiles, newest first."""
    query = check_form(PageForm(request.GET))
    page = request.store.list_profiles(
        page_token=query["page"], page_size=PROFILES_A_PAGE
    )
    people = fetch_profile_rows(request.store, page.items, masker_for(request.actor))
    log_view(request.actor, "profile.listed", count=len(people))
    return render_part(
        request,
        "customers/list.html",
        "customers/_profiles.html",
        {
            "people": people,
            "page": page,
            "may_update_display_settings": may(
                request.role, Permission.UPDATE_DISPLAY_SETTINGS
            ),
        },
    )


@allow(Permission.VIEW_PROFILES)
def profile(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The card: who this is, what is known, what happened, what is new."""
    found = request.store.fetch_profile(profile_id, merged_ids=True)
    card = build_card(
        request.store,
        found,
        masker=masker_for(request.actor, found.id),
        pins=request.tenant.pinned_groups,
        since=update_last_seen(request.user, request.tenant, found.id),
        now=timezone.now(),
    )
    log_view(
        request.actor,
        "profile.viewed",
        "profile",
        found.id,
        observations=len(card.newest),
        summaries=len(card.summaries),
    )
    context = {
        "card": card,
        "asked_id": profile_id,
        **_build_context(request, found.id, card.newest),
    }
    return render(request, "customers/profile.html", context)


@allow(Permission.VIEW_PROFILES)
def recent_observations(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The newest observations again, while the memory is catching up."""
    if not wants_part(request):
        return redirect("customers:profile", request.tenant.slug, profile_id)
    page = request.store.list_observations(profile_id, page_size=READ_MAX)
    found = build_recent_observations(
        request.store,
        profile_id,
        page.items,
        masker=masker_for(request.actor, profile_id),
        now=timezone.now(),
    )
    log_view(
        request.actor, "observations.listed", "profile", profile_id, count=len(found)
    )
    context = _build_context(request, profile_id, found)
    return render(request, "customers/_recent_observations.html", context)


def _build_context(
    request: ConsoleRequest, profile_id: str, found: list[ItemRow]
) -> dict[str, Any]:
    """What _recent_observations.html reads. again_s: when to ask again; 0 when nothing is late."""
    listed = [row.item for row in found]
    accepted_at = get_pending_since(request, profile_id, listed)
    late = [row.item.updated_at for row in found if row.is_pending]
    since = accepted_at or max(late, default=None)
    return {
        "profile_id": profile_id,
        "newest": found,
        "waiting_since": accepted_at,
        "again_s": get_pause_s(timezone.now() - since) if since else 0,
        **get_permissions(request),
    }


def get_pause_s(age: timedelta) -> int:
    """Seconds until the next look at something late: a quarter of its age, 2 to 30."""
    return min(30, max(2, round(age.total_seconds() / 4)))


@allow(Permission.VIEW_PROFILES)
def identifiers(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The identifiers that this customer is found by."""
    found = request.store.list_identifiers(profile_id)
    count = sum(len(held.values) for held in found)
    log_view(request.actor, "identifiers.listed", "profile", profile_id, count=count)
    masker = masker_for(request.actor, profile_id)
    shown = [
        (held.id_type, masker.mask_identifier(held.id_type, held.values))
        for held in found
    ]
    context = {
        **build_profile_context(request, profile_id),
        "identifiers": [
            (kind, values, get_reveal_target(values)) for kind, values in shown
        ],
    }
    return render(request, "customers/identifiers.html", context)
