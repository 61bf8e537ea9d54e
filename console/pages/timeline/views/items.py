"""One observation or summary: showing, adding and correcting it."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import salted_hmac

from console.audit.log import log_change, log_view
from console.audit.models import AuditEntry
from console.client.errors import MemoryProblem
from console.client.http import Page
from console.client.store import StoreClient
from console.contract.memory.observation import NewObservation, Observation
from console.contract.times import to_wire
from console.masking.masker import MaskedValue, Masker, Source, masker_for
from console.pages.timeline.forms import AddObservationForm, CorrectTextForm
from console.pages.timeline.reader import TimelineItem
from console.profiles.context import build_profile_context, remember_write
from console.profiles.items import TextKind
from console.tenants.actor import Permission
from console.tenants.models import Tenant
from console.web.access import FORM, allow
from console.web.forms import PageForm, check_form
from console.web.render import ConsoleRequest, render_form, render_part


@allow(Permission.VIEW_PROFILES, logs="observation.viewed")
def observation(
    request: ConsoleRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    """One observation with its revisions; htmx gets the revisions alone."""
    query = check_form(PageForm(request.GET))
    store, ids = request.store, (profile_id, observation_id)
    of_page = {"page_token": query["page"], "page_size": REVISIONS_A_PAGE}
    found, revision_page = store.gather(
        partial(store.fetch_observation, *ids),
        partial(store.list_revisions, *ids, **of_page),
    )
    masker = masker_for(request.actor, profile_id)
    log_view(
        request.actor,
        "observation.viewed",
        "observation",
        observation_id,
        about=[profile_id],
    )
    context: dict[str, Any] = {
        **build_profile_context(request, profile_id, masker),
        "observation": found,
        "shown": masker.mask_text("observation", found.id, found.content),
        "source": masker.mask_source(found.source),
        # What clients write of it is a text as any other.
        "retracted_for": masker.mask_text("", found.id, found.retracted_for).text,
        "retracted_by": found.retracted_for and _find_retractor(request.tenant, found),
        "revision_page": revision_page,
        "revisions": build_revisions(revision_page, masker, request.tenant),
    }
    return render_part(
        request, "timeline/observation.html", "timeline/_revisions.html", context
    )


@allow(Permission.VIEW_PROFILES, logs="summary.viewed")
def summary(request: ConsoleRequest, profile_id: str, summary_id: str) -> HttpResponse:
    """One summary in full."""
    found = request.store.fetch_summary(profile_id, summary_id)
    log_view(request.actor, "summary.viewed", "summary", summary_id, about=[profile_id])
    masker = masker_for(request.actor, profile_id)
    context = {
        **build_profile_context(request, profile_id, masker),
        "summary": found,
        "shown": masker.mask_text("summary", found.id, found.content),
        "source": masker.mask_source(found.source),
    }
    return render(request, "timeline/summary.html", context)


CHANGED = (
    "Somebody changed the text while you were writing. Nothing was saved. The current "
    "text is shown above, yours is kept below: submit again to replace the current text."
)
UNCHANGED = "This is the current text already."


@allow(Permission.CORRECT, FORM, logs="observation.added")
def observation_add(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """A fact that a person learned."""
    form = AddObservationForm(request=request)
    if form.is_valid():
        observation = form.build_observation()
        is_as_said = add_observation(
            request,
            request.store,
            profile_id,
            observation=observation,
            reason=form.reason,
        )
        seen = "Agents recall it from their next turn."
        ruled = "A rule of this memory changed it or holds it back."
        messages.success(request, f"Added. {seen if is_as_said else ruled}")
        return redirect("customers:profile", request.tenant.slug, profile_id)
    context = {**build_profile_context(request, profile_id), "form": form}
    return render_form(request, "timeline/observation_add.html", context)


@allow(
    Permission.CORRECT,
    FORM,
    logs="observation.viewed summary.viewed observation.corrected summary.corrected",
)
def correct(
    request: ConsoleRequest, profile_id: str, kind: TextKind, **ids: str
) -> HttpResponse:
    """Another text in the place of an observation's or a summary's."""
    [id_] = ids.values()
    item = kind.fetch(request.store, profile_id, id_)
    seen = {"content": item.content, "seen": get_version(item)}
    form = CorrectTextForm(request=request, initial=seen)
    shown = masker_for(request.actor, profile_id).mask_text(
        kind.name, item.id, item.content
    )
    if _may_write(form, item, is_clear=not shown.is_masked):
        is_visible = correct_item(
            request,
            request.store,
            profile_id,
            kind,
            item,
            content=form.cleaned_data["content"],
            reason=form.reason,
        )
        if is_visible:
            messages.success(request, f"Corrected. {kind.history_note}")
        else:
            messages.success(request, "Corrected. The memory does not show it yet.")
        return redirect(kind.page, request.tenant.slug, profile_id, id_)
    log_view(
        request.actor,
        f"{kind.name}.viewed",
        kind.name,
        item.id,
        about=[profile_id],
    )
    context = {
        **build_profile_context(request, profile_id),
        "kind": kind,
        "item": item,
        "shown": shown,
        "form": form,
    }
    status = 409 if CHANGED in form.non_field_errors() else 0
    return render_form(request, "timeline/correct.html", context, status=status)


def _may_write(form: CorrectTextForm, item: TimelineItem, *, is_clear: bool) -> bool:
    """Whether the form has another text, written on top of the current one.

    That a text is the current one is not told while it is masked.
    """
    if not form.is_valid():
        return False
    if form.cleaned_data["seen"] != get_version(item):
        form.add_error(None, CHANGED)
        form.put(seen=get_version(item))
    elif is_clear and form.cleaned_data["content"] == item.content:
        form.add_error("content", UNCHANGED)
    return form.is_valid()


REVISIONS_A_PAGE = 20
# A word with the space after it, so that a changed word is one change.
_WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


@dataclass(frozen=True, slots=True)
class DiffPiece:
    """A run of words. `change` is "" for what stayed, "ins" or "del"."""

    change: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of an observation.

    source            where it came from
    author            who wrote it with this console; "" for the memory's API
    diff              what of the masked texts changed since the revision before; None
                      without one, and while this one is revealed: its text is shown
    is_masked_change  only something masked has changed
    is_first          as it was written, before anybody changed it
    is_current        as it reads now
    """

    observation: Observation
    shown: MaskedValue
    source: Source
    diff: list[DiffPiece] | None
    is_masked_change: bool
    author: str
    is_first: bool
    is_current: bool


def build_revisions(
    page: Page[Observation], masker: Masker, tenant: Tenant
) -> list[Revision]:
    """A page of revisions, newest first, as the masker shows them."""
    authors = _find_authors(tenant, {observation.id for observation in page.items})
    # Never of what is revealed: a revision shows no words of the one before it.
    masked = [masker.by_rule.mask_revision(state).text for state in page.items]
    revisions = []
    for place, observation in enumerate(page.items):
        is_current = place == 0 and page.previous_token is None
        shown = (
            masker.mask_text("observation", observation.id, observation.content)
            if is_current
            else masker.mask_revision(observation)
        )
        diff, is_masked_change = None, False
        if place + 1 < len(page.items) and not shown.clear_until:
            before, after = masked[place + 1], masked[place]
            diff = diff_words(before, after)
            is_changed = page.items[place + 1].content != observation.content
            is_masked_change = before == after and is_changed
        is_last = place + 1 == len(page.items)
        revisions.append(
            Revision(
                observation=observation,
                shown=shown,
                source=masker.mask_source(observation.source),
                diff=diff,
                is_masked_change=is_masked_change,
                author=authors.get(to_wire(observation.updated_at), ""),
                is_first=is_last and page.next_token is None,
                is_current=is_current,
            )
        )
    return revisions


def diff_words(before: str, after: str) -> list[DiffPiece]:
    """The pieces of both texts in reading order, deleted before inserted.

    Texts of 4,096 characters take some ms: difflib leaves frequent words out of its
    search for what stayed.
    """
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    pieces: list[DiffPiece] = []
    matcher = SequenceMatcher(None, old, new)
    for change, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        deleted, inserted = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        if change == "equal":
            pieces.append(DiffPiece("", inserted))
            continue
        pieces += [DiffPiece("del", deleted)] * bool(deleted)
        pieces += [DiffPiece("ins", inserted)] * bool(inserted)
    return pieces


def _find_authors(tenant: Tenant, ids: Iterable[str]) -> dict[str, str]:
    """Wire time of a revision to who wrote it, as the audit log knows."""
    entries = AuditEntry.objects.of(tenant).filter(
        action="observation.corrected", object_id__in=sorted(ids)
    )
    return {
        str(entry.details["updated_at"]): entry.actor
        for entry in entries
        if "updated_at" in entry.details
    }


def _find_retractor(tenant: Tenant, found: Observation) -> str:
    """As the audit log knows; "" if it does not."""
    entries = AuditEntry.objects.of(tenant).filter(
        action="observation.retracted", object_id=found.id, outcome="done"
    )
    last = entries.order_by("seq").last()
    return last.actor if last else ""


def get_version(item: TimelineItem) -> str:
    """A digest of the state that somebody saw; the wire's times are whole seconds."""
    state = f"{item.id} {to_wire(item.updated_at)} {item.content}"
    return salted_hmac("profiles.version", state, algorithm="sha256").hexdigest()


def correct_item(
    request: ConsoleRequest,
    store: StoreClient,
    profile_id: str,
    kind: TextKind,
    item: TimelineItem,
    *,
    content: str,
    reason: str,
) -> bool:
    """Replace the item's text with `content`; whether the memory shows it yet.

    Raises MemoryProblem.
    """
    with log_change(
        request.actor,
        f"{kind.name}.corrected",
        kind.name,
        item.id,
        reason=reason,
        about=[profile_id],
    ) as closing:
        kind.patch(store, profile_id, item.id, kind.change(content=content))
        # The change is accepted; a read that fails does not undo that.
        now: TimelineItem | None = None
        with suppress(MemoryProblem):
            now = kind.fetch(store, profile_id, item.id)
        if now is None or now.content != content:
            return False
        # By it the page of revisions finds the author.
        closing["updated_at"] = to_wire(now.updated_at)
    return True


def add_observation(
    request: ConsoleRequest,
    store: StoreClient,
    profile_id: str,
    *,
    observation: NewObservation,
    reason: str,
) -> bool:
    """Whether the memory takes it as it is; the card waits until it is listed. Raises
    MemoryProblem."""
    with log_change(
        request.actor,
        "observation.added",
        "profile",
        profile_id,
        reason=reason,
        source=observation.source,
    ):
        # What the store's rules have changed or held back is not waited for.
        if is_as_said := store.create_observations(profile_id, [observation]):
            remember_write(request, profile_id, observation)
    return is_as_said
