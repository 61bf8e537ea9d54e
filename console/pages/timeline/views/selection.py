"""What is done with several items of a timeline, or with one, at once."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from console.audit.log import log_change, log_view
from console.contract.memory.observation import Observation, PatchObservation
from console.contract.memory.summary import Summary
from console.masking.masker import masker_for
from console.pages.timeline.forms import RetractForm
from console.pages.timeline.views.export import SELECTED_MAX, fetch_items
from console.profiles.context import build_profile_context
from console.profiles.items import build_item_rows
from console.tenants.actor import Permission
from console.web.access import FORM, allow
from console.web.render import ConsoleRequest

# As many conversations are asked for their summaries.
TALKS_MAX = 10


@allow(
    Permission.CORRECT,
    FORM,
    logs="observations.listed observation.retracted observation.restored",
)
def selection(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Chosen items, or all of a conversation: retracted or restored for a reason,
    exported, each of them deleted. Raises MemoryProblem."""
    items = fetch_items(request, profile_id)
    observations = [item for item in items if isinstance(item, Observation)]
    # Restored together: else what is retracted stays so.
    restores = bool(observations) and all(item.retracted_for for item in observations)
    changing = [each for each in observations if bool(each.retracted_for) == restores]
    context = {**build_profile_context(request, profile_id)}
    came_from = "customers:profile" if "card" in request.GET else "timeline:timeline"
    back = reverse(came_from, args=[request.tenant.slug, profile_id])
    is_fit = len(items) <= SELECTED_MAX and changing and context["can_retract"]
    form = RetractForm(request.POST or None, request=request)
    if is_fit and request.method == "POST" and form.is_valid():
        retract_items(request, profile_id, changing, form, restores=restores)
        return redirect(back)
    masker = masker_for(request.actor, profile_id)
    saying = [] if restores else _list_summaries(request, profile_id, changing)
    log_view(
        request.actor,
        "observations.listed",
        "profile",
        profile_id,
        count=len(items) + len(saying),
    )
    context |= {
        "form": form,
        "rows": build_item_rows(items[:SELECTED_MAX], masker),
        "saying": build_item_rows(saying, masker),
        "changing": changing,
        "staying": len(items) - len(changing),
        "back": back,
        "restores": restores,
        "is_fit": is_fit,
        "most": SELECTED_MAX,
        "query": request.GET.urlencode(),
    }
    status = 422 if form.errors else 200
    return render(request, "timeline/selection.html", context, status=status)


def _list_summaries(
    request: ConsoleRequest, profile_id: str, items: list[Observation]
) -> list[Summary]:
    """Of the conversations that these are from: Recall returns them as before. Raises
    MemoryProblem."""
    talks = dict.fromkeys(talk for each in items for talk in each.conversations)
    fetch = partial(partial, request.store.list_summaries, profile_id)
    calls = [fetch(conversation_id=talk) for talk in [*talks][:TALKS_MAX]]
    return [each for page in request.store.gather(*calls) for each in page.items]


def retract_items(
    request: ConsoleRequest,
    profile_id: str,
    items: list[Observation],
    form: RetractForm,
    *,
    restores: bool,
) -> None:
    """Out of Recall, or back: each with its audit entry. Raises MemoryProblem."""
    done = "restored" if restores else "retracted"
    change = PatchObservation(retracted_for="" if restores else form.words)
    for item in items:
        with log_change(
            request.actor,
            f"observation.{done}",
            item.kind,
            item.id,
            reason=form.reason,
            about=[profile_id],
        ):
            request.store.patch_observation(profile_id, item.id, change)
    count = f"{len(items)} observation{'s' * (len(items) > 1)}"
    where = "to" if restores else "from"
    messages.success(request, f"{done.capitalize()} {count} {where} Recall.")
