"""The ledger of a tenant's memory: what programs recalled and what they were given, how
long it took, and what they asked that the memory does not know."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.audit.log import log_change, log_view
from console.client.errors import MemoryNotFound
from console.contract.ids import PROFILE_ID
from console.contract.memory.ledger import LedgerEntry, LedgerItem
from console.masking.masker import MaskedValue, masker_for
from console.pages.recall.forms import Mode
from console.pages.recall.views import build_run_url
from console.profiles.items import TextKind, find_kind
from console.tenants.actor import Permission
from console.web.forms import ConsoleForm, PageForm, check_form
from console.web.render import POST, ConsoleRequest, allow, render_form
from console.web.times import MomentField, get_day

# What an agent can spend on its memory before people notice.
VOICE_MS, CHAT_MS = 300, 1000
ITEMS_SHOWN = 50


class LedgerForm(PageForm):
    """at  to the minute: what was known then is what was recalled last"""

    use_required_attribute = False

    at = MomentField(required=False, label="Known at")
    mode = forms.ChoiceField(required=False, choices=[("", "Any"), *Mode.CHOICES])
    profile = forms.RegexField(
        rf"\A{PROFILE_ID.pattern}\Z",
        required=False,
        label="Profile id",
        error_messages={"invalid": "A profile's id starts with mem_profile_."},
    )


class KeepForm(ConsoleForm):
    days = forms.TypedChoiceField(
        label="Keep for",
        coerce=int,
        choices=[(0, "off"), (1, "a day"), (7, "7 days"), (30, "30 days")],
    )


@dataclass(frozen=True, slots=True)
class ResolvedItem:
    """Of an entry. shown: None for what is not there any more; a score of what is masked
    would tell of it."""

    item: LedgerItem
    kind: TextKind | None
    shown: MaskedValue | None

    @property
    def score(self) -> float | None:
        return self.item.score if self.shown and not self.shown.is_masked else None


@allow(Permission.RUN_RECALL)
def list_ledger(request: ConsoleRequest) -> HttpResponse:
    """The newest first, below how long they took."""
    form, context = LedgerForm(request.GET), dict[str, Any]()
    try:
        report = request.store.report_ledger()
        if form.is_valid():
            asked = form.cleaned_data
            page = request.store.list_ledger(
                page_token=asked["page"],
                mode=asked["mode"],
                profile_id=asked["profile"],
                before=asked["at"] and asked["at"] + timedelta(minutes=1),
            )
            log_view(
                request.actor,
                "ledger.read",
                about=[entry.profile_id for entry in page.items],
                count=len(page.items),
            )
            context = {"page": page}
    except MemoryNotFound:
        return render(request, "recall/ledger.html", {"is_hosted": True})
    context |= {
        "form": form,
        "keep": KeepForm(initial={"days": report.days}),
        "report": report,
        "latencies": [
            (each, each.p95_ms <= VOICE_MS, each.p95_ms <= CHAT_MS)
            for each in report.latencies
        ],
    }
    return render_form(request, "recall/ledger.html", context)


@allow(Permission.RUN_RECALL)
def open_entry(request: ConsoleRequest, entry_id: str) -> HttpResponse:
    """What a program was given, as this person may see it now, and the way to run it
    again."""
    entry = request.store.fetch_ledger_entry(entry_id)
    log_view(request.actor, "ledger.read", "profile", entry.profile_id, entry=entry.id)
    context = {
        "entry": entry,
        "items": _resolve_items(request, entry, ITEMS_SHOWN),
        "run_url": _build_run_url(request, entry),
    }
    return render(request, "recall/ledger_entry.html", context)


@allow(Permission.RUN_RECALL)
def list_unanswered(request: ConsoleRequest) -> HttpResponse:
    """What the memory should know and does not: each group with what comes nearest."""
    try:
        groups = request.store.report_ledger().unanswered
    except MemoryNotFound:
        return redirect("recall:ledger", request.tenant.slug)
    log_view(
        request.actor,
        "ledger.read",
        about=[group.newest.profile_id for group in groups],
        count=len(groups),
    )
    context = {
        "groups": [
            (group, _resolve_items(request, group.newest, 1)) for group in groups
        ]
    }
    return render(request, "recall/unanswered.html", context)


@allow(Permission.UPDATE_IDENTITY_SETTINGS, POST)
def keep_ledger(request: ConsoleRequest) -> HttpResponse:
    days = check_form(KeepForm(request.POST))["days"]
    tenant = request.tenant
    with log_change(
        request.actor, "ledger.changed", "tenant", str(tenant.pk), days=days
    ):
        request.store.keep_ledger(days)
    messages.success(
        request,
        f"Recalls are kept for {days} day{'s' if days > 1 else ''}."
        if days
        else "No Recalls are kept. What was kept goes within a minute.",
    )
    return redirect("recall:ledger", tenant.slug)


def _resolve_items(
    request: ConsoleRequest, entry: LedgerEntry, most: int
) -> list[ResolvedItem]:
    """The best first."""
    best = sorted(entry.items, key=lambda item: -(item.score or 0))[:most]
    kinds = [find_kind(item.id) for item in best]
    found = request.store.gather(
        *(
            partial(kind.find, request.store, entry.profile_id, item.id)
            if kind
            else lambda: None
            for item, kind in zip(best, kinds, strict=True)
        )
    )
    masker = masker_for(request.actor, entry.profile_id)
    return [
        ResolvedItem(
            item, kind, row and masker.mask_text(row.kind, row.id, row.content)
        )
        for item, kind, row in zip(best, kinds, found, strict=True)
    ]


def _build_run_url(request: ConsoleRequest, entry: LedgerEntry) -> str:
    """The same again. What was asked is typed by a person, unless a conversation asks;
    the lab's dates are days."""
    asked = entry.parameters
    asks_by_words = entry.mode == Mode.QUERY or not asked.conversation_id
    given = {
        "mode": entry.mode if asks_by_words else Mode.CONVERSATION,
        "conversation": "" if asks_by_words else asked.conversation_id,
        "observations": asked.observations_limit,
        "summaries": asked.summaries_limit,
        "threshold": asked.relevance_threshold,
        "begin": get_day(asked.begin_date) if asked.begin_date else "",
        "end": get_day(asked.end_date) if asked.end_date else "",
    }
    return build_run_url(
        request,
        {name: str(value) for name, value in given.items() if value != ""},
        entry.profile_id,
    )
