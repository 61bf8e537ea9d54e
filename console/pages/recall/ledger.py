"""The ledger of a tenant's memory: what programs recalled and what they were given, how
long it took, and what they asked that the memory does not know."""

from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render

from console.audit.log import log_change, log_view
from console.client.errors import MemoryNotFound
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.conversations.communication import Communication
from console.contract.conversations.conversation import Conversation
from console.contract.ids import PROFILE_ID
from console.contract.memory.ledger import LedgerEntry, UnansweredGroup
from console.contract.memory.recall import RecallRequest
from console.contract.memory.store import PatchStore
from console.masking.masker import MaskedValue, masker_for
from console.pages.recall.forms import Mode
from console.pages.recall.runs import build_run_url
from console.pages.recall.selectors import ExpectedItem, find_expected
from console.profiles.candidates import attempt
from console.tenants.actor import Actor, Permission
from console.web.access import POST, allow
from console.web.forms import ConsoleForm, PageForm, check_form
from console.web.render import ConsoleRequest, render_form
from console.web.times import MomentField, get_day

# What an agent can spend on its memory before people notice, in milliseconds.
BUDGETS = (("Voice, 300 ms", 300), ("Chat, 1 s", 1000))
ITEMS_SHOWN = 50
# Before a Recall; what was said earlier is not what was asked.
SAID_WITHIN = timedelta(minutes=10)


class LedgerForm(PageForm):
    """at  to the minute: what was known then is what was recalled last"""

    use_required_attribute = False

    at = MomentField(required=False, label="Until")
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


@allow(Permission.RUN_RECALL, logs="ledger.read")
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
        "keep": KeepForm(initial={"days": report.days or 7}),
        "report": report,
        "budgets": BUDGETS,
    }
    return render_form(request, "recall/ledger.html", context)


@allow(Permission.RUN_RECALL, logs="ledger.read")
def open_entry(request: ConsoleRequest, entry_id: str) -> HttpResponse:
    """What a program was given, as this person may see it now, and the way to run it
    again."""
    entry = request.store.fetch_ledger_entry(entry_id)
    log_view(request.actor, "ledger.read", "profile", entry.profile_id, entry=entry.id)
    asked = msgspec.convert(entry.parameters, RecallRequest)
    context = {
        "entry": entry,
        "asked": asked,
        "items": _resolve_items(request, entry, ITEMS_SHOWN),
        "run_url": _build_run_url(request, entry, asked),
    }
    return render(request, "recall/ledger_entry.html", context)


@allow(Permission.RUN_RECALL, logs="ledger.read")
def list_unanswered(request: ConsoleRequest) -> HttpResponse:
    """What the memory should know and does not: each group with what comes nearest."""
    report = request.store.report_ledger()
    groups = report.unanswered
    log_view(
        request.actor,
        "ledger.read",
        about=[group.newest.profile_id for group in groups],
        count=len(groups),
    )
    said: list[Any] = [None] * len(groups)
    if request.actor.may(Permission.VIEW_PROFILES):
        find = partial(partial, attempt, _find_said, request.store)
        found = request.store.gather(*(find(each.newest) for each in groups))
        said = [
            _mask_said(request.actor, *each) for each in zip(groups, found, strict=True)
        ]
    nearest = (_resolve_items(request, each.newest, 1) for each in groups)
    rows = [*zip(groups, said, nearest, strict=True)]
    context = {"report": report, "groups": rows}
    return render(request, "recall/unanswered.html", context)


def _find_said(
    store: StoreClient, entry: LedgerEntry
) -> tuple[Conversation, list[Communication], int] | None:
    """What the customer said last before a Recall, with all of its conversation: it has
    the words that the ledger keeps nowhere, with their masks and their end."""
    client, until = store.conversations, entry.asked_at
    since = until - SAID_WITHIN
    for talk in client.list_conversations(profile_id=entry.profile_id).items:
        last = talk.last_communication_at
        if talk.created_at > until or last is None or last < since:
            continue
        speaks = [x.id for x in talk.participants if x.profile_id == entry.profile_id]
        turns = list(all_pages(client.list_communications, talk.id))
        for number, turn in reversed([*enumerate(turns)]):
            is_near = since <= turn.occurred_at <= until
            if is_near and turn.author.participant_id in speaks:
                return talk, turns, number
    return None


def _mask_said(
    actor: Actor, group: UnansweredGroup, found: Any
) -> tuple[str, MaskedValue] | None:
    """In which conversation, and the words."""
    if not isinstance(found, tuple):
        return None
    talk, turns, number = found
    masker = masker_for(actor, group.newest.profile_id).by_rule
    masker.know_customers(talk.participants)
    return talk.id, masker.mask_turns(talk.id, turns)[number]


@allow(Permission.UPDATE_IDENTITY_SETTINGS, POST, logs="ledger.changed")
def keep_ledger(request: ConsoleRequest) -> HttpResponse:
    days = check_form(KeepForm(request.POST))["days"]
    on = "tenant", str(request.tenant.pk)
    with log_change(request.actor, "ledger.changed", *on, days=days):
        request.store.patch_store(PatchStore(ledger_days=days))
    return redirect("recall:ledger", request.tenant.slug)


def _resolve_items(
    request: ConsoleRequest, entry: LedgerEntry, most: int
) -> list[tuple[float | None, ExpectedItem]]:
    """The best first, as they are now, each with its score."""
    masker = masker_for(request.actor, entry.profile_id)
    best = sorted(entry.items, key=lambda item: -(item.score or 0))[:most]
    return [
        (item.score, find_expected(request.store, entry.profile_id, item.id, masker))
        for item in best
    ]


def _build_run_url(
    request: ConsoleRequest, entry: LedgerEntry, asked: RecallRequest
) -> str:
    """The same again. What was asked is typed by a person, unless a conversation asks;
    the lab's dates are days."""
    conversation_id = asked.conversation_id if entry.mode != Mode.QUERY else ""
    given = {
        "mode": Mode.CONVERSATION if conversation_id else entry.mode,
        "conversation": conversation_id,
        "observations": asked.observations_limit,
        "summaries": asked.summaries_limit,
        "communications": asked.communications_limit,
        "threshold": asked.relevance_threshold,
        "begin": asked.begin_date and get_day(asked.begin_date),
        "end": asked.end_date and get_day(asked.end_date),
    }
    sent = {
        name: str(value) for name, value in given.items() if value not in ("", None)
    }
    return build_run_url(request, sent, entry.profile_id)
