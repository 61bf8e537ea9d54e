"""Feedback: a person says of an item whether a question wanted it. Marks become a case,
and figures by which the engine's coefficients can be fitted."""

from typing import Any

import msgspec
from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from console.audit.log import log, log_view
from console.contract.ids import PROFILE_ID
from console.masking.masker import Masker, MaskingMode
from console.pages.recall.forms import RunForm, add_defaults, build_question
from console.pages.recall.models import RecallMark
from console.pages.recall.selectors import ask_memory
from console.pages.recall.views import build_run_url, find_marks, read_given
from console.profiles.items import find_kind
from console.tenants.actor import Permission
from console.web.forms import ConsoleForm, check_form
from console.web.render import POST, ConsoleRequest, allow


class MarkForm(ConsoleForm):
    """mark  `wanted mem_observation_01k…`; `none …` takes a mark back"""

    mark = forms.RegexField(r"\A(?:wanted|unwanted|none) [a-z0-9_]{1,64}\Z")


@allow(Permission.RUN_RECALL, POST)
def mark_item(request: ConsoleRequest) -> HttpResponse:
    """Of the run that the address names; htmx gets the mark, and how many there are."""
    given = read_given(request, request.GET)
    asked = check_form(RunForm(add_defaults(given)))
    state, _, item_id = check_form(MarkForm(request.POST))["mark"].partition(" ")
    profile_id, kind = asked["identity"], find_kind(item_id)
    is_known = PROFILE_ID.fullmatch(profile_id) and kind
    if not (is_known and kind and kind.find(request.store, profile_id, item_id)):
        raise Http404
    profile_id, figures = _measure(request, profile_id, asked, item_id)
    log(request.actor, "recall.marked", "profile", profile_id, item=item_id, mark=state)
    key = {
        "tenant": request.tenant,
        "profile_id": profile_id,
        "run": RecallMark.digest_run(request.actor, asked),
        "item_id": item_id,
    }
    if state == "none":
        RecallMark.objects.filter(**key).delete()
    else:
        figures |= {"is_wanted": state == "wanted", "mode": asked["mode"]}
        figures["marked_by"] = request.actor.in_tenant()[0]
        RecallMark.objects.update_or_create(**key, defaults=figures)
    if not request.htmx:
        return redirect(build_run_url(request, given, profile_id))
    context = {
        "run_query": request.GET.urlencode(),
        "marks": find_marks(request, asked, profile_id),
        "item_id": item_id,
        "mark": state,
    }
    return render(request, "recall/_marked.html", context)


def _measure(
    request: ConsoleRequest, profile_id: str, asked: dict[str, Any], item_id: str
) -> tuple[str, dict[str, Any]]:
    """The profile's id as it is now, and where the item stands. Nothing of what is masked:
    where a memory ranks by whole texts, or texts are hidden, nothing at all."""
    text_mode = Masker(request.tenant).text_mode
    if text_mode == MaskingMode.HIDE:
        return request.store.fetch_profile(profile_id).id, {}
    question = build_question(asked) | {"trace": True, "trace_items": [item_id]}
    answer = ask_memory(request.store, profile_id, question, text_mode)
    profile_id = answer.canonical_id or profile_id
    if text_mode == MaskingMode.DETECT and not answer.masked:
        return profile_id, {}
    traced = answer.trace and answer.trace.find(item_id)
    if not traced:
        return profile_id, {}
    parts = msgspec.to_builtins(traced.parts)
    features = {name: part["value"] for name, part in parts.items()}
    return profile_id, {
        "place": traced.place,
        "score": traced.score,
        "features": features,
    }


@allow(Permission.EXPORT)
def export_marks(request: ConsoleRequest) -> HttpResponse:
    """JSON, a mark a line, features as the engine names them (console/engine/ranking.py):
    rows for a fit of "is wanted" as tests/benchmarks/fit.py makes them."""
    names = ("run", "profile_id", "item_id", "mode", "is_wanted", "place", "score")
    marks = request.tenant.recall_marks.order_by("marked_at", "pk")
    rows = list(marks.values(*names, "features", "marked_at"))
    log_view(
        request.actor,
        "marks.exported",
        about=[row["profile_id"] for row in rows],
        count=len(rows),
    )
    return HttpResponse(
        b"".join(msgspec.json.encode(row) + b"\n" for row in rows),
        content_type="application/jsonl",
        headers={"Content-Disposition": 'attachment; filename="recall-marks.jsonl"'},
    )
