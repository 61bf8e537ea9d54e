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
from console.pages.recall.selectors import Run, recall_profile
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
    if not _asks(request):
        return _answer(request, RunForm.of_link(request.GET.dict()))
    form = RunForm(_with_defaults(request))
    if not form.is_valid():
        return _answer(request, form)
    store = open_store(request.tenant)
    identity = form.cleaned_data["identity"].strip()
    if PROFILE_ID.fullmatch(identity):
        return _run(request, form, store, identity)
    match = find_identity(store, identity)
    if match.profile_id:
        return redirect(_link(request, match.profile_id))
    _explain(form, match)
    return _answer(request, form, match=match)


def _run(
    request: ConsoleRequest, form: RunForm, store: StoreClient, profile_id: str
) -> HttpResponse:
    mode, question = form.cleaned_data["mode"], form.question()
    try:
        ran = recall_profile(
            store,
            profile_id,
            mode=mode,
            question=question,
            masker=masker_for(request.actor, profile_id),
            masked=masker_for(request.actor),
        )
    except MemoryNotFound:
        form.add_error("identity", "No profile of this store has this id.")
        return _answer(request, form, status=404)
    _note(request, ran)
    response = _answer(request, form, run=ran)
    # Only a run's own link, which names an id, goes into the browser's history.
    response["HX-Push-Url"] = request.get_full_path()
    return response


def _asks(request: ConsoleRequest) -> bool:
    """False for a link that only fills in the form: who, and perhaps how."""
    query = request.GET
    waits = query.get("mode") == Mode.QUERY and "query" not in query
    return bool(query.get("identity")) and not waits


def _with_defaults(request: ConsoleRequest) -> dict[str, str]:
    """The query string; a deep link may leave out the mode and the limits."""
    given = {name: str(value) for name, value in request.GET.items() if value}
    for name in ("observations", "summaries", "threshold"):
        given.setdefault(name, str(RunForm.base_fields[name].initial))
    if "mode" not in given:
        implied = "conversation" if "conversation" in given else "recent"
        given["mode"] = "query" if "query" in given else implied
    return given


def _explain(form: RunForm, match: Match) -> None:
    if match.profiles:
        form.add_error("identity", "Several profiles hold this: choose one below.")
    else:
        form.add_error(
            "identity",
            match.problem or f"Nobody in this store has this {match.id_type}.",
        )


def _link(request: ConsoleRequest, profile_id: str) -> str:
    query = request.GET.copy()
    query["identity"] = profile_id
    here = reverse("recall:run", args=[request.tenant.slug])
    return f"{here}?{query.urlencode()}"


def _answer(
    request: ConsoleRequest,
    form: RunForm,
    *,
    run: Run | None = None,
    match: Match | None = None,
    status: int = 0,
) -> HttpResponse:
    choices = [(id_, _link(request, id_)) for id_ in match.profiles] if match else []
    context: dict[str, Any] = {"form": form, "run": run, "choices": choices}
    return render_part(
        request,
        page="recall/run.html",
        part="recall/_run.html",
        context=context,
        status=status or (422 if form.errors else 200),
    )


def _note(request: ConsoleRequest, ran: Run) -> None:
    log_view(
        request.actor,
        "recall.run",
        object_type="profile",
        object_id=ran.profile.id,
        mode=ran.mode_ran,
        observations=len(ran.recall.observations),
        summaries=len(ran.recall.summaries),
        ms=round(ran.recall.exchange.elapsed_ms),
    )
