"""What became of a conversation. Conversations 12.1 and 12.4 to 12.6; the addresses are
ours."""

from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse

from console.contract.conversations import delivery
from console.contract.conversations import learning as wire
from console.contract.conversations.configuration import ITEMS_PER_PAGE
from console.core.chat import Usage, get_endpoint
from console.service.conversations import lifecycle, models, webhooks
from console.service.conversations.api.conversations import answer_parts
from console.service.conversations.conversations import get_conversation
from console.service.conversations.model_extractor import (
    compute_cost,
    count_usage,
)
from console.service.conversations.proposals import find_holder
from console.service.conversations.rules import Rules, put_rules
from console.service.conversations.trial import try_rules
from console.service.conversations.writing import decide
from console.service.http.answers import accepted, answer, etag, from_row
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest, read_body
from console.service.memory.api.profiles import get_profile


@doc.operation(
    "The statuses that a conversation has reached, the first one first, and what was "
    "learned at each.",
    {200: wire.TransitionsPage},
    query=doc.PAGE_QUERY,
)
def list_transitions(request: ApiRequest, conversation_id: str) -> HttpResponse:
    return answer_parts(
        request,
        conversation_id,
        models.Transition,
        wire.TransitionsPage,
        wire.Transition,
        sort=("number",),
    )


@doc.operation(
    "The events of a conversation on their way to its callbacks, the newest first. They "
    "stay here for seven days.",
    {200: delivery.DeliveriesPage},
    query=doc.PAGE_QUERY,
)
def list_deliveries(request: ApiRequest, conversation_id: str) -> HttpResponse:
    return answer_parts(
        request,
        conversation_id,
        models.Delivery,
        delivery.DeliveriesPage,
        delivery.Delivery,
        order="DESC",
        sort=("id",),
    )


@doc.operation(
    "Sends an event once more, with all its tries, under the same idempotency token.",
    {202: delivery.Delivery},
    body=delivery.RetryDelivery,
)
def retry_delivery(
    request: ApiRequest, conversation_id: str, delivery_id: str
) -> HttpResponse:
    read_body(request, delivery.RetryDelivery)
    row = get_conversation(request.account, conversation_id)
    found = webhooks.retry(row, delivery_id)
    return answer(from_row(delivery.Delivery, found), status=202)


@doc.operation(
    "What went wrong in a conversation without an error to anybody, the newest first.",
    {200: delivery.DiagnosticsPage},
    query=doc.PAGE_QUERY,
)
def list_diagnostics(request: ApiRequest, conversation_id: str) -> HttpResponse:
    return answer_parts(
        request,
        conversation_id,
        models.Diagnostic,
        delivery.DiagnosticsPage,
        delivery.Diagnostic,
        order="DESC",
        sort=("at", "id"),
    )


@doc.operation(
    "What was learned from a conversation, fact by fact, the first one first.",
    {200: wire.LearnedPage},
    query=doc.PAGE_QUERY,
)
def list_learned(request: ApiRequest, conversation_id: str) -> HttpResponse:
    row = get_conversation(request.account, conversation_id)
    return _answer_learned(request, models.Learned.of_conversation(row))


@doc.operation(
    "From which words of which conversations the memory knows what it has learned of a "
    "customer.",
    {200: wire.LearnedPage},
    query=doc.PAGE_QUERY
    | {"itemId": doc.documented(wire.ItemId, "Only of this observation or summary.")}
    | {"outcome": doc.documented(wire.Outcome, "Only of this outcome.")},
)
def list_provenance(request: ApiRequest, profile_id: str) -> HttpResponse:
    rows = models.Learned.objects.of(get_profile(request, profile_id))

    def show(row: models.Learned) -> wire.Learned:
        return from_row(wire.Learned, row, held_by=find_holder(request.store, row))

    return _answer_learned(request, rows, show)


def _answer_learned(
    request: ApiRequest, rows: Any, show: Any = wire.Learned
) -> HttpResponse:
    filters = {"itemId": wire.ItemId, "outcome": wire.Outcome}
    page = read_page(request, cap=ITEMS_PER_PAGE, filters=filters, order="ASC")
    if item_id := page.filters.get("itemId"):
        rows = rows.filter(item_id=item_id)
    if outcome := page.filters.get("outcome"):
        rows = rows.filter(outcome=outcome)
    return answer_page(request, rows, page, wire.LearnedPage, show, sort=("id",))


@doc.operation(
    "Learns once more from all that was said. What is known or was changed by a person "
    "stays as it is.",
    doc.ACCEPTED,
    body=wire.LearnAgain,
)
def learn_again(request: ApiRequest, conversation_id: str) -> HttpResponse:
    read_body(request, wire.LearnAgain)
    lifecycle.learn_again(get_conversation(request.account, conversation_id))
    return accepted()


@doc.operation(
    "Decides about what is held back or proposed: it becomes an observation or a trait, "
    "or nothing.",
    doc.ACCEPTED,
    body=wire.DecideLearned,
)
def decide_learned(
    request: ApiRequest, profile_id: str, learned_id: str
) -> HttpResponse:
    body = read_body(request, wire.DecideLearned)
    decide(request.store, profile_id, learned_id, body.outcome)
    return accepted()


@doc.operation(
    "What of conversations a store may remember: by the kind of personal data that a "
    "fact holds, and by words of the store's own.",
    {200: wire.LearningRules},
)
def fetch_learning_rules(request: ApiRequest) -> HttpResponse:
    row = models.LearningRules.objects.filter(pk=request.store.id).first()
    shown = wire.LearningRules(kinds=wire.DEFAULT_RULES)
    shown = from_row(wire.LearningRules, row) if row else shown
    return answer(shown, headers=etag(shown.version))


@doc.operation(
    "What a chat model has been asked for a store, by day (UTC), the newest first.",
    {200: wire.ModelUsage},
)
def fetch_model_usage(request: ApiRequest) -> HttpResponse:
    days = [
        from_row(wire.ModelDay, row, day=row.day.isoformat(), cost=compute_cost(row))
        for row in models.ModelUsage.objects.of(request.store).order_by("-day")[:31]
    ]
    ceiling = settings.MODEL_TOKENS_PER_DAY if get_endpoint(settings) else 0
    return answer(wire.ModelUsage(days=tuple(days), tokens_per_day=ceiling))


@doc.operation(
    "Counts what a program has asked a model for the store by itself.",
    doc.ACCEPTED,
    body=wire.CountModelUsage,
)
def count_model_usage(request: ApiRequest) -> HttpResponse:
    body = read_body(request, wire.CountModelUsage)
    count_usage(request.store.id, Usage(**msgspec.structs.asdict(body)))
    return accepted()


@doc.operation(
    "Replaces the rules; what was learned before stays as it is. With If-Match, only if "
    "nobody has changed them meanwhile.",
    doc.ACCEPTED,
    body=wire.PutLearningRules,
    headers=doc.IF_MATCH,
)
def update_learning_rules(request: ApiRequest) -> HttpResponse:
    body = read_body(request, wire.PutLearningRules)
    put_rules(request.store, body, if_match=request.headers.get("If-Match", ""))
    return accepted()


@doc.operation(
    "What such rules would have done with the newest conversations; nothing is written.",
    {200: wire.RulesTrial},
    body=wire.PutLearningRules,
)
def try_learning_rules(request: ApiRequest) -> HttpResponse:
    body = read_body(request, wire.PutLearningRules)
    return answer(try_rules(request.store, Rules.from_body(body)))
