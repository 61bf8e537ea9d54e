"""The Recall simulator: ask a memory as an agent would, and see why it answered so."""

from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string

from console.audit.models import AuditEntry
from console.contract.ids import PROFILE_ID
from console.contract.times import to_wire
from console.pages.recall.compare import compare, read_other
from console.pages.recall.forms import (
    FIELDS,
    KNOBS,
    LIMITS,
    PRESETS,
    Mode,
    RunForm,
    add_defaults,
    build_question,
)
from console.pages.recall.runs import (
    build_run_url,
    find_marks,
    read_given,
    recall_by_form,
)
from console.pages.recall.selectors import POSSIBLE, RecallRun, find_whereabouts
from console.pages.recall.verdict import Question
from console.profiles.identity import Match, look_up
from console.profiles.items import find_kind
from console.profiles.prompt import TOKENIZER
from console.tenants.actor import Permission
from console.web.access import FORM, allow
from console.web.forms import check_form
from console.web.render import ConsoleRequest, render_part
from console.web.session import TypedForgotten
from console.web.times import get_day

# Profiles in which an item that is not this one's is looked for.
HOLDERS_MAX = 3


@allow(Permission.RUN_RECALL, FORM, logs="recall.run")
def run(request: ConsoleRequest) -> HttpResponse:
    """The form, and the results once an identity is given.

    What is typed is only the way in. It is answered by a redirect to the run's own
    address, which names the profile by its id and the query by its key.
    """
    try:
        given = read_given(
            request, request.POST if request.method == "POST" else request.GET
        )
    except TypedForgotten as forgotten:
        return _render_run(
            request, RunForm.from_link(request.GET.dict()), warning=forgotten.message
        )
    # A link that names at most who, and how, asks nothing yet.
    waits = given.get("mode") == Mode.QUERY and "query" not in given
    if request.method != "POST" and (waits or not given.get("identity")):
        return _render_unasked(request, given)
    if (preset := PRESETS.get(request.POST.get("preset", ""))) is not None:
        preset_by = {*LIMITS, "begin", "end", "as_of"}
        given = {k: v for k, v in given.items() if k not in preset_by} | preset
    form = RunForm(add_defaults(given))
    if not form.is_valid():
        return _render_run(request, form)
    if at := form.cleaned_data["as_of"]:
        # The address means the same moment to a colleague in another zone.
        given["as_of"] = to_wire(at)
    identity = form.cleaned_data["identity"]
    profile_id = identity if PROFILE_ID.fullmatch(identity) else ""
    if not profile_id:
        match = look_up(request.actor, identity)
        if not match.profile_id:
            return _render_unmatched(request, form, given, match)
        profile_id = match.profile_id
    expected = form.cleaned_data["expected"]
    if expected and not find_kind(expected):
        return _offer_expected(request, form, given, profile_id)
    if request.method == "POST" or "query" in request.GET or profile_id != identity:
        return redirect(build_run_url(request, given, profile_id))
    return _run_for_profile(request, form, profile_id)


def _render_unasked(request: ConsoleRequest, given: dict[str, str]) -> HttpResponse:
    """With what another tenant was asked, if that is to be asked here too."""
    warning = ""
    if "against" in given:
        there, asked = read_other(request, given["against"])
        given = asked | {"identity": ""} | given
        warning = (
            f"To compare with the run in {there.tenant.name}, enter who it is here."
        )
    return _render_run(request, RunForm.from_link(given), warning=warning)


def _render_unmatched(
    request: ConsoleRequest, form: RunForm, given: dict[str, str], match: Match
) -> HttpResponse:
    if match.profiles:
        form.add_error(
            "identity", f"Several profiles have {match.asked_for}: choose one below."
        )
    else:
        message = match.problem or f"No profile has {match.asked_for}."
        form.add_error("identity", message)
    found = [(id_, build_run_url(request, given, id_)) for id_ in match.profiles]
    return _render_run(request, form, candidates=found)


def _offer_expected(
    request: ConsoleRequest, form: RunForm, given: dict[str, str], profile_id: str
) -> HttpResponse:
    """What could be meant by the words of what was expected, to choose from: nothing of
    them stands in an address."""
    words = form.cleaned_data["expected"]
    asked = {"identity": profile_id, "query": words, "explain": "on"}
    by_words = RunForm(add_defaults(asked))
    check_form(by_words)
    found = recall_by_form(request, by_words, profile_id)
    if found is None:
        return _render_run(request, by_words, status=404)
    id_ = found.profile.id
    likely = found.items
    if found.trace:
        likely = [each for each in likely if each.matched] or [
            each for each in likely if (each.item.score or 0) >= POSSIBLE
        ]
    offered = [
        (each, build_run_url(request, given | {"expected": each.item.id}, id_))
        for each in likely
    ]
    if len(offered) == 1:
        return redirect(offered[0][1])
    if not offered:
        form.add_error(
            "expected",
            "Nothing that is recalled of this profile is like that. What was retracted "
            "stands in its timeline, what is held back on its card.",
        )
    form.cleaned_data["expected"] = ""
    run = recall_by_form(request, form, profile_id)
    return _render_run(request, form, run=run, offered=offered)


def _run_for_profile(
    request: ConsoleRequest, form: RunForm, profile_id: str
) -> HttpResponse:
    found = recall_by_form(request, form, profile_id)
    if found is None:
        return _render_run(request, form, status=404)
    compared: dict[str, Any] = {}
    if form.cleaned_data["against"]:
        try:
            found, compared = compare(request, form, found)
        except TypedForgotten as forgotten:
            compared = {"warning": forgotten.message}
    response = _render_run(request, form, run=found, **compared)
    # Only a run's own address, which names an id, goes into the browser's history.
    response["HX-Push-Url"] = request.get_full_path()
    return response


def _build_changes(
    request: ConsoleRequest, form: RunForm, run: RecallRun
) -> dict[str, Any]:
    """What would bring the expected item: the fields to set, and a link to that run; and
    what else was asked to find out."""
    verdict = run.expected and run.expected.verdict
    if not verdict:
        return {}
    context: dict[str, Any] = {
        "probes": [
            (_name_change(form, probe.change), probe) for probe in verdict.probes
        ]
    }
    if verdict.change:
        context["changes"] = _name_change(form, verdict.change)
        values = {name: value for name, _, value in context["changes"]}
        given = {
            name: str(value)
            for name, value in {**form.data, **values}.items()
            if value is not None and value != ""
        }
        context["try_url"] = build_run_url(request, given, run.profile.id)
    return context


def _name_change(form: RunForm, change: Question) -> list[tuple[str, str, Any]]:
    """Fields of the form with their labels and values."""
    named = [
        (FIELDS[name], get_day(value) if isinstance(value, datetime) else value)
        for name, value in change.items()
        if name in FIELDS
    ]
    if "query" in change:
        named.append(("query", "its own text"))
    return [(name, str(form[name].label), value) for name, value in named]


def _list_cases(
    request: ConsoleRequest, form: RunForm, run: RecallRun
) -> list[tuple[Any, list[tuple[str, Any, bool, Any]]]]:
    """Cases that ask this, each with its items: id, text, whether it is wanted, and its
    row in this run."""
    asked = {name: form.data[name] for name in KNOBS if name in form.data}
    rows = {item.item.id: item for item in run.items}
    shown = {id_: item.shown for id_, item in rows.items()}
    if run.expected and run.expected.shown:
        shown[run.expected.id] = run.expected.shown
    return [
        (
            case,
            [
                (id_, shown.get(id_), is_wanted, rows.get(id_))
                for ids, is_wanted in ((case.wanted, True), (case.unwanted, False))
                for id_ in ids
            ],
        )
        for case in request.tenant.recall_cases.filter(profile_id=asked["identity"])
        if add_defaults(case.asked | {"identity": case.profile_id}) == asked
    ]


def _find_elsewhere(
    request: ConsoleRequest, profile_id: str, item_id: str
) -> dict[str, Any]:
    """What became of an item that this profile does not have, by the memory, else by
    what is known here: the deletion that named it, or the profile that has it, if
    somebody has looked at it there."""
    deletions = request.tenant.deletions.filter(object_id=item_id)
    is_told, place = find_whereabouts(request.store, profile_id, item_id)
    if is_told:
        return {
            "is_told": True,
            "deletion": deletions.order_by("created_at").last(),
            "holder": place.profile_id if place else "",
            "deleted_at": place and place.deleted_at,
        }
    kind, entries = find_kind(item_id), AuditEntry.objects.of(request.tenant)
    seen = entries.filter(object_id=item_id).exclude(profile_id="")
    holders = seen.order_by("profile_id").values_list("profile_id", flat=True)
    return {
        "deletion": deletions.order_by("created_at").last(),
        "holder": next(
            (
                id_
                for id_ in holders.distinct()[:HOLDERS_MAX]
                if kind and kind.find(request.store, id_, item_id)
            ),
            "",
        ),
    }


def _render_run(
    request: ConsoleRequest,
    form: RunForm,
    *,
    run: RecallRun | None = None,
    candidates: Sequence[tuple[str, str]] = (),
    warning: str = "",
    status: int = 0,
    **compared: Any,
) -> HttpResponse:
    elsewhere: dict[str, Any] = {}
    if run and run.expected and not run.expected.item:
        elsewhere = _find_elsewhere(request, run.profile.id, run.expected.id)
        if id_ := elsewhere["holder"]:
            given = {name: str(value) for name, value in form.data.items() if value}
            elsewhere["try_url"] = build_run_url(request, given, id_)
    query = request.GET.copy()
    query.pop("against", None)
    form.offer(request.tenant.assistants.order_by("name"))
    context: dict[str, Any] = {
        "form": form,
        "presets": PRESETS,
        "tokenizer": TOKENIZER,
        "run": run,
        "run_query": query.urlencode(),
        "candidates": candidates,
        "warning": warning,
        **compared,
        **elsewhere,
        **(_build_changes(request, form, run) if run else {}),
    }
    if run:
        begin = perf_counter()
        context["cases"] = _list_cases(request, form, run)
        context["marks"] = find_marks(
            request, build_question(form.cleaned_data), run.profile.id
        )
        context["meets_nothing"] = run.meets_nothing  # of all texts, so once
        # Before what stands above it, which says how long it took.
        context["groups"] = render_to_string("recall/_groups.html", context, request)
        render_ms = run.prepare_ms + (perf_counter() - begin) * 1000
        asked_ms = run.find_ms, run.recall.exchange.elapsed_ms
        context |= {"render_ms": render_ms, "total_ms": render_ms + sum(asked_ms)}
    return render_part(
        request,
        "recall/run.html",
        "recall/_run.html",
        context,
        status=status,
    )
