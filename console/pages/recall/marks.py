"""Feedback: a person says of an item whether a question wanted it. Marks become a case,
and figures by which the engine's coefficients can be fitted."""

import msgspec
from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from console.audit.log import log, log_view
from console.masking.masker import masker_for
from console.pages.recall.forms import RunForm, add_defaults, build_question
from console.pages.recall.models import RecallMark
from console.pages.recall.runs import build_run_url, find_marks, read_given
from console.pages.recall.selectors import recall_profile
from console.tenants.actor import Permission
from console.web.access import POST, allow
from console.web.forms import ConsoleForm, check_form
from console.web.render import ConsoleRequest


class MarkForm(ConsoleForm):
    """mark  `wanted mem_observation_01k…`; `none …` takes a mark back"""

    mark = forms.RegexField(r"\A(?:wanted|unwanted|none) [a-z0-9_]{1,64}\Z")


@allow(Permission.RUN_RECALL, POST, logs="recall.run recall.marked")
def mark_item(request: ConsoleRequest) -> HttpResponse:
    """One that came in the run that the address names, with its figures as this person
    may see them; htmx gets the mark, and how many there are."""
    given = read_given(request, request.GET)
    asked = check_form(RunForm(add_defaults(given))) | {"explain": True, "expected": ""}
    question = build_question(asked)
    state, _, item_id = check_form(MarkForm(request.POST))["mark"].partition(" ")
    run = recall_profile(
        request.store,
        asked["identity"],
        mode=asked["mode"],
        question=question,
        masker=masker_for(request.actor, asked["identity"]),
    )
    found = next((item for item in run.items if item.item.id == item_id), None)
    if found is None:
        raise Http404
    id_ = run.profile.id
    log(request.actor, "recall.marked", "profile", id_, item=item_id, mark=state)
    asked_for = RecallMark.digest_run(request.actor, question)
    key = {"profile_id": id_, "run": asked_for, "item_id": item_id}
    if state == "none":
        request.tenant.recall_marks.filter(**key).delete()
    else:
        parts = msgspec.to_builtins(found.traced.parts) if found.traced else {}
        figures = {
            "is_wanted": state == "wanted",
            "mode": run.mode_ran,
            "place": found.rank,
            "score": found.item.score,
            "features": {name: part["value"] for name, part in parts.items()},
            "marked_by": request.actor.in_tenant()[0],
        }
        request.tenant.recall_marks.update_or_create(**key, defaults=figures)
    if not request.htmx:
        return redirect(build_run_url(request, given, id_))
    context = {
        "run_query": request.GET.urlencode(),
        "marks": find_marks(request, question, id_),
        "item_id": item_id,
    }
    return render(request, "recall/_marked.html", context)


@allow(Permission.EXPORT, logs="marks.exported")
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
