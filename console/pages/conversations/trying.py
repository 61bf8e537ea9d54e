"""Trying the memory: a conversation in which a developer plays both sides. With a made-up
customer, who is removed on request, or with a real one for a reason: then nothing is
learned from it, for the customer has said none of it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from random import sample
from secrets import choice
from string import ascii_lowercase
from typing import Any
from xml.sax.saxutils import escape

import msgspec
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.signing import BadSignature, Signer
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from console.audit.log import log_change
from console.client.conversations import ConversationsClient
from console.client.errors import MemoryConflict, MemoryNotFound, MemoryRefused
from console.client.store import StoreClient
from console.contract.conversations.communication import (
    CreateCommunication,
    SentParty,
    TextContent,
)
from console.contract.conversations.conversation import (
    Conversation,
    CreateConversation,
    PatchConversation,
)
from console.contract.conversations.learning import CountModelUsage
from console.core.chat import Unanswered, Usage, draft, get_endpoint
from console.core.errors import DomainError
from console.masking.masker import MaskedValue, Masker
from console.pages.conversations.selectors import TurnRow, get_subject, list_customers
from console.profiles.identity import look_up
from console.profiles.knowledge import QuotedChunk, quote_knowledge
from console.profiles.prompt import (
    Quote,
    build_prompt,
    fill,
    quote_segment,
    quote_traits,
    to_line,
)
from console.segment.models import Assistant, Talk
from console.segment.showing import Engines, run_engines
from console.tenants.actor import Actor, Permission
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from console.web.access import FORM, POST, allow
from console.web.forms import ConsoleForm, ReasonForm
from console.web.render import ConsoleRequest, render_form

# Marks a conversation as one of these, and says whose; signed, with its id, so that no
# client can have one of its own taken for it.
TRIED, MADE_UP, REAL = "tried", "1", "real"
CHANNELS = {
    "CHAT": "Chat",
    "SMS": "SMS",
    "WHATSAPP": "WhatsApp",
    "VOICE": "Voice",
    "EMAIL": "Email",
}
# Numbers set apart for fiction; some may be another's, or in an open conversation.
NUMBERS = [f"+120255501{last:02}" for last in range(1, 100)]
AGENT_NUMBER = "+12025550100"
TRIES = 20
TURNS_IN_PROMPT, TEXT_MAX = 10, 4000


class TooManyTried(DomainError):
    """Each number that was drawn is somebody's, or in a conversation that is open."""

    status = 409
    title = "Too many of these conversations are open"


class TryForm(ReasonForm):
    """profile  of a real customer, for a reason; empty: one is made up"""

    channel = forms.ChoiceField(choices=[*CHANNELS.items()])
    profile = forms.CharField(
        label="Customer",
        max_length=512,
        required=False,
        widget=forms.TextInput(
            attrs={"placeholder": "email:…  phone:…  profile id", "autocomplete": "off"}
        ),
        help_text="A real customer by an identifier, as type:value, or by the profile's "
        "id, which needs a reason and a ticket; nothing is learned then. Empty: a "
        "made-up customer.",
    )
    assistant = forms.ModelChoiceField(
        Assistant.objects.none(),
        label="Assistant",
        required=False,
        empty_label="No assistant: the memory alone",
        help_text="What it is given, Segment included, and what it would send there.",
    )

    def __init__(self, *args: Any, request: ConsoleRequest, **kwargs: Any) -> None:
        super().__init__(*args, request=request, **kwargs)
        self.require_reason(bool(self.data.get("profile")))
        self.order_fields(["channel", "profile", "assistant"])
        rows = request.tenant.assistants.order_by("name")
        self.fields["assistant"].queryset = rows  # type: ignore[attr-defined]
        if not rows:
            del self.fields["assistant"]


class SayForm(ConsoleForm):
    side = forms.ChoiceField(
        label="Speak as", choices=[("customer", "Customer"), ("agent", "Agent")]
    )
    text = forms.CharField(
        label="Message",
        max_length=TEXT_MAX,
        widget=forms.TextInput(attrs={"autofocus": True}),  # Enter says it
    )


@dataclass(frozen=True, slots=True)
class Given:
    """What an agent would be given now: what is known, the observations and summaries of
    a Recall by this conversation, best first, what the tenant's bases say to the
    customer's last word, and all of it as a prompt.

    is_ranked   by what was said; else the newest
    is_made_up  the customer, who may be removed
    engines     of the assistant that it is tried as: Segment's part
    """

    profile_id: str
    traits: list[Quote]
    items: list[MaskedValue]
    knowledge: list[QuotedChunk]
    prompt: str
    is_ranked: bool
    is_made_up: bool
    engines: Engines | None


@allow(Permission.RUN_RECALL, FORM, logs="conversation.tried profile.found")
def try_it(request: ConsoleRequest) -> HttpResponse:
    """Open one with a customer whom nobody knows, or with one who is chosen."""
    initial = {"profile": request.GET.get("profile", "")}
    form = TryForm(request=request, initial=initial)
    if form.is_valid():
        store = request.store
        on, reason, profile_id = ("store", store.store_id), "", ""
        if asked := form.cleaned_data["profile"]:
            match = look_up(request.actor, asked)
            if not (profile_id := match.profile_id):
                whose = "Several profiles have" if match.profiles else "No profile has"
                words = match.problem or f"{whose} {match.asked_for}."
                form.add_error("profile", words)
                return render_form(request, "conversations/try.html", {"form": form})
            on, reason = ("profile", profile_id), form.reason
        with log_change(
            request.actor, "conversation.tried", *on, reason=reason
        ) as closing:
            made = _open(store, form.cleaned_data["channel"], profile_id)
            _mark(request, made, REAL if profile_id else MADE_UP)
            closing["conversation"] = made.id
            assistant = form.cleaned_data.get("assistant")
            made_up = "" if profile_id else get_subject(made)
            Talk.objects.create(
                conversation_id=made.id, assistant=assistant, made_up=made_up
            )
        return redirect("conversations:detail", request.tenant.slug, made.id)
    return render_form(request, "conversations/try.html", {"form": form})


def _open(store: StoreClient, channel: str, profile_id: str) -> Conversation:
    """Raises TooManyTried."""
    if channel in {"CHAT", "EMAIL"}:
        # Letters alone: no mask takes them for somebody's number.
        name = f"try-it-{''.join(choice(ascii_lowercase) for _ in range(8))}"
        domain = "@example.com" * (channel == "EMAIL")
        sides = (name + domain, f"try-it-agent{domain}")
        return _open_with(store, channel, sides, profile_id)
    for number in sample(NUMBERS, min(TRIES, len(NUMBERS))):
        if _is_held(store, number):
            continue
        with suppress(MemoryConflict):
            return _open_with(store, channel, (number, AGENT_NUMBER), profile_id)
    raise TooManyTried("Close them and remove their customers, or try it by chat.")


def _is_held(store: StoreClient, number: str) -> bool:
    """Whether somebody is found by it, who would be taken for the made-up customer."""
    for id_type in ("phone", "whatsapp"):
        with suppress(MemoryRefused):  # a store need not know either
            if store.lookup(id_type, number).profiles:
                return True
    return False


def _open_with(
    store: StoreClient, channel: str, addresses: tuple[str, str], profile_id: str
) -> Conversation:
    customer, agent = ([{"channel": channel, "address": each}] for each in addresses)
    wanted = {
        "configuration": {
            "memoryStoreId": store.store_id,
            "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
            "memoryExtractionEnabled": not profile_id,
        },
        "name": "Try it",
        "participants": [
            {"type": "CUSTOMER", "addresses": customer}
            | ({"profileId": profile_id} if profile_id else {}),
            {"type": "HUMAN_AGENT", "addresses": agent},
        ],
    }
    body = msgspec.convert(wanted, CreateConversation)
    return store.conversations.create_conversation(body)


def _mark(request: ConsoleRequest, made: Conversation, whose: str) -> None:
    facts = made.id, whose, request.user.pk, get_subject(made)
    patch = PatchConversation(metadata={TRIED: _signer().sign_object(facts)})
    request.store.conversations.patch_conversation(made.id, patch)


def _signer() -> Signer:
    return Signer(salt="conversations.tried")


def draft_reply(request: ConsoleRequest, shown: Conversation, given: Given) -> str:
    """What a chat model says to the prompt as the page shows it, masked like all else;
    "" without an answer. It counts as what the memory itself asks the model. Raises
    Http404 where there is no model."""
    if (endpoint := get_endpoint(settings)) is None:
        raise Http404
    client, usage = request.store.conversations, Usage()
    if not _has_tokens(client):
        messages.error(request, "The memory allows no more tokens of a model today.")
        return ""
    on = ("conversation.drafted", "conversation", shown.id)
    about = list_customers(shown)
    with log_change(request.actor, *on, about=about) as closing:
        try:
            return draft(endpoint, given.prompt, usage)[:TEXT_MAX]
        except Unanswered:
            messages.error(request, "The model gave no answer. Try again.")
            return ""
        finally:
            closing["tokens"] = usage.tokens_in + usage.tokens_out
            if usage.calls:
                client.count_model_usage(CountModelUsage(**asdict(usage)))


def _has_tokens(client: ConversationsClient) -> bool:
    with suppress(MemoryNotFound):
        return client.fetch_model_usage().has_tokens(timezone.now().date())
    return False


@allow(Permission.RUN_RECALL, POST, logs="conversation.tried")
def say(request: ConsoleRequest, conversation_id: str) -> HttpResponse:
    """Something more of either side, in a conversation that is only tried."""
    client = request.store.conversations
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
    said = CreateCommunication(
        author=author,
        content=TextContent(text=form.cleaned_data["text"]),
        recipients=[recipient],
    )
    on, about = ("conversation.tried", "conversation", shown.id), list_customers(shown)
    with log_change(request.actor, *on, about=about):
        client.create_communication(shown.id, said)
    return redirect(page, request.tenant.slug, shown.id)


def is_tried(shown: Conversation) -> bool:
    return bool(_read_mark(shown)) and len(shown.participants) >= 2


def may_end(actor: Actor, shown: Conversation, name: str) -> bool:
    """Whoever began one may close it and remove a made-up customer, in any role."""
    whose, by, _ = _read_mark(shown) or ("", None, "")
    is_own = actor.user is not None and actor.user.pk == by
    return is_own and (name == "close" or (name == "remove" and whose == MADE_UP))


def remove_customer(store: StoreClient, shown: Conversation) -> None:
    """Whom it was opened with, whoever takes part now; and all that was said, which
    may go with the profile."""
    if mark := _read_mark(shown):
        with suppress(MemoryNotFound):
            store.delete_profile(mark[2])
        with suppress(MemoryNotFound):
            store.conversations.delete_conversation(shown.id)


def _read_mark(shown: Conversation) -> tuple[str, int, str] | None:
    """Whose, MADE_UP or REAL, by whom, the profile; of one that was opened here."""
    with suppress(BadSignature, ValueError):
        id_, *told = _signer().unsign_object(shown.metadata.get(TRIED, ""))
        return (told[0], told[1], told[2]) if id_ == shown.id else None
    return None


def build_given(
    tenant: Tenant, shown: Conversation, turns: Sequence[TurnRow], masker: Masker
) -> Given | None:
    """None without a customer whom the memory knows. Masked, but for what was revealed."""
    store, profile_id = open_store(tenant), get_subject(shown)
    if profile_id == shown.id:
        return None
    profile = store.fetch_profile(profile_id)
    tried = Assistant.objects.filter(talks__conversation_id=shown.id, tenant=tenant)
    assistant = tried.select_related("tenant").first()
    by = assistant or Assistant(tenant=tenant)
    engines = (
        run_engines(assistant, store, profile_id, masker.by_rule, shown.id)
        if assistant
        else None
    )
    traits = quote_traits(store, profile, masker) if by.uses_memory else []
    recalled = store.recall(
        profile_id,
        conversation_id=shown.id,
        observations_limit=by.observations_limit * by.uses_memory,
        summaries_limit=by.summaries_limit * by.uses_memory,
        relevance_threshold=by.least_score,
        masked=True,
    )
    items = [
        masker.mask_text(each.kind, each.id, each.content) for each in recalled.items
    ]
    by_customer = (x for x in turns[::-1] if x.person and x.person.is_customer)
    last = next(by_customer, None)
    asked = last.shown.text if last else ""
    knowledge = quote_knowledge(tenant, asked, by.knowledge_bases)
    known = [*traits, *quote_segment(engines.traits if engines else ())]
    known += [*(Quote(item.kind, item.text) for item in items), *knowledge]
    return Given(
        profile_id,
        traits,
        items,
        knowledge,
        fill(by.prompt, build_prompt(known).text, _quote_turns(turns)),
        recalled.is_ranked,
        (_read_mark(shown) or [""])[0] == MADE_UP,
        engines,
    )


def _quote_turns(turns: Sequence[TurnRow]) -> str:
    return "\n".join(
        f"{'Customer' if turn.person and turn.person.is_customer else 'Agent'}: "
        f"{escape(to_line(turn.shown.text))}"
        for turn in turns[-TURNS_IN_PROMPT:]
    )
