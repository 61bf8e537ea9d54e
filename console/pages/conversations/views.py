"""Conversations of a tenant: what was said, what was learned, and why."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import msgspec
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from console.audit.log import log_change, log_view
from console.client.conversations import ConversationsClient
from console.client.store import StoreClient
from console.contract.conversations.conversation import (
    STATUSES,
    Conversation,
    PatchConversation,
)
from console.contract.conversations.learning import DecideLearned, Learned, Transition
from console.contract.ids import CONVERSATION_ID, PROFILE_ID
from console.contract.memory.observation import Observation
from console.contract.memory.summary import Summary
from console.core.chat import get_endpoint
from console.masking.masker import get_reveal_target, masker_for
from console.pages.conversations.selectors import (
    TURNS_MAX,
    ConversationRow,
    build_lessons,
    build_people,
    build_rows,
    build_turns,
    fetch_with_customer,
    get_subject,
    list_customers,
    list_learned,
    list_taught,
    list_told,
    list_turns,
)
from console.pages.conversations.trying import (
    SayForm,
    build_given,
    draft_reply,
    is_tried,
    may_end,
    remove_customer,
)
from console.profiles.context import ask_head, build_head, know_customer
from console.profiles.items import WAITING, build_waiting, fetch_waiting, mask_waiting
from console.profiles.models import check_hold
from console.tenants.actor import Actor, Permission
from console.web.access import FORM, POST, allow, check_may
from console.web.forms import PageForm, ReasonForm, check_form
from console.web.render import ConsoleRequest, render_form, render_part, wants_part

ROWS, DELIVERIES = 25, 20
# Of a deletion request.
REQUESTED_MAX = 100
# A page that is left open asks no longer: each request keeps its session.
LEARNED_WITHIN = timedelta(minutes=10)


class ListForm(PageForm):
    """status  empty: all; profile: of one customer"""

    status = forms.ChoiceField(
        required=False, choices=[("", "All"), *((s, s.lower()) for s in STATUSES)]
    )
    profile = forms.RegexField(rf"^{PROFILE_ID.pattern}\Z", required=False)


class ConversationActForm(ReasonForm):
    """Why a conversation is closed, read again or deleted by hand."""


class HeldForm(ReasonForm):
    """What becomes of a fact that was held back, and why."""

    outcome = forms.ChoiceField(
        label="This fact is",
        choices=[("added", "remembered: release it"), ("dropped", "not: drop it")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the two."},
    )
    field_order = ("outcome", "reason_code", "ticket")


class DeleteForm(ConversationActForm):
    also = forms.ChoiceField(
        label="What was learned from it",
        choices=[
            ("keep", "Keep it: only what was said is deleted"),
            ("request", "Request its deletion: the next page asks for the rest"),
        ],
        widget=forms.RadioSelect,
        initial="keep",
    )


class Act(msgspec.Struct, frozen=True):
    """permission  by its name"""

    action: str
    permission: str
    title: str
    button: str
    explanation: str
    done: str

    @property
    def danger(self) -> bool:
        return self.action == "conversation.deleted"


ACTS = msgspec.toml.decode(
    Path(__file__).with_name("acts.toml").read_bytes(), type=dict[str, Act]
)


@allow(Permission.VIEW_PROFILES, logs="conversations.listed")
def list_conversations(request: ConsoleRequest) -> HttpResponse:
    """The newest first; of one status or one customer."""
    query = check_form(ListForm(request.GET))
    store, masker = request.store, masker_for(request.actor, query["profile"])
    list_page = partial(
        store.conversations.list_conversations,
        status=query["status"],
        profile_id=query["profile"],
        page_token=query["page"],
        page_size=ROWS,
    )
    has_head = query["profile"] and not wants_part(request)
    asked = ask_head(store, query["profile"]) if has_head else ()
    page, *head = store.gather(list_page, *asked)
    of_profile = {"profile_id": query["profile"]}
    if head:
        of_profile = build_head(request, masker, *head)
    rows = build_rows(page.items, masker.with_names)
    log_view(
        request.actor,
        "conversations.listed",
        about=[query["profile"]] if query["profile"] else (),
        count=len(rows),
    )
    return render_part(
        request,
        "conversations/list.html",
        "conversations/_rows.html",
        {
            "rows": rows,
            "page": page,
            "statuses": STATUSES,
            "status": query["status"],
            **of_profile,
        },
    )


@allow(Permission.VIEW_PROFILES, logs="conversation.viewed")
def detail(request: ConsoleRequest, conversation_id: str) -> HttpResponse:
    """What was said, and beside each turn what was learned from it; `learned` asks
    whether that has been, and has the page read again once it has."""
    if "learned" in request.GET:
        client = request.store.conversations
        if _is_learning(list_told(client.list_transitions, conversation_id)):
            return HttpResponse(status=204)
        return HttpResponseClientRefresh()
    return _show(request, conversation_id)


@allow(Permission.RUN_RECALL, POST, logs="conversation.viewed conversation.drafted")
def draft(request: ConsoleRequest, conversation_id: str) -> HttpResponse:
    """The same, with what a model would say as the agent, to be sent or changed."""
    return _show(request, conversation_id, drafts=True)


def _show(
    request: ConsoleRequest, conversation_id: str, *, drafts: bool = False
) -> HttpResponse:
    client, told = request.store.conversations, partial(partial, list_told)
    (shown, head), learned, transitions, said, diagnostics, deliveries = (
        request.store.gather(
            partial(fetch_with_customer, request.store, conversation_id),
            partial(list_learned, client, conversation_id),
            told(client.list_transitions, conversation_id),
            partial(list_turns, client, conversation_id),
            told(client.list_diagnostics, conversation_id),
            told(client.list_deliveries, conversation_id, page_size=DELIVERIES),
        )
    )
    about = list_customers(shown)
    log_view(
        request.actor, "conversation.viewed", "conversation", shown.id, about=about
    )
    subject = get_subject(shown)
    masker = masker_for(request.actor, subject)
    whole_name = know_customer(masker, *head) if head else None
    masker.know_customers(shown.participants)
    masker = masker.with_names
    people = build_people(shown, masker)
    lessons = build_lessons(request.store, learned, shown.id, masker)
    turns = build_turns(shown, said, people, lessons, transitions, masker)
    trying = is_tried(shown) and request.actor.may(Permission.RUN_RECALL)
    given = build_given(request.tenant, shown, turns, masker) if trying else None
    say = None
    if trying and shown.status != "CLOSED":
        # After one side the other.
        is_asked = turns and turns[-1].person and turns[-1].person.is_customer
        say = SayForm(initial={"side": "agent" if is_asked else "customer"})
    if drafts:
        if not (say and given):
            raise Http404
        text = draft_reply(request, shown, given)
        say = SayForm(initial={"side": "agent", "text": " ".join(text.split())})
    return render(
        request,
        "conversations/detail.html",
        {
            "shown": shown,
            "whole_name": whole_name,
            "subject": subject,
            "people": people,
            "row": ConversationRow(shown, people),
            "turns": turns,
            "reveal": get_reveal_target([turn.shown for turn in turns])
            if turns
            else None,
            "is_cut": len(turns) == TURNS_MAX,
            "say": say,
            "given": given,
            "removes": may_end(request.actor, shown, "remove"),
            "may_draft": say and given and get_endpoint(settings),
            "summaries": [each for each in lessons if each.learned.kind == "summary"],
            "transitions": transitions,
            # A form that is being typed into is left alone.
            "is_learning": say is None and _is_learning(transitions),
            "diagnostics": diagnostics,
            "deliveries": [
                # A query can hold a secret.
                (each, each.url.partition("?")[0])
                for each in deliveries
            ],
            "acts": [
                (name, act)
                for name, act in ACTS.items()
                if _may(request.actor, name, shown) and _is_possible(name, shown)
            ],
        },
    )


def _is_learning(transitions: Sequence[Transition]) -> bool:
    """Whether what a conversation came to a moment ago is still to be learned from."""
    if not transitions or transitions[-1].learning != "PENDING":
        return False
    return timezone.now() - transitions[-1].recorded_at < LEARNED_WITHIN


def _may(actor: Actor, name: str, shown: Conversation) -> bool:
    is_general = name != "remove" and actor.may(Permission[ACTS[name].permission])
    return is_general or may_end(actor, shown, name)


def _is_possible(name: str, shown: Conversation) -> bool:
    begun, status = shown.configuration, shown.status
    learns = bool(begun and begun.memory_extraction_enabled)
    possible = {"close": status != "CLOSED", "learn": learns and status != "ACTIVE"}
    return possible.get(name, True)


@allow(
    Permission.VIEW_PROFILES,
    FORM,
    logs="conversation.closed conversation.relearned conversation.deleted",
)
def change(request: ConsoleRequest, conversation_id: str, name: str) -> HttpResponse:
    """Close, learn again, delete: why is asked first, and audited."""
    act = ACTS.get(name)
    if act is None:
        raise Http404
    shown = request.store.conversations.fetch_conversation(conversation_id)
    if not _may(request.actor, name, shown):
        check_may(request, Permission[act.permission])
        raise Http404
    if may_end(request.actor, shown, name):
        form = forms.Form(request.POST if request.method == "POST" else None)
    else:
        asks = DeleteForm if name == "delete" else ConversationActForm
        form = asks(request=request)
    if form.is_valid():
        also, taught = form.cleaned_data.get("also", ""), {}
        if name in {"delete", "remove"}:
            check_hold(request.tenant, *list_customers(shown))
        if also == "request":
            taught = list_taught(request.store, shown)
        with log_change(
            request.actor,
            act.action,
            "conversation",
            shown.id,
            reason=getattr(form, "reason", ""),
            about=list_customers(shown),
        ) as closing:
            if also:
                closing["learned"] = also
            _do(name, request.store, shown)
        messages.success(request, act.done)
        if any(taught.values()):
            return _ask_for_deletion(request, taught)
        if name in {"delete", "remove"}:
            return redirect("conversations:list", request.tenant.slug)
        return redirect("conversations:detail", request.tenant.slug, shown.id)
    context = {"shown": shown, "act": act, "form": form}
    return render_form(request, "conversations/change.html", context)


def _ask_for_deletion(
    request: ConsoleRequest, taught: Mapping[str, Sequence[Observation | Summary]]
) -> HttpResponse:
    """Of the customer whom it has taught most: a request is of one."""
    profile_id, items = max(taught.items(), key=lambda each: len(each[1]))
    asked = items[:REQUESTED_MAX]
    if left := sum(map(len, taught.values())) - len(asked):
        messages.warning(
            request,
            f"{left} more of what it taught stay{'s' * (left == 1)}: one request takes "
            f"{REQUESTED_MAX} facts of one customer. Choose the rest on their timelines.",
        )
    where = reverse("deletions:selection", args=[request.tenant.slug, profile_id])
    return redirect(f"{where}?{urlencode([('id', each.id) for each in asked])}")


def _do(name: str, store: StoreClient, shown: Conversation) -> None:
    client = store.conversations
    if name == "close":
        client.patch_conversation(shown.id, PatchConversation(status="CLOSED"))
    elif name == "learn":
        client.learn_again(shown.id)
    elif name == "remove":
        remove_customer(store, shown)
    else:
        client.delete_conversation(shown.id)


@allow(
    Permission.VIEW_PROFILES, logs="none: ids and times", part_of="customers:profile"
)
def provenance(request: ConsoleRequest, profile_id: str, item_id: str) -> HttpResponse:
    """From which words of which conversations an item was learned: a part of its page."""
    client = request.store.conversations
    learned = list_told(client.list_provenance, profile_id, item_id=item_id)
    context = {"learned": learned}
    return render(request, "conversations/_provenance.html", context)


@allow(Permission.VIEW_PROFILES, logs="facts.listed", part_of="customers:profile")
def list_waiting(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """What of a customer waits for a person: the part of a card that came too late."""
    fetch = partial(partial, fetch_waiting, request.store, profile_id)
    pages = request.store.gather(*map(fetch, WAITING))
    masker = masker_for(request.actor, profile_id).by_rule
    waiting = build_waiting(masker, *pages)
    if count := len(waiting["rows"]):
        log_view(request.actor, "facts.listed", "profile", profile_id, count=count)
    context = {"waiting": waiting}
    return render(request, "conversations/_waiting.html", context)


@allow(
    Permission.CORRECT,
    FORM,
    logs="facts.listed fact.added fact.dropped proposal.added proposal.dropped",
)
def decide(request: ConsoleRequest, profile_id: str, learned_id: str) -> HttpResponse:
    """A person accepts what was proposed; an officer judges what was held back, and
    says why."""
    client = request.store.conversations
    back = redirect("customers:profile", request.tenant.slug, profile_id)
    if CONVERSATION_ID.fullmatch(talk := request.GET.get("conversation", "")):
        back = redirect("conversations:detail", request.tenant.slug, talk)
    waiting = _find_waiting(client, profile_id, learned_id)
    if waiting is None:
        messages.info(request, "That was decided before.")
        return back
    noun, reason, outcome = "proposal", "", request.POST.get("outcome", "")
    if waiting.outcome == "quarantined":
        check_may(request, Permission.DELETE)
        form = HeldForm(request=request)
        if not form.is_valid():
            return _show_waiting(request, form, waiting, back.url)
        noun, reason = "fact", form.reason
    if outcome not in {"added", "dropped"}:
        raise Http404
    with log_change(
        request.actor, f"{noun}.{outcome}", "profile", profile_id, reason=reason
    ) as closing:
        closing["fact"] = learned_id
        decision = DecideLearned(outcome=cast("Any", outcome))
        client.decide_learned(profile_id, learned_id, decision)
    return back


def _find_waiting(
    client: ConversationsClient, profile_id: str, learned_id: str
) -> Learned | None:
    pages = (client.list_provenance(profile_id, outcome=each) for each in WAITING)
    waiting = (each for page in pages for each in page.items)
    return next((each for each in waiting if each.id == learned_id), None)


def _show_waiting(
    request: ConsoleRequest, form: HeldForm, waiting: Learned, back: str
) -> HttpResponse:
    log_view(request.actor, "facts.listed", "profile", waiting.profile_id, count=1)
    masker = masker_for(request.actor, waiting.profile_id).by_rule
    shown = mask_waiting(waiting, masker)
    context = {"form": form, "waiting": waiting, "shown": shown, "back": back}
    return render_form(request, "conversations/decide.html", context)


@allow(Permission.CORRECT, POST, logs="webhook.retried")
def retry(
    request: ConsoleRequest, conversation_id: str, delivery_id: str
) -> HttpResponse:
    """Send a webhook once more."""
    client = request.store.conversations
    shown = client.fetch_conversation(conversation_id)
    with log_change(
        request.actor,
        "webhook.retried",
        "conversation",
        shown.id,
        about=list_customers(shown),
    ) as closing:
        closing["delivery"] = delivery_id
        client.retry_delivery(conversation_id, delivery_id)
    messages.success(request, "It is sent again within a few seconds.")
    return redirect("conversations:detail", request.tenant.slug, conversation_id)
