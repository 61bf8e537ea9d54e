"""Participants of a conversation. Conversations 9."""

from django.http import HttpResponse

from console.contract.conversations import conversation as wire
from console.service.conversations import conversations
from console.service.conversations.api.conversations import CONVERSATION, answer_parts
from console.service.conversations.conversations import get_part
from console.service.conversations.models import Participant
from console.service.conversations.showing import show_participant
from console.service.http.answers import answer
from console.service.http.description.operation import operation
from console.service.http.request import ApiRequest

PARTICIPANTS = f"{CONVERSATION}/Participants"
PARTICIPANT = f"{PARTICIPANTS}/<participant_id>"


@operation("GET", PARTICIPANTS, {200: wire.ParticipantsPage})
def list_participants(request: ApiRequest, conversation_id: str) -> HttpResponse:
    """Who takes part, in the order in which they came."""
    return answer_parts(
        request,
        conversation_id,
        Participant,
        lambda each: show_participant(each, request.account.pk),
    )


@operation("POST", PARTICIPANTS, {201: wire.Participant}, refusals=(409,))
def create_participant(
    request: ApiRequest, conversation_id: str, body: wire.CreateParticipant
) -> HttpResponse:
    """Adds somebody. A CUSTOMER's address is looked up in the memory, and becomes a new
    profile if nobody has it."""
    row = conversations.create_participant(request.account, conversation_id, body)
    return answer(show_participant(row, request.account.pk), status=201)


@operation("GET", PARTICIPANT, {200: wire.Participant})
def fetch_participant(
    request: ApiRequest, conversation_id: str, participant_id: str
) -> HttpResponse:
    """One participant."""
    found = get_part(request.account, conversation_id, Participant, participant_id)
    return answer(show_participant(found, request.account.pk))


@operation("PUT", PARTICIPANT, {200: wire.Participant}, refusals=(409,))
def update_participant(
    request: ApiRequest,
    conversation_id: str,
    participant_id: str,
    body: wire.PutParticipant,
) -> HttpResponse:
    """Replaces name and type; addresses that are left out stay."""
    row = conversations.update_participant(
        request.account, conversation_id, participant_id, body
    )
    return answer(show_participant(row, request.account.pk))
