"""Communications of a conversation, and actions that make them. Conversations 10 and 11."""

from django.http import HttpResponse

from console.contract.conversations import communication as wire
from console.service.conversations import communications, models
from console.service.conversations.api.conversations import CONVERSATION, answer_parts
from console.service.conversations.conversations import get_part
from console.service.conversations.showing import show_communication
from console.service.http.answers import answer, from_row
from console.service.http.description.operation import documented, operation
from console.service.http.request import ApiRequest

COMMUNICATIONS = f"{CONVERSATION}/Communications"


@operation(
    "GET",
    COMMUNICATIONS,
    {200: wire.CommunicationsPage},
    query={"channelId": documented(str, "Only of this call, chat or thread.")},
)
def list_communications(request: ApiRequest, conversation_id: str) -> HttpResponse:
    """What was said, in the order in which it arrived."""
    return answer_parts(
        request,
        conversation_id,
        models.Communication,
        lambda each: show_communication(each, request.account.pk),
        sort=("sequence",),
        columns={"channelId": "channel_id"},
    )


@operation("POST", COMMUNICATIONS, {201: wire.Communication})
def create_communication(
    request: ApiRequest, conversation_id: str, body: wire.CreateCommunication
) -> HttpResponse:
    """Adds a message or a piece of a transcription. One with the resourceId of another
    corrects it."""
    row = communications.create_communication(request.account, conversation_id, body)
    return answer(show_communication(row, request.account.pk), status=201)


@operation("GET", f"{COMMUNICATIONS}/<communication_id>", {200: wire.Communication})
def fetch_communication(
    request: ApiRequest, conversation_id: str, communication_id: str
) -> HttpResponse:
    """One communication."""
    model = models.Communication
    found = get_part(request.account, conversation_id, model, communication_id)
    return answer(show_communication(found, request.account.pk))


@operation("POST", f"{CONVERSATION}/Actions", {202: wire.Action})
def create_action(
    request: ApiRequest, conversation_id: str, body: wire.CreateAction
) -> HttpResponse:
    """Says something to participants. Without a channel provider the communication is
    made, and nothing leaves the service."""
    row = communications.create_action(request.account, conversation_id, body)
    return answer(_show_action(row), status=202)


@operation("GET", f"{CONVERSATION}/Actions/<action_id>", {200: wire.Action})
def fetch_action(
    request: ApiRequest, conversation_id: str, action_id: str
) -> HttpResponse:
    """One action, and what became of it."""
    found = get_part(request.account, conversation_id, models.Action, action_id)
    return answer(_show_action(found))


def _show_action(row: models.Action) -> wire.Action:
    return from_row(
        wire.Action,
        row,
        type="SEND_MESSAGE",
        status="COMPLETED",
        completed_at=row.created_at,
    )
