"""Adding to a memory and correcting it, each with a reason."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from console.audit.log import log_view
from console.masking.masker import MaskedValue, masker_for
from console.pages.timeline.correction_forms import ObservationForm, TextForm
from console.pages.timeline.services import (
    OBSERVATION,
    SUMMARY,
    Item,
    Kind,
    add_observation,
    correct,
    version_of,
)
from console.profiles.context import build_profile_context
from console.tenants.memory import open_store
from console.tenants.permissions import Permission
from console.web.access import require_permission
from console.web.request import ConsoleRequest

CHANGED = (
    "The text was changed while you wrote. How it reads now stands above; your words "
    "are kept below. Send them again to put them in its place."
)
SAME = "This is what it says already."


@require_http_methods(["GET", "HEAD", "POST"])
@require_permission(Permission.CORRECT)
def observation_add(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """A fact that a person learned."""
    store = open_store(request.tenant)
    form = ObservationForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        add_observation(request, store, profile_id, item=form.item, reason=form.reason)
        return redirect("customers:profile", request.tenant.slug, profile_id)
    context = {**build_profile_context(request, store, profile_id), "form": form}
    status = 422 if form.errors else 200
    return render(request, "timeline/observation_add.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@require_permission(Permission.CORRECT)
def observation_correct(
    request: ConsoleRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    return _correct(request, OBSERVATION, profile_id, observation_id)


@require_http_methods(["GET", "HEAD", "POST"])
@require_permission(Permission.CORRECT)
def summary_correct(
    request: ConsoleRequest, profile_id: str, summary_id: str
) -> HttpResponse:
    return _correct(request, SUMMARY, profile_id, summary_id)


def _correct(
    request: ConsoleRequest, kind: Kind, profile_id: str, id_: str
) -> HttpResponse:
    store = open_store(request.tenant)
    item = kind.fetch(store, profile_id, id_)
    seen = {"content": item.content, "seen": version_of(item)}
    form = TextForm(request.POST or None, request=request, initial=seen)
    shown = masker_for(request.actor, profile_id).text(kind.name, item.id, item.content)
    if request.method == "POST" and _may_write(form, item, is_seen=not shown.is_masked):
        shows = correct(
            request,
            store,
            profile_id,
            kind,
            item,
            content=form.cleaned_data["content"],
            reason=form.reason,
        )
        messages.success(request, _outcome(kind, shows=shows))
        return redirect(f"timeline:{kind.name}", request.tenant.slug, profile_id, id_)
    return _page(request, kind, profile_id, item, shown, form)


def _may_write(form: TextForm, item: Item, *, is_seen: bool) -> bool:
    """Whether the form holds another text, made from the one that is there now.

    Of a masked text nobody learns in this way what it says.
    """
    if not form.is_valid():
        return False
    if form.cleaned_data["seen"] != version_of(item):
        form.add_error(None, CHANGED)
        form.put(seen=version_of(item))
    elif is_seen and form.cleaned_data["content"] == item.content:
        form.add_error("content", SAME)
    return form.is_valid()


def _outcome(kind: Kind, *, shows: bool) -> str:
    if shows:
        return f"Corrected. {kind.keeps}"
    return "The memory accepted the correction and does not show it yet."


def _page(
    request: ConsoleRequest,
    kind: Kind,
    profile_id: str,
    item: Item,
    shown: MaskedValue,
    form: TextForm,
) -> HttpResponse:
    log_view(
        request.actor, f"{kind.name}.viewed", object_type=kind.name, object_id=item.id
    )
    context = {
        **build_profile_context(request, open_store(request.tenant), profile_id),
        "kind": kind,
        "item": item,
        "shown": shown,
        "form": form,
    }
    status = 422 if form.errors else 200
    if CHANGED in form.non_field_errors():
        status = 409
    return render(request, "timeline/correct.html", context, status=status)
