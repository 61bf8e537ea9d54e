"""The Recall simulator: ask a memory as an agent would, and see why it answered so."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from console.audit.log import log_view
from console.client.errors import MemoryNotFound
from console.client.store import StoreClient
from console.contract.ids import PROFILE_ID
from console.masking.masker import masker_for
from console.pages.recall.forms import Mode, RunForm
from console.pages.recall.selectors import RecallRun, recall_profile
from console.profiles.identity import Match, find_identity
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.render import render_part
from console.web.request import ConsoleRequest


@require_safe
@require_permission(Permission.RUN_RECALL)
def run(request: ConsoleRequest) -> HttpResponse:
    """The form, and the results once an identity is given.

    An identifier is only the way in: it is answered by a redirect to the same
    recall with the profile's id in its place, and that is the run's own link.
    """
    if _only_fills_in(request):
        return _render_run(request, RunForm.from_link(request.GET.dict()))
    form = RunForm(_add_defaults(request))
    if not form.is_valid():
        return _render_run(request, form)
    store = open_store(request.tenant)
    identity = form.cleaned_data["identity"].strip()
    if PROFILE_ID.fullmatch(identity):
        return _run_for_profile(request, form, store, identity)
    match = find_identity(store, identity)
    if match.profile_id:
        return redirect(_get_run_url(request, match.profile_id))
    if match.profiles:
        form.add_error("identity", "Several profiles have this: choose one below.")
    else:
        message = match.problem or f"No profile has this {match.id_type}."
        form.add_error("identity", message)
    return _render_run(request, form, match=match)


def _only_fills_in(request: ConsoleRequest) -> bool:
    """Whether a link names at most who, and how, but asks nothing yet."""
    query = request.GET
    waits = query.get("mode") == Mode.QUERY and "query" not in query
    return waits or not query.get("identity")


def _add_defaults(request: ConsoleRequest) -> dict[str, str]:
    """The query string; a deep link may leave out the mode and the limits."""
    given = {name: str(value) for name, value in request.GET.items() if value}
    for name in ("observations", "summaries", "threshold"):
        given.setdefault(name, str(RunForm.base_fields[name].initial))
    implied = Mode.CONVERSATION if "conversation" in given else Mode.RECENT
    given.setdefault("mode", Mode.QUERY if "query" in given else implied)
    return given


def _run_for_profile(
    request: ConsoleRequest, form: RunForm, store: StoreClient, profile_id: str
) -> HttpResponse:
    try:
        recall_run = recall_profile(
            store,
            profile_id,
            mode=form.cleaned_data["mode"],
            question=form.build_question(),
            masker=masker_for(request.actor, profile_id),
            rule_masker=masker_for(request.actor),
        )
    except MemoryNotFound:
        form.add_error("identity", "No profile has this id.")
        return _render_run(request, form, status=404)
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
    )
    response = _render_run(request, form, run=recall_run)
    # Only a run's own link, which names an id, goes into the browser's history.
    response["HX-Push-Url"] = request.get_full_path()
    return response


def _get_run_url(request: ConsoleRequest, profile_id: str) -> str:
    query = request.GET.copy()
    query["identity"] = profile_id
    path = reverse("recall:run", args=[request.tenant.slug])
    return f"{path}?{query.urlencode()}"


def _render_run(
    request: ConsoleRequest,
    form: RunForm,
    *,
    run: RecallRun | None = None,
    match: Match | None = None,
    status: int = 0,
) -> HttpResponse:
    profiles = match.profiles if match else ()
    context: dict[str, Any] = {
        "form": form,
        "run": run,
        "candidates": [(id_, _get_run_url(request, id_)) for id_ in profiles],
    }
    return render_part(
        request,
        page="recall/run.html",
        part="recall/_run.html",
        context=context,
        status=status or (422 if form.errors else 200),
    )
