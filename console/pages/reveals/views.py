"""Revealing one masked value for ten minutes, with a reason; and hiding it again."""

import re
from contextlib import suppress
from itertools import islice

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from console.audit.log import log_view
from console.client.errors import MemoryNotFound
from console.client.http import all_pages
from console.client.store import StoreClient
from console.masking.masker import MaskedValue, Masker, get_reveal_target, masker_for
from console.masking.models import Reveal
from console.masking.reveals import (
    CLEAR_FOR,
    HOUR_MAX,
    check_may_reveal,
    count_reveals_in_hour,
    hide,
    reveal,
)
from console.profiles.items import TEXT_KINDS
from console.profiles.schema import fetch_trait_groups
from console.profiles.traits import build_trait_groups
from console.tenants.actor import Permission
from console.web.access import FORM, allow
from console.web.forms import RevealForm
from console.web.render import ConsoleRequest, render_part, wants_part

# How far back a revision is looked for.
REVISIONS_MAX = 1000
TURNS_MAX = 1000


@allow(Permission.REVEAL, FORM, logs="value.revealed")
def reveal_value(
    request: ConsoleRequest, profile_id: str, kind: str, ref: str
) -> HttpResponse:
    """Ask for a reason, then answer with the value, or its page without htmx."""
    subject = (profile_id, kind, ref)
    shown = get_reveal_target(_get_values_or_404(request, *subject))
    form = RevealForm(request=request)
    if form.is_valid():
        reveal(shown, request.actor, reason=form.reason)
        # Read again after the audit entry: until then the value was masked.
        return _render_value(request, profile_id, _get_values_or_404(request, *subject))
    check_may_reveal(request.actor)
    return _render_form(request, profile_id, shown, form)


@allow(Permission.REVEAL, FORM, logs="value.hidden")
def hide_value(
    request: ConsoleRequest, profile_id: str, kind: str, ref: str
) -> HttpResponse:
    """Masked again now. Without JavaScript the link leads to a page with the button."""
    subject = (profile_id, kind, ref)
    shown = get_reveal_target(_get_values_or_404(request, *subject))
    if request.method != "POST":
        context = _build_context(request, profile_id, shown)
        return render(request, "reveals/hide.html", context)
    hide(shown, request.actor)
    return _render_value(request, profile_id, _get_values_or_404(request, *subject))


@allow(Permission.REVEAL, logs="value.hidden")
def masked_value(
    request: ConsoleRequest, profile_id: str, kind: str, ref: str
) -> HttpResponse:
    """What a page asks for when the ten minutes are over: the value, masked."""
    masker = Masker(request.tenant, profile_id=profile_id)
    values = _get_values_or_404(request, profile_id, kind, ref, masker=masker)
    mine = Reveal.objects.of(request.user, request.tenant).open()
    goes_on = mine.filter(profile_id=profile_id, subject=f"{kind}/{ref}").exists()
    # One page alone can be told to mask early; the log must not say that time was over.
    cause = "page" if goes_on else "time"
    log_view(request.actor, "value.hidden", kind, ref, about=[profile_id], cause=cause)
    return _render_value(request, profile_id, values)


def _get_values_or_404(
    request: ConsoleRequest,
    profile_id: str,
    kind: str,
    ref: str,
    *,
    masker: Masker | None = None,
) -> list[MaskedValue]:
    """The values of one subject. What is not there, not here or has a name that the
    audit log could not hold: one _render_value."""
    masker = masker or masker_for(request.actor, profile_id)
    values: list[MaskedValue] = []
    with suppress(MemoryNotFound):
        values = find_values(request.store, masker, profile_id, kind, ref)
    if not values or any(v.is_masked and not v.profile_id for v in values):
        raise Http404
    return values


def _render_form(
    request: ConsoleRequest, profile_id: str, shown: MaskedValue, form: RevealForm
) -> HttpResponse:
    """The form: in place as a box at the value, or with its errors; else as a page."""
    response = render_part(
        request,
        "reveals/reveal.html",
        f"reveals/_reveal_{'form' if form.is_bound else 'box'}.html",
        {
            **_build_context(request, profile_id, shown),
            "form": form,
            "number": count_reveals_in_hour(request.user) + 1,
            "hour_max": HOUR_MAX,
            "minutes": CLEAR_FOR.seconds // 60,
            "in_place": wants_part(request),
        },
    )
    if wants_part(request) and form.is_bound:
        response["HX-Retarget"], response["HX-Reswap"] = "this", "outerHTML"
    return response


def _render_value(
    request: ConsoleRequest, profile_id: str, values: list[MaskedValue]
) -> HttpResponse:
    """The control with its texts; without htmx a redirect back to the page."""
    if wants_part(request):
        context = {"shown": get_reveal_target(values), "values": values}
        response = render(request, "masking/_reveal.html", context)
        # What else a page made of the same text, as its revisions, is made anew.
        response["HX-Trigger"] = values[0].dom_id
        return response
    back = _get_back_url(request, profile_id, values[0])
    return redirect(f"{back}#{values[0].dom_id}")


def _build_context(
    request: ConsoleRequest, profile_id: str, shown: MaskedValue
) -> dict[str, object]:
    """For a page about one value. Nothing of the customer, so no audit entry."""
    back = _get_back_url(request, profile_id, shown)
    return {"profile_id": profile_id, "shown": shown, "back": back}


def _get_back_url(request: ConsoleRequest, profile_id: str, shown: MaskedValue) -> str:
    """The page that the person came from: only one of the same profile, or of a
    conversation."""
    is_talk = shown.kind == "conversation"
    page = "conversations:detail" if is_talk else "customers:profile"
    home = reverse(
        page, args=[request.tenant.slug, shown.ref if is_talk else profile_id]
    )
    given = request.POST.get("back") or request.GET.get("back", "")
    # Plain names alone: no host, no query, no way up.
    is_plain = re.fullmatch(r"[A-Za-z0-9_/.~-]+", given) and "/." not in given
    talks = reverse("conversations:list", args=[request.tenant.slug])
    return given if is_plain and given.startswith((home, talks)) else home


def find_values(
    store: StoreClient, masker: Masker, profile_id: str, kind: str, ref: str
) -> list[MaskedValue]:
    """The values behind one control, as a masker shows them. An identifier type is one
    subject with all its values; the rest have one. Raises MemoryNotFound."""
    match kind:
        case _ if kind in TEXT_KINDS:
            item = TEXT_KINDS[kind].fetch(store, profile_id, ref)
            return [masker.mask_text(kind, ref, item.content)]
        case "revision":
            id_ = ref.partition(".")[0]
            revisions = all_pages(store.list_revisions, profile_id, id_)
            found = map(masker.mask_revision, islice(revisions, REVISIONS_MAX))
            return [shown for shown in found if shown.subject == f"revision/{ref}"]
        case "trait":
            # With the schema: a trait that feeds an identifier is masked as one.
            profile, schemas = (
                store.fetch_profile(profile_id),
                fetch_trait_groups(store),
            )
            return [
                row.shown
                for group in build_trait_groups(schemas, profile, masker)
                for row in group.filled
                if row.shown and row.shown.subject == f"trait/{ref}"
            ]
        case "name":
            return masker.mask_whole_name(store.fetch_profile(profile_id).traits)
        case "identifier":
            held = store.list_identifiers(profile_id)
            values = [
                value for one in held if one.id_type == ref for value in one.values
            ]
            return masker.mask_identifier(ref, values)
        case "conversation":
            talk = store.conversations.fetch_conversation(ref)
            whose = {each.profile_id for each in talk.participants if each.profile_id}
            # One that is this customer's, or nobody's under its own id.
            if profile_id in (whose or {ref}):
                said = all_pages(store.conversations.list_communications, ref)
                return masker.mask_turns(ref, list(islice(said, TURNS_MAX)))
    return []
