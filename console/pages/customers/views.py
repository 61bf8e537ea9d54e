"""The customers of a tenant: their list, the card of one, and its identifiers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from console.audit.log import log_view
from console.client.errors import MemoryProblem
from console.client.http import Page
from console.client.store import StoreClient
from console.contract.ids import PROFILE_ID
from console.contract.memory.identity_settings import ID_TYPE_MAX
from console.contract.memory.observation import Observation
from console.contract.memory.page import UPDATE
from console.contract.memory.profile import (
    SEARCH_QUERY_MAX,
    Profile,
    ProfileActivity,
)
from console.contract.memory.recall import RECALL_ITEMS
from console.contract.memory.trait import Trait
from console.contract.memory.trait_group import TraitGroup
from console.contract.times import to_wire
from console.masking.masker import Masker, masker_for
from console.pages.customers.models import get_last_seen, update_last_seen
from console.profiles.candidates import attempt, fetch_profile_rows
from console.profiles.context import (
    ask_head,
    build_head,
    get_order,
    get_pending_since,
    list_known,
    note_order,
)
from console.profiles.identity import look_up
from console.profiles.items import (
    OBSERVATION,
    SUMMARY,
    TEXT_KINDS,
    WAITING,
    TextKind,
    build_item_rows,
    build_waiting,
    fetch_waiting,
    sort_newest_first,
)
from console.profiles.schema import fetch_trait_groups
from console.profiles.traits import build_trait_groups, format_items, select_pinned
from console.segment.models import Talk
from console.segment.workspaces import find_workspace
from console.tenants.actor import Permission
from console.web.access import FORM, allow
from console.web.forms import PageForm, check_form
from console.web.render import ConsoleRequest, render_part
from console.web.session import TypedForgotten, move_typed, read_typed
from console.web.templatetags.console import labelled
from console.web.times import DayField, get_day_start

# Older than this, what Recall does not return is not late but left out.
FRESH = timedelta(minutes=10)
SECOND = timedelta(seconds=1)
# How many of the newest are looked at; beyond them a count says "25+".
READ_MAX = 25
NEWEST, SUMMARIES = 5, 3
# How much longer than who this is the rest of a card may take before it comes by itself.
PATIENCE_S = 0.3


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
    fresh = [
        item
        for item in observations
        if now - item.updated_at < FRESH and not item.retracted_for
    ]
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


# What a template shows of one part of the card: its content, or `problem`.
Part = dict[str, Any]


def build_part(build: Callable[..., Part], *found: Any) -> Part | None:
    """Of all that was asked for; None while the memory has not told all of it."""
    if any(each is None for each in found):
        return None
    problems = [each for each in found if isinstance(each, MemoryProblem)]
    part = problems[0] if problems else attempt(build, *found)
    return {"problem": part} if isinstance(part, MemoryProblem) else part


def build_traits(
    masker: Masker,
    pins: Sequence[str],
    profile: Profile,
    since: datetime | None,
    changes: Page[Trait] | MemoryProblem | None,
    schema: Sequence[TraitGroup],
) -> Part:
    """`changes` tell when each trait was set; without them none is counted."""
    traits = changes.items if isinstance(changes, Page) else ()
    return {
        "groups": select_pinned(build_trait_groups(schema, profile, masker), pins),
        "new": sum(
            bool(since and (each.timestamp or since) > since) for each in traits
        ),
    }


@dataclass(slots=True)
class Recent:
    """What happened last to a customer, as far as the memory has told by now.

    items  newest first; None: not yet
    order  the memory's, where it lists by occurrence
    late   ids of those that Recall does not return yet; None: that is not known yet
    """

    kind: TextKind
    items: list[Any] | None = None
    order: str = ""
    late: frozenset[str] | None = None

    def read(self, store: StoreClient, profile_id: str, order: str) -> None:
        """One call; one of Recall more while an observation is fresh. Raises
        MemoryProblem."""
        page = self.kind.list_page(store, profile_id, page_size=READ_MAX, order=order)
        self.order, self.items = page.order, sort_newest_first(page.items)
        newest = self.items[:NEWEST] if self.kind is OBSERVATION else ()
        self.late = find_not_recallable(store, profile_id, newest, now=timezone.now())


def build_recent(
    request: ConsoleRequest,
    profile_id: str,
    since: datetime | None,
    masker: Masker,
    found: Recent,
) -> Part:
    """With what is new since a visit. One call more after a write of this session that is
    not listed yet. Raises MemoryProblem."""
    items, late_ids = found.items or [], found.late or frozenset()
    if not found.order and get_order(request):
        note_order(request, found.order)
    now = timezone.now()
    new = {item.id for item in items if since and item.updated_at > since}
    part: Part = {"new_ids": new, "new": len(new), "has_more": len(new) == READ_MAX}
    if found.kind is SUMMARY:
        return part | {"rows": build_item_rows(items[:SUMMARIES], masker)}
    rows = build_item_rows(items[:NEWEST], masker, late_ids)
    accepted_at = get_pending_since(request, profile_id, items)
    late = [row.item.updated_at for row in rows if row.is_pending or found.late is None]
    late_since = accepted_at or max(late, default=None)
    return part | {
        "rows": rows,
        "can_retract": bool(found.order),
        "waiting_since": accepted_at,
        # When to ask again; 0 when nothing is late.
        "again_s": get_pause_s(now - late_since) if late_since else 0,
    }


PROFILES_A_PAGE = 25
NO_PROFILES: Page[ProfileActivity] = Page(())
LAST = 8  # as many as static/js/palette.js keeps
# Of `Contact/city`: a group's name and a trait's.
TRAIT_NAME_MAX = 200


class ProfilesForm(PageForm):
    """trait  its group and name, as `Contact/city`
    value  words of it; in an address `typed` stands for them
    """

    sort = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Newest customer"),
            ("ASC", "Oldest customer"),
            (UPDATE[0], "Last written"),
            (UPDATE[1], "Longest unwritten"),
        ],
    )
    id_type = forms.CharField(
        label="Has identifier", required=False, max_length=ID_TYPE_MAX
    )
    since = DayField(label="Written since")
    trait = forms.CharField(required=False, max_length=TRAIT_NAME_MAX)
    value = forms.CharField(
        label="Has the value", required=False, max_length=SEARCH_QUERY_MAX
    )

    def clean(self) -> None:
        super().clean()
        trait, value = (self.cleaned_data.get(name) for name in ("trait", "value"))
        if value and not trait:
            self.add_error("trait", "Choose the trait that has this value.")
        if trait and not value:
            self.add_error("value", "Write the value to look for.")

    def offer(self, groups: Iterable[TraitGroup]) -> None:
        """These groups' traits, in the place of a field to write in."""
        names = [
            (f"{each.display_name}/{x}", labelled(f"{each.display_name}.{x}"))
            for each in groups
            for x in each.definitions
        ]
        self.fields["trait"].widget = forms.Select(choices=[("", "Any"), *names])


@allow(Permission.VIEW_PROFILES, FORM, logs="profile.listed")
def list_profiles(request: ConsoleRequest) -> HttpResponse:
    """The store's profiles, newest first; otherwise where the memory can. Those with a
    value of one trait are found as far as masks let it.

    Posts what is looked for and is answered by a redirect to its address.
    """
    if moved := move_typed(request, ProfilesForm, "value"):
        return moved
    try:
        form = ProfilesForm(request.GET.dict() | {"value": read_typed(request)})
    except TypedForgotten as forgotten:
        messages.warning(request, forgotten.message)
        return redirect("customers:list", request.tenant.slug)
    query, store, masker = check_form(form), request.store, masker_for(request.actor)
    group, _, name = query["trait"].partition("/")
    match = None
    if name:
        match = look_up(request.actor, query["value"], trait=(group, name))
    since, page = get_day_start(query["since"]), NO_PROFILES
    if match is None or match.profiles:
        page = store.list_activity(
            page_token=query["page"],
            page_size=PROFILES_A_PAGE,
            order=query["sort"] or "DESC",
            id_type=query["id_type"],
            since=to_wire(since) if since else "",
            ids=match.profiles if match else (),
        )
    known = {each.id: each for each in page.items}
    people = fetch_profile_rows(store, [*known], masker)
    log_view(request.actor, "profile.listed", count=len(people))
    names = ("sort", "id_type", "since", "trait", "typed")
    asked = {x: request.GET[x] for x in names if request.GET.get(x)}
    told = any(each.updated_at for each in page.items)
    # Another memory than the built-in one passes over what it does not know.
    groups = attempt(fetch_trait_groups, store) if told or asked else ()
    form.offer(() if isinstance(groups, MemoryProblem) else groups)
    held = {x.id: x.traits[group][name] for x in match.people} if match else {}
    return render_part(
        request,
        "customers/list.html",
        "customers/_profiles.html",
        {
            "people": [
                (x, known[x.id], _mask_held(masker, group, name, held.get(x.id)))
                for x in people
            ],
            "made_up": Talk.list_made_up(known),
            "page": page,
            "form": form,
            "match": match,
            "trait": name,
            "filters": "&" + urlencode(asked) if asked else "",
            "is_filtered": asked,
            "may_filter": told or asked,
            "is_unheard": asked and people and not told,
        },
    )


def _mask_held(masker: Masker, group: str, name: str, value: Any) -> str:
    text = ", ".join(format_items(value))
    return masker.mask_trait(group, name, text).text


@allow(Permission.VIEW_PROFILES, logs="profile.listed", part_of="tenant_home")
def list_last(request: ConsoleRequest) -> HttpResponse:
    """The customers opened last, for Home: the browser keeps their ids, never a name.
    Up to NEWEST with those who were written of last."""
    store, ids = request.store, request.GET.getlist("id")
    asked = [id_ for id_ in ids if PROFILE_ID.fullmatch(id_)][:LAST]
    list_one = partial(store.list_observations, page_size=1)
    pages = store.gather(*(partial(attempt, list_one, id_) for id_ in asked))
    written = dict(zip(asked, map(_get_newest_at, pages), strict=True))
    if room := max(0, NEWEST - len(asked)):
        latest = store.list_activity(page_size=2 * NEWEST, order=UPDATE[0]).items
        made_up = Talk.list_made_up(each.id for each in latest)
        others = [x for x in latest if x.id not in {*made_up, *asked}][:room]
        written |= {each.id: each.updated_at for each in others}
    people = fetch_profile_rows(store, [*written], masker_for(request.actor))
    opened = get_last_seen(request.user, request.tenant, written)
    _log_last(request, [person.id for person in people if person.id not in opened])
    rows = [(each, opened.get(each.id), written.get(each.id)) for each in people]
    return render(request, "customers/_last.html", {"rows": rows})


def _get_newest_at(page: Page[Observation] | MemoryProblem) -> datetime | None:
    items = () if isinstance(page, MemoryProblem) else page.items
    return items[0].created_at if items else None


def _log_last(request: ConsoleRequest, unopened: list[str]) -> None:
    """Once in a session for the same customers: Home is looked at all day, and what the
    person has opened is in the log already."""
    listed = request.session.get("listed", {})
    if set(unopened) - set(listed.get(request.tenant.slug, ())):
        log_view(request.actor, "profile.listed", count=len(unopened))
        request.session["listed"] = listed | {request.tenant.slug: unopened}


@allow(Permission.VIEW_PROFILES, logs="profile.viewed")
def profile(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """The card: who this is; what happened is asked for at the same time, and loads beside
    it where that takes longer."""
    store, order = request.store, get_order(request)
    since = update_last_seen(request.user, request.tenant, profile_id)
    recent = (Recent(OBSERVATION), Recent(SUMMARY))
    ask = partial(partial, attempt)
    found, held, schema, changes, *beside = store.gather(
        *ask_head(store, profile_id),
        ask(fetch_trait_groups, store),
        ask(store.list_traits, profile_id) if since else lambda: None,
        beside=[
            *[ask(each.read, store, profile_id, order) for each in recent],
            *[ask(fetch_waiting, store, profile_id, outcome) for outcome in WAITING],
        ],
        patience_s=PATIENCE_S,
    )
    masker, pins = masker_for(request.actor, found.id), request.tenant.pinned_groups
    head = build_head(request, masker, found, held)
    below = masker.beside(list_known(held), {})
    build = partial(build_recent, request, found.id, since, masker.with_names)
    parts = {
        each.kind.plural: build_part(build, problem if each.items is None else each)
        for each, problem in zip(recent, beside, strict=False)
    }
    parts["waiting"] = build_part(
        partial(build_waiting, masker), *beside[len(recent) :]
    )
    log_view(
        request.actor,
        "profile.viewed",
        "profile",
        found.id,
        **{name: len(part.get("rows", ())) for name, part in parts.items() if part},
    )
    context = {
        **head,
        "asked_id": profile_id,
        "since": since,
        "traits": build_part(
            partial(build_traits, below, pins, found, since, changes), schema
        ),
        **parts,
        "workspace": find_workspace(request.tenant),
    }
    return render(request, "customers/profile.html", context)


@allow(
    Permission.VIEW_PROFILES,
    logs="observations.listed summaries.listed",
    part_of="customers:profile",
)
def recent_items(request: ConsoleRequest, profile_id: str, kind: str) -> HttpResponse:
    """The newest observations or summaries: a part of the card by itself, and again while
    the memory is catching up."""
    since = update_last_seen(request.user, request.tenant, profile_id)
    found = Recent(TEXT_KINDS[kind])
    problem = attempt(found.read, request.store, profile_id, get_order(request))
    masker = masker_for(request.actor, profile_id).with_names
    build = partial(build_recent, request, profile_id, since, masker)
    part = build_part(build, problem if found.items is None else found) or {}
    if "rows" in part:
        log_view(
            request.actor,
            f"{found.kind.plural}.listed",
            "profile",
            profile_id,
            count=len(part["rows"]),
        )
    context = {"profile_id": profile_id, "kind": kind, "part": part}
    return render(request, "customers/_recent.html", context)


def get_pause_s(age: timedelta) -> int:
    """Seconds until the next look at something late: a quarter of its age, 2 to 30."""
    return min(30, max(2, round(age.total_seconds() / 4)))
