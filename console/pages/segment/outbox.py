"""Segment's outbox: what was learned and goes there, each event as it is sent."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from console.audit.log import log, log_view
from console.client.errors import MemoryProblem
from console.client.segment import SegmentProblem
from console.masking.masker import Masker, masker_for
from console.profiles.candidates import GONE, UNREAD, name_people
from console.segment import outbox, workspaces
from console.segment.models import Outgoing
from console.segment.showing import mask_event, mask_value, show_words, to_json
from console.tenants.actor import Permission
from console.web.access import POST, allow
from console.web.render import ConsoleRequest, render_part

PAGE_ROWS = 50
State = Outgoing.State


@allow(Permission.VIEW_PROFILES, logs="profile.listed")
def show_outbox(request: ConsoleRequest) -> HttpResponse:
    """By the newest, with what was learned as it is masked; htmx gets the rows alone."""
    rows = _list(request)
    counts = dict(rows.values_list("state").annotate(Count("pk")).order_by())
    state = request.GET.get("state", "")
    if state in State.values:
        rows = rows.filter(state=state)
    pages = Paginator(rows.select_related("assistant").order_by("-pk"), PAGE_ROWS)
    page = pages.get_page(request.GET.get("page"))
    gone = outbox.drop_logged(request.tenant, [row.subject for row in page])
    shown = [row for row in page if row.subject not in gone]
    masker, ids = masker_for(request.actor), [row.profile_id for row in shown]
    names = name_people(request.store, ids, masker)
    log_view(request.actor, "profile.listed", count=len(names))
    # Without the names that it masks nothing is shown.
    known = [row for row in shown if names[row.profile_id] not in {GONE, UNREAD}]
    words = {row.pk: show_words(masker, row) for row in known}
    context = {
        "page": page,
        "rows": [(row, names[row.profile_id], words.get(row.pk)) for row in shown],
        "state": state,
        "states": [(each, each.label, counts.get(each, 0)) for each in State],
        "held": counts.get(State.HELD, 0),
        "workspace": workspaces.find_workspace(request.tenant),
        "erasures": outbox.count_erasures(request.tenant),
        "perceives": outbox.perceives(request.tenant.pk),
    }
    templates = "segment/outbox.html", "segment/_outbox.html"
    return render_part(request, *templates, context)


@allow(Permission.VIEW_PROFILES, logs="outgoing.viewed")
def show_event(request: ConsoleRequest, number: int) -> HttpResponse:
    """As it is sent, masked, and what it would change in Segment's profile now."""
    row = get_object_or_404(_list(request), pk=number)
    if not outbox.find_there(request.store, row.profile_id, [row]):
        row.delete()
        raise Http404
    log_view(request.actor, "outgoing.viewed", "profile", row.profile_id)
    masker, event = masker_for(request.actor, row.profile_id), row.content
    [name] = name_people(request.store, [row.profile_id], masker).values()
    context: dict[str, Any] = {"row": row, "name": name}
    if event:
        context["payload"] = to_json(mask_event(masker, event, row.names))
    if event and row.kind == "identify":
        try:
            context["changes"] = list_changes(request, masker, row, event)
        except (SegmentProblem, MemoryProblem) as problem:
            context["problem"] = problem
    return render(request, "segment/event.html", context)


@allow(Permission.SEND_LEARNED, POST, logs="outgoing.released outgoing.held")
def move_events(request: ConsoleRequest, move: str, number: int = 0) -> HttpResponse:
    """Send or hold one, or send all that is held."""
    rows = _list(request)
    rows = rows.filter(pk=number) if number else rows.filter(state=State.HELD)
    if move not in {"send", "hold"}:
        raise Http404
    with transaction.atomic():
        if move == "send":
            count = outbox.release(request.tenant, rows)
        else:
            waiting = rows.filter(state=State.DUE, lease="")
            count = waiting.update(state=State.HELD, due_at=None)
        if count:
            action = "outgoing.released" if move == "send" else "outgoing.held"
            on = ("store", request.tenant.store_id)
            log(request.actor, action, *on, count=count)
    done = "on the way to Segment" if move == "send" else "held"
    messages.info(request, f"{count} event{'s' * (count != 1)} {done}.")
    return redirect("segment:outbox", request.tenant.slug)


def _list(request: ConsoleRequest) -> QuerySet[Outgoing]:
    return Outgoing.objects.filter(tenant=request.tenant)


def list_changes(
    request: ConsoleRequest, masker: Masker, row: Outgoing, event: dict[str, Any]
) -> list[tuple[str, str, str, str]]:
    """Trait, what Segment has, what it would have, and what that means. Raises
    SegmentProblem, MemoryProblem."""
    workspace = workspaces.find_workspace(request.tenant)
    held = request.store.list_identifiers(row.profile_id)
    found = workspace and workspaces.read_profile(workspace, held)
    present = {name: x.value for name, x in (found.traits if found else {}).items()}
    group = row.names.removesuffix(f".{next(iter(event['traits']))}")
    return [
        (
            name,
            mask_value(masker, group, name, present.get(name)),
            mask_value(masker, group, name, value),
            _judge(present, name, value, is_known=bool(found)),
        )
        for name, value in event["traits"].items()
    ]


def _judge(present: dict[str, Any], name: str, value: Any, *, is_known: bool) -> str:
    if not is_known:
        return "makes a new profile"
    if name not in present:
        return (
            "nothing to take away"
            if value is None
            else "new: Segment has no such trait"
        )
    if value is None:
        return "overwrites with null: Segment takes the trait away"
    return "the same" if present[name] == value else "changes it"
