"""Revealing one masked value for ten minutes, with a reason; and hiding it again."""

import re
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
from console.web.forms import RevealForm
from console.web.render import FORM, ConsoleRequest, allow, render_part, wants_part

# How far back a revision is looked for.
REVISIONS_MAX = 1000
TURNS_MAX = 1000


@allow(Permission.REVEAL, FORM)
def reveal_value(
    request: ConsoleRequest, profile_id: str, kind: str, ref: str
) -> HttpResponse:
    """Ask for a reason, then answer with the value, or its page without htmx."""
    subject = (profile_id, kind, ref)
    shown = get_reveal_target(_get_values_or_404(request, *subject))
    given = request.POST if request.method == "POST" else None
    form = RevealForm(given, request=request)
    if form.is_valid():
        reveal(shown, request.actor, reason=form.reason)
        # Read again after the audit entry: until then the value was masked.
        return _render_value(request, profile_id, _get_values_or_404(request, *subject))
    check_may_reveal(request.actor)
    return _render_form(request, profile_id, shown, form)


@allow(Permission.REVEAL, FORM)
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


@allow(Permission.REVEAL)
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
    log_view(request.actor, "value.hidden", kind, ref, profile=profile_id, cause=cause)
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
    values = ValueFinder(request.store, masker, profile_id).find(kind, ref)
    if not values or any(v.is_masked and not v.profile_id for v in values):
        raise Http404
    return values


def _render_form(
    request: ConsoleRequest, profile_id: str, shown: MaskedValue, form: RevealForm
) -> HttpResponse:
    """The form: in place as a box at the value, or with its errors; else as a page."""
    form.fields["reason_code"].widget.attrs["autofocus"] = True
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
        status=422 if form.errors else 200,
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
    """The page that the person came from: only one of the same profile, or of the
    conversation that is to be read."""
    is_talk = shown.kind == "conversation"
    page = "conversations:detail" if is_talk else "customers:profile"
    home = reverse(
        page, args=[request.tenant.slug, shown.ref if is_talk else profile_id]
    )
    given = request.POST.get("back") or request.GET.get("back", "")
    # Plain names alone: no host, no query, no way up.
    is_plain = re.fullmatch(r"[A-Za-z0-9_/.~-]+", given) and "/." not in given
    return given if is_plain and given.startswith(home) else home


class ValueFinder:
    """Finds the values behind one control, as a masker shows them; none for what is not
    there. An identifier type is one subject with all its values; the rest have one."""

    def __init__(self, store: StoreClient, masker: Masker, profile_id: str) -> None:
        self.store, self.masker, self.profile_id = store, masker, profile_id

    def find(self, kind: str, ref: str) -> list[MaskedValue]:
        finders = {
            "revision": self.find_revision,
            "conversation": self.find_turns,
            "trait": self.find_trait,
            "identifier": self.find_identifiers,
        }
        try:
            if kind in TEXT_KINDS:
                item = TEXT_KINDS[kind].fetch(self.store, self.profile_id, ref)
                return [self.masker.mask_text(kind, ref, item.content)]
            return finders[kind](ref) if kind in finders else []
        except MemoryNotFound:
            return []

    def find_revision(self, ref: str) -> list[MaskedValue]:
        """One earlier state of an observation."""
        id_ = ref.partition(".")[0]
        revisions = all_pages(self.store.list_revisions, self.profile_id, id_)
        found = map(self.masker.mask_revision, islice(revisions, REVISIONS_MAX))
        return [shown for shown in found if shown.subject == f"revision/{ref}"]

    def find_trait(self, ref: str) -> list[MaskedValue]:
        """With the schema: a trait that feeds an identifier is masked as one."""
        profile = self.store.fetch_profile(self.profile_id)
        return [
            row.shown
            for group in build_trait_groups(
                fetch_trait_groups(self.store), profile, self.masker
            )
            for row in group.filled
            if row.shown and row.shown.subject == f"trait/{ref}"
        ]

    def find_identifiers(self, ref: str) -> list[MaskedValue]:
        found = self.store.list_identifiers(self.profile_id)
        values = [
            value for held in found if held.id_type == ref for value in held.values
        ]
        return self.masker.mask_identifier(ref, values)

    def find_turns(self, ref: str) -> list[MaskedValue]:
        """All that was said in a conversation, of one that is this customer's."""
        found = self.store.conversations.fetch_conversation(ref)
        known = {each.profile_id for each in found.participants if each.profile_id}
        if self.profile_id not in (known or {ref}):
            return []
        said = all_pages(self.store.conversations.list_communications, ref)
        return self.masker.mask_turns(ref, list(islice(said, TURNS_MAX)))
