"""Participants of a conversation. Conversations 9."""

from django.http import HttpResponse

from console.contract.conversations import conversation as wire
from console.service.conversations import conversations
from console.service.conversations.api.conversations import answer_parts
from console.service.conversations.conversations import get_part
from console.service.conversations.events import show_participant
from console.service.conversations.models import Participant
from console.service.http.answers import answer
from console.service.http.description.operation import PAGE_QUERY, operation
from console.service.http.request import ApiRequest, read_body


@operation(
    "Who takes part, in the order in which they came.",
    {200: wire.ParticipantsPage},
    query=PAGE_QUERY,
)
def list_participants(request: ApiRequest, conversation_id: str) -> HttpResponse:
    return answer_parts(
        request,
        conversation_id,
        Participant,
        wire.ParticipantsPage,
        lambda each: show_participant(each, request.account.pk),
    )


@operation(
    "Adds somebody. A CUSTOMER's address is looked up in the memory, and becomes a new "
    "profile if nobody has it.",
    {201: wire.Participant},
    body=wire.CreateParticipant,
    refusals=(409,),
)
def create_participant(request: ApiRequest, conversation_id: str) -> HttpResponse:
    body = read_body(request, wire.CreateParticipant)
    row = conversations.create_participant(request.account, conversation_id, body)
    return answer(show_participant(row, request.account.pk), status=201)


@operation("One participant.", {200: wire.Participant})
def fetch_participant(
    request: ApiRequest, conversation_id: str, participant_id: str
) -> HttpResponse:
    found = get_part(request.account, conversation_id, Participant, participant_id)
    return answer(show_participant(found, request.account.pk))


@operation(
    "Replaces name and type; addresses that are left out stay.",
    {200: wire.Participant},
    body=wire.PutParticipant,
    refusals=(409,),
)
def update_participant(
    request: ApiRequest, conversation_id: str, participant_id: str
) -> HttpResponse:
    body = read_body(request, wire.PutParticipant)
    row = conversations.update_participant(
        request.account, conversation_id, participant_id, body
    )
    return answer(show_participant(row, request.account.pk))
