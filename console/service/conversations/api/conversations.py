"""Conversations. Conversations 8."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils import timezone
from msgspec import Meta

from console.contract.conversations import conversation as wire
from console.contract.conversations.configuration import StoreId
from console.service import errors
from console.service.conversations import conversations, models
from console.service.conversations.api.configurations import answer_progress, changes
from console.service.conversations.lifecycle import settle_due
from console.service.conversations.showing import list_conversations as show_all
from console.service.conversations.showing import show_conversation
from console.service.http.answers import answer
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.memory.models import Store

CONVERSATIONS = "v2/Conversations"
CONVERSATION = f"{CONVERSATIONS}/<conversation_id>"
QUERY = {
    "status": Annotated[
        str,
        Meta(
            pattern=r"^(ACTIVE|INACTIVE|CLOSED)(,(ACTIVE|INACTIVE|CLOSED))*\Z",
            description="Only of this status; may be repeated.",
        ),
    ],
    "channelId": doc.documented(
        str, "Only those in which this call or message occurs."
    ),
    "memoryStoreId": doc.documented(StoreId, "Ours: only those linked to this store."),
    "profileId": doc.documented(wire.ProfileId, "Ours: only those of this customer."),
    "configurationId": doc.documented(str, "Ours: only those that began by this one."),
}
FILTERS = {name: kind for name, kind in QUERY.items() if name != "status"}


def answer_parts(
    request: ApiRequest,
    conversation_id: str,
    model: Any,
    show: Any = None,
    *,
    order: str = "ASC",
    sort: Sequence[str] = ("created_at", "id"),
    columns: Mapping[str, str] = {},
) -> HttpResponse:
    """A page of what a conversation holds; `columns` that it is filtered by, by the
    names of their parameters."""
    row = conversations.get_conversation(request.account, conversation_id)
    page = read_page(request, order=order)
    wanted = {columns[name]: value for name, value in page.filters.items()}
    rows = model.of_conversation(row).filter(**wanted)
    return answer_page(request, rows, page, show, sort=sort)


@doc.operation("GET", CONVERSATIONS, {200: wire.ConversationsPage}, query=QUERY)
def list_conversations(request: ApiRequest) -> HttpResponse:
    """An account's conversations, newest first."""
    page = read_page(
        request,
        filters=FILTERS,
        # Samples of the vendor write it both ways.
        repeated=("status", "Status"),
    )
    settle_due(timezone.now(), request.account)
    rows = models.Conversation.objects.filter(account=request.account)
    if given := page.filters.get("status") or page.filters.get("Status"):
        statuses = given.split(",")
        if not set(statuses) <= set(wire.STATUSES):
            raise errors.Invalid(f"status: must be one of {', '.join(wire.STATUSES)}")
        rows = rows.filter(status__in=statuses)
    if channel_id := page.filters.get("channelId"):
        uses = models.ChannelUse.objects.filter(channel_id=channel_id)
        rows = rows.filter(id__in=uses.values("conversation_id"))
    if store_id := page.filters.get("memoryStoreId"):
        rows = rows.filter(store_id=store_id)
    if configuration_id := page.filters.get("configurationId"):
        rows = rows.filter(configuration_id=configuration_id)
    if profile_id := page.filters.get("profileId"):
        takes_part = models.Participant.objects.filter(
            store_id__in=Store.objects.filter(account=request.account).values("id"),
            profile_id=profile_id,
        )
        rows = rows.filter(id__in=takes_part.values("conversation_id"))
    return answer_page(request, rows, page, show_all=show_all)


@doc.operation("POST", CONVERSATIONS, {201: wire.Conversation}, refusals=(404, 409))
def create_conversation(
    request: ApiRequest, body: wire.CreateConversation
) -> HttpResponse:
    """Opens a conversation, with its participants, or none of it. 409 names the open
    one that has the same participants."""
    row = conversations.create_conversation(request.account, body)
    return answer(show_conversation(row), status=201)


@doc.operation("GET", CONVERSATION, {200: wire.Conversation})
def fetch_conversation(request: ApiRequest, conversation_id: str) -> HttpResponse:
    """One conversation, with its participants."""
    row = conversations.get_conversation(request.account, conversation_id)
    return answer(show_conversation(row))


@doc.operation("PUT", CONVERSATION, {200: wire.Conversation}, refusals=(409,))
def update_conversation(
    request: ApiRequest, conversation_id: str, body: wire.PutConversation
) -> HttpResponse:
    """Sets the status; CLOSED is for good. Name and metadata are replaced where given."""
    row = conversations.put_conversation(request.account, conversation_id, body)
    return answer(show_conversation(row))


@doc.operation(
    "PATCH", CONVERSATION, {200: wire.Conversation}, refusals=(409,), nulls_at=(0, 1)
)
def patch_conversation(
    request: ApiRequest, conversation_id: str, body: wire.PatchConversation
) -> HttpResponse:
    """Changes what is given. An empty list of statusCallbacks stops its webhooks."""
    row = conversations.patch_conversation(request.account, conversation_id, body)
    return answer(show_conversation(row))


@changes("DELETE", CONVERSATION, logs="conversation.deleted")
def delete_conversation(request: ApiRequest, conversation_id: str) -> HttpResponse:
    """Deletes a conversation with all that was said in it. What was learned from it
    stays with its profiles."""
    conversations.delete_conversation(request.account, conversation_id)
    return answer_progress(request, conversationId=conversation_id)
