"""The Recall simulator: ask a memory as an agent would, and see why it answered so."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from console.audit.log import log_view
from console.client.errors import MemoryNotFound
from console.contract.ids import PROFILE_ID
from console.masking.masker import masker_for
from console.masking.questions import count_question, get_digest
from console.pages.recall.forms import Mode, RunForm
from console.pages.recall.selectors import RecallRun, recall_profile
from console.profiles.identity import Match, log_lookup, look_up
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.render import render_part
from console.web.request import ConsoleRequest
from console.web.typed import TypedForgotten, build_typed_url, read_typed


@require_http_methods(["GET", "HEAD", "POST"])
@require_permission(Permission.RUN_RECALL)
def run(request: ConsoleRequest) -> HttpResponse:
    """The form, and the results once an identity is given.

    What is typed is only the way in. It is answered by a redirect to the run's own
    address, which names the profile by its id and the query by its key.
    """
    try:
        given = _read_given(request)
    except TypedForgotten as forgotten:
        return _render_run(
            request, RunForm.from_link(request.GET.dict()), warning=forgotten.message
        )
    # A link that names at most who, and how, asks nothing yet.
    waits = given.get("mode") == Mode.QUERY and "query" not in given
    if request.method != "POST" and (waits or not given.get("identity")):
        return _render_run(request, RunForm.from_link(given))
    form = RunForm(_add_defaults(given))
    if not form.is_valid():
        return _render_run(request, form)
    identity = form.cleaned_data["identity"].strip()
    if PROFILE_ID.fullmatch(identity):
        if request.method == "POST" or "query" in request.GET:
            return redirect(_build_run_url(request, given, identity))
        return _run_for_profile(request, form, identity)
    match = look_up(request.actor, identity)
    if match.profile_id:
        return redirect(_build_run_url(request, given, match.profile_id))
    if match.profiles:
        form.add_error("identity", "Several profiles have this: choose one below.")
    else:
        message = match.problem or f"No profile has this {match.id_type}."
        form.add_error("identity", message)
    found = [(id_, _build_run_url(request, given, id_)) for id_ in match.profiles]
    return _render_run(request, form, candidates=found)


def _read_given(request: ConsoleRequest) -> dict[str, str]:
    """What the form sent, or what an address names."""
    sent = request.POST if request.method == "POST" else request.GET
    given = {name: str(value) for name, value in sent.items() if value}
    if query := read_typed(request):
        given.setdefault("query", query)
    return given


def _add_defaults(given: dict[str, str]) -> dict[str, str]:
    """A deep link may leave out the mode and the limits."""
    implied = Mode.CONVERSATION if "conversation" in given else Mode.RECENT
    defaults = {
        name: str(RunForm.base_fields[name].initial)
        for name in ("observations", "summaries", "threshold")
    } | {"mode": Mode.QUERY if "query" in given else implied}
    return defaults | given


def _run_for_profile(
    request: ConsoleRequest, form: RunForm, profile_id: str
) -> HttpResponse:
    asked = form.cleaned_data
    query = get_digest(request.actor, asked["query"])
    if asked["explain"]:
        count_question(request.actor, "recall.run", query)
    try:
        recall_run = recall_profile(
            open_store(request.tenant),
            profile_id,
            mode=asked["mode"],
            question=form.build_question(),
            masker=masker_for(request.actor, profile_id),
            rule_masker=masker_for(request.actor),
        )
    except MemoryNotFound:
        log_lookup(request.actor, profile_id, Match())
        form.add_error("identity", "No profile has this id.")
        return _render_run(request, form, status=404)
    if recall_run.is_by_whole_texts and not asked["explain"]:
        count_question(request.actor, "recall.run", query)
    recall = recall_run.recall
    log_view(
        request.actor,
        "recall.run",
        object_type="profile",
        object_id=recall_run.profile.id,
        mode=recall_run.mode_ran,
        observations=len(recall.observations),
        summaries=len(recall.summaries),
        ms=round(recall.exchange.elapsed_ms),
        explained=int(asked["explain"]),
        looked_for=query,
    )
    response = _render_run(request, form, run=recall_run)
    # Only a run's own address, which names an id, goes into the browser's history.
    response["HX-Push-Url"] = request.get_full_path()
    return response


def _build_run_url(
    request: ConsoleRequest, given: dict[str, str], profile_id: str
) -> str:
    kept = {name: value for name, value in given.items() if name in RunForm.base_fields}
    query = kept.pop("query", "")
    return build_typed_url(request, query, kept | {"identity": profile_id})


def _render_run(
    request: ConsoleRequest,
    form: RunForm,
    *,
    run: RecallRun | None = None,
    candidates: Sequence[tuple[str, str]] = (),
    warning: str = "",
    status: int = 0,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "run": run,
        "candidates": candidates,
        "warning": warning,
    }
    return render_part(
        request,
        page="recall/run.html",
        part="recall/_run.html",
        context=context,
        status=status or (422 if form.errors else 200),
    )
