"""Trying the memory: a conversation in which a developer plays both sides, with a made-up
customer who is removed on request."""

from contextlib import suppress
from dataclasses import dataclass
from random import sample
from secrets import token_hex

import msgspec
from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from console.audit.log import log_change
from console.client.errors import MemoryConflict
from console.client.store import StoreClient
from console.contract.conversations.communication import (
    CreateCommunication,
    SentParty,
    TextContent,
)
from console.contract.conversations.conversation import (
    Conversation,
    CreateConversation,
)
from console.core.errors import DomainError
from console.masking.masker import MaskedValue, Masker
from console.tenants.actor import Permission
from console.tenants.vault import open_store
from console.web.forms import ConsoleForm
from console.web.render import ConsoleRequest, require_permission

# Marks a conversation as one of these.
TRIED = "tried"
AGENT_ADDRESS = {"CHAT": "try-it-agent", "SMS": "+12025550100"}
TRIES = 5


class TooManyTried(DomainError):
    """Each number that was drawn is in a conversation that is open."""

    status = 409
    title = "Too many of these conversations are open"


class TryForm(ConsoleForm):
    channel = forms.ChoiceField(choices=[("CHAT", "Chat"), ("SMS", "SMS")])


class SayForm(ConsoleForm):
    side = forms.ChoiceField(
        label="As", choices=[("customer", "Customer"), ("agent", "Agent")]
    )
    text = forms.CharField(
        label="Message",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )


@dataclass(frozen=True, slots=True)
class Given:
    """What an agent would be given now: the observations and summaries of a Recall by
    this conversation, best first, and whether what was said ranked them."""

    profile_id: str
    items: list[MaskedValue]
    is_ranked: bool


@require_http_methods(["GET", "HEAD", "POST"])
@require_permission(Permission.RUN_RECALL)
def try_it(request: ConsoleRequest) -> HttpResponse:
    """Open one with a customer whom nobody knows."""
    given = request.POST if request.method == "POST" else None
    form = TryForm(given)
    if form.is_valid():
        store = open_store(request.tenant)
        with log_change(
            request.actor, "conversation.tried", "store", store.store_id
        ) as closing:
            made = _open(store, form.cleaned_data["channel"])
            closing["conversation"] = made.id
        return redirect("conversations:detail", request.tenant.slug, made.id)
    status = 422 if form.errors else 200
    return render(request, "conversations/try.html", {"form": form}, status=status)


def _open(store: StoreClient, channel: str) -> Conversation:
    """Raises TooManyTried."""
    if channel == "CHAT":
        return _open_with(store, channel, f"try-it-{token_hex(4)}")
    # Numbers set apart for fiction; some may be in a conversation that is still open.
    for last in sample(range(1, 100), TRIES):
        with suppress(MemoryConflict):
            return _open_with(store, channel, f"+120255501{last:02}")
    raise TooManyTried("Close some of the open ones, or try it by chat.")


def _open_with(store: StoreClient, channel: str, address: str) -> Conversation:
    sides = (("CUSTOMER", address), ("HUMAN_AGENT", AGENT_ADDRESS[channel]))
    wanted = {
        "configuration": {
            "memoryStoreId": store.store_id,
            "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
            "memoryExtractionEnabled": True,
        },
        "name": "Try it",
        "metadata": {TRIED: "1"},
        "participants": [
            {"type": type_, "addresses": [{"channel": channel, "address": at}]}
            for type_, at in sides
        ],
    }
    return store.conversations.create_conversation(
        msgspec.convert(wanted, CreateConversation)
    )


@require_POST
@require_permission(Permission.RUN_RECALL)
def say(request: ConsoleRequest, conversation_id: str) -> HttpResponse:
    """Something more of either side, in a conversation that is only tried."""
    client = open_store(request.tenant).conversations
    shown = client.fetch_conversation(conversation_id)
    form = SayForm(request.POST)
    page = "conversations:detail"
    if not (is_tried(shown) and form.is_valid()):
        return redirect(page, request.tenant.slug, shown.id)
    parties = [
        SentParty(
            address=each.addresses[0].address,
            channel=each.addresses[0].channel,  # type: ignore[arg-type]
            participant_id=each.id,
        )
        for each in shown.participants[:2]
    ]
    if form.cleaned_data["side"] == "agent":
        parties.reverse()
    author, recipient = parties
    client.create_communication(
        shown.id,
        CreateCommunication(
            author=author,
            content=TextContent(text=form.cleaned_data["text"]),
            recipients=[recipient],
        ),
    )
    return redirect(page, request.tenant.slug, shown.id)


def is_tried(shown: Conversation) -> bool:
    return shown.metadata.get(TRIED) == "1" and len(shown.participants) >= 2


def build_given(
    store: StoreClient, shown: Conversation, masker: Masker
) -> Given | None:
    """None without a customer whom the memory knows."""
    known = (each.profile_id for each in shown.participants if each.profile_id)
    profile_id = next(known, "")
    if not profile_id:
        return None
    recalled = store.recall(
        profile_id,
        conversation_id=shown.id,
        observations_limit=5,
        summaries_limit=2,
        masked=True,
    )
    items = [
        masker.mask_text("observation", each.id, each.content)
        for each in recalled.observations
    ]
    items += [
        masker.mask_text("summary", each.id, each.content)
        for each in recalled.summaries
    ]
    return Given(profile_id, items, recalled.is_ranked)
