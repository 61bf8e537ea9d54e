"""What became of a conversation. Conversations 12.1 and 12.4 to 12.6; the addresses are
ours."""

from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse

from console.contract.conversations import delivery
from console.contract.conversations import learning as wire
from console.core.chat import Usage, get_endpoint
from console.service.conversations import lifecycle, models, webhooks
from console.service.conversations.api.conversations import CONVERSATION, answer_parts
from console.service.conversations.conversations import get_conversation
from console.service.conversations.model_extractor import compute_cost, count_usage
from console.service.conversations.proposals import find_holder
from console.service.conversations.rules import Rules, put_rules
from console.service.conversations.trial import try_rules
from console.service.conversations.writing import decide
from console.service.http.answers import accepted, answer, etag, from_row
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.memory.api.profiles import PROFILE, get_profile
from console.service.memory.api.stores import STORE
from console.service.memory.models import Store

LEARNED = f"{CONVERSATION}/Learned"
PROVENANCE = f"{PROFILE}/Provenance"
RULES = f"{STORE}/LearningRules"
USAGE = f"{STORE}/ModelUsage"


@doc.operation("GET", f"{CONVERSATION}/Transitions", {200: wire.TransitionsPage})
def list_transitions(request: ApiRequest, conversation_id: str) -> HttpResponse:
    """The statuses that a conversation has reached, the first one first, and what was
    learned at each."""
    return answer_parts(request, conversation_id, models.Transition, sort=("number",))


@doc.operation("GET", f"{CONVERSATION}/Deliveries", {200: delivery.DeliveriesPage})
def list_deliveries(request: ApiRequest, conversation_id: str) -> HttpResponse:
    """The events of a conversation on their way to its callbacks, the newest first.
    They stay here for seven days."""
    return answer_parts(
        request, conversation_id, models.Delivery, sort=("id",), order="DESC"
    )


@doc.operation(
    "POST",
    f"{CONVERSATION}/Deliveries/<delivery_id>/Retry",
    {202: delivery.Delivery},
    logs="webhook.retried",
)
def retry_delivery(
    request: ApiRequest,
    conversation_id: str,
    delivery_id: str,
    body: delivery.RetryDelivery,
) -> HttpResponse:
    """Sends an event once more, with all its tries, under the same idempotency token."""
    row = get_conversation(request.account, conversation_id)
    found = webhooks.retry(row, delivery_id)
    return answer(from_row(delivery.Delivery, found), status=202)


@doc.operation("GET", f"{CONVERSATION}/Diagnostics", {200: delivery.DiagnosticsPage})
def list_diagnostics(request: ApiRequest, conversation_id: str) -> HttpResponse:
    """What went wrong in a conversation without an error to anybody, the newest first."""
    return answer_parts(
        request, conversation_id, models.Diagnostic, sort=("at", "id"), order="DESC"
    )


@doc.operation("GET", LEARNED, {200: wire.LearnedPage})
def list_learned(request: ApiRequest, conversation_id: str) -> HttpResponse:
    """What was learned from a conversation, fact by fact, the first one first."""
    row = get_conversation(request.account, conversation_id)
    return _answer_learned(request, models.Learned.of_conversation(row))


@doc.operation(
    "GET",
    PROVENANCE,
    {200: wire.LearnedPage},
    query={
        "itemId": doc.documented(wire.ItemId, "Only of this observation or summary.")
    }
    | {"outcome": doc.documented(wire.Outcome, "Only of this outcome.")},
)
def list_provenance(request: ApiRequest, profile_id: str) -> HttpResponse:
    """From which words of which conversations the memory knows what it has learned of a
    customer."""
    rows = models.Learned.objects.of(get_profile(request, profile_id))
    return _answer_learned(request, rows, request.store)


def _answer_learned(
    request: ApiRequest, rows: Any, store: Store | None = None
) -> HttpResponse:
    def show(row: models.Learned) -> wire.Learned:
        # Of what waits to become an observation it is the columns of that.
        item = row.item if row.kind == "trait" else {}
        held_by = find_holder(store, row) if store else ""
        return from_row(wire.Learned, row, item=item, held_by=held_by)

    filters = {"itemId": wire.ItemId, "outcome": wire.Outcome}
    page = read_page(request, filters=filters, order="ASC")
    if item_id := page.filters.get("itemId"):
        rows = rows.filter(item_id=item_id)
    if outcome := page.filters.get("outcome"):
        rows = rows.filter(outcome=outcome)
    return answer_page(request, rows, page, show, sort=("id",))


@doc.operation("POST", LEARNED, doc.ACCEPTED, logs="conversation.relearned")
def learn_again(
    request: ApiRequest, conversation_id: str, body: wire.LearnAgain
) -> HttpResponse:
    """Learns once more from all that was said. What is known or was changed by a person
    stays as it is."""
    lifecycle.learn_again(get_conversation(request.account, conversation_id))
    return accepted()


@doc.operation("PATCH", f"{PROVENANCE}/<learned_id>", doc.ACCEPTED, logs="fact.decided")
def decide_learned(
    request: ApiRequest, profile_id: str, learned_id: str, body: wire.DecideLearned
) -> HttpResponse:
    """Decides about what is held back or proposed: it becomes an observation or a
    trait, or nothing."""
    decide(request.store, profile_id, learned_id, body.outcome)
    return accepted()


@doc.operation("GET", RULES, {200: wire.LearningRules})
def fetch_learning_rules(request: ApiRequest) -> HttpResponse:
    """What of conversations a store may remember: by the kind of personal data that a
    fact holds, and by words of the store's own."""
    row = models.LearningRules.objects.filter(pk=request.store.id).first()
    shown = wire.LearningRules(kinds=wire.DEFAULT_RULES)
    shown = from_row(wire.LearningRules, row) if row else shown
    return answer(shown, headers=etag(shown.version))


@doc.operation("GET", USAGE, {200: wire.ModelUsage})
def fetch_model_usage(request: ApiRequest) -> HttpResponse:
    """What a chat model has been asked for a store, by day (UTC), the newest first."""
    days = [
        from_row(wire.ModelDay, row, day=row.day.isoformat(), cost=compute_cost(row))
        for row in models.ModelUsage.objects.of(request.store).order_by("-day")[:31]
    ]
    ceiling = settings.MODEL_TOKENS_PER_DAY if get_endpoint(settings) else 0
    return answer(wire.ModelUsage(days=tuple(days), tokens_per_day=ceiling))


@doc.operation("POST", USAGE, doc.ACCEPTED)
def count_model_usage(request: ApiRequest, body: wire.CountModelUsage) -> HttpResponse:
    """Counts what a program has asked a model for the store by itself."""
    count_usage(request.store.id, Usage(**msgspec.structs.asdict(body)))
    return accepted()


@doc.operation(
    "PUT", RULES, doc.ACCEPTED, headers=doc.IF_MATCH, logs="learning.changed"
)
def update_learning_rules(
    request: ApiRequest, body: wire.PutLearningRules
) -> HttpResponse:
    """Replaces the rules; what was learned before stays as it is. With If-Match, only
    if nobody has changed them meanwhile."""
    put_rules(request.store, body, if_match=request.headers.get("If-Match", ""))
    return accepted()


@doc.operation("POST", f"{RULES}/Trial", {200: wire.RulesTrial})
def try_learning_rules(
    request: ApiRequest, body: wire.PutLearningRules
) -> HttpResponse:
    """What such rules would have done with the newest conversations; nothing is
    written."""
    return answer(try_rules(request.store, Rules.from_body(body)))
