"""Two runs side by side, of one tenant or of two: what differs, and what moved."""

import dataclasses
from collections.abc import Hashable
from copy import copy
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from console.pages.recall.forms import KNOBS, RunForm, add_defaults
from console.pages.recall.runs import build_run_url, read_given, recall_by_form
from console.pages.recall.selectors import RecalledItem, RecallRun, find_model
from console.tenants.actor import Permission, may
from console.tenants.models import Role, Tenant
from console.tenants.vault import get_address
from console.web.access import check_may, enter_tenant
from console.web.forms import check_form
from console.web.render import ConsoleRequest


def read_other(
    request: ConsoleRequest, against: str
) -> tuple[ConsoleRequest, dict[str, str]]:
    """The request as it would be in the tenant of the other run, whose masks, log and
    typed words are its own, and what that run asks. Raises Http404, AccessDenied,
    TypedForgotten."""
    sent = QueryDict(against)
    there, slug = copy(request), sent.get("tenant") or request.tenant.slug
    enter_tenant(there, slug)
    check_may(there, Permission.RUN_RECALL)
    there.actor.actions = request.actor.actions
    there.path = reverse("recall:run", args=[slug])
    given = read_given(there, sent)
    return there, {name: given[name] for name in KNOBS if name in given}


def compare(
    request: ConsoleRequest, form: RunForm, run: RecallRun
) -> tuple[RecallRun, dict[str, Any]]:
    """The run with its items' ranks in the other one, and what differs. Raises
    TypedForgotten, InvalidQuery, Http404, AccessDenied."""
    there, given = read_other(request, form.cleaned_data["against"])
    other = RunForm(add_defaults(given))
    asked = check_form(other)
    before = recall_by_form(there, other, asked["identity"])
    if before is None:
        name = there.tenant.name
        return run, {"warning": f"{name} has no profile that the other run names."}
    is_here = there.tenant == request.tenant
    ranks, now = (
        {_get_key(item, is_here): item.rank for item in each.items}
        for each in (before, run)
    )
    items = [
        dataclasses.replace(item, before=ranks.get(_get_key(item, is_here), 0))
        for item in run.items
    ]
    then = [
        dataclasses.replace(
            item,
            before=now.get(_get_key(item, is_here), 0),
            # It stands in both columns.
            shown=dataclasses.replace(item.shown, place="before"),
        )
        for item in before.items
    ]
    knobs = [
        (form[name].label, asked[name], form.cleaned_data[name])
        for name in KNOBS
        if asked[name] != form.cleaned_data[name]
    ]
    if not knobs:
        form.fields["query"].widget.attrs["autofocus"] = True
    sides = (there, before), (request, run)
    compared = {
        "before": before,
        "before_url": build_run_url(there, given, before.profile.id),
        "before_tenant": there.tenant,
        "is_here": is_here,
        "then": then,
        "gone": [item for item in then if not item.before],
        "moves": [item for item in items if item.before not in {0, item.rank}],
        "came": [item for item in items if not item.before],
        "knobs": knobs if is_here else _list_places(sides) + knobs,
        "others": _list_others(request),
    }
    return dataclasses.replace(run, items=items), compared


def _get_key(item: RecalledItem, is_here: bool) -> Hashable:
    """No id of one tenant is another's: there the same words are the same item. Masked
    words are not: dots that are alike tell nothing of what they stand for."""
    if is_here or item.is_masked:
        return item.item.id
    return item.item.kind, item.shown.text


def _list_places(
    sides: tuple[tuple[ConsoleRequest, RecallRun], ...],
) -> list[tuple[str, str, str]]:
    """Which tenants these are, and which memories, by which models."""
    names, addresses = zip(
        *((each.tenant.name, get_address(each.tenant)) for each, _ in sides),
        strict=True,
    )
    places = [("Tenant", *names)]
    if addresses[0] != addresses[1]:
        places.append(("Memory", *addresses))
        models = (find_model(each.store, run.profile.id) for each, run in sides)
        places.append(("Model", *(model or "none that it tells" for model in models)))
    return places


def _list_others(request: ConsoleRequest) -> list[Tenant]:
    """Where this person may ask as well, by name."""
    seen = Tenant.objects.visible_to(request.user).exclude(pk=request.tenant.pk)
    return [
        tenant
        for tenant in seen.order_by("name", "slug")
        if may(Role(tenant.seen_as), Permission.RUN_RECALL)
    ]
