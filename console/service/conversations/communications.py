"""What is said in a conversation. Conversations 10 and 11."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from console.contract.conversations.communication import (
    ActionParty,
    CreateAction,
    CreateCommunication,
    SentParty,
    TextContent,
)
from console.contract.conversations.conversation import (
    CHANNEL_ID_MAX,
    CreateParticipant,
    SentAddress,
)
from console.contract.ids import new_id
from console.service import errors
from console.service.conversations.conversations import hold
from console.service.conversations.lifecycle import note_activity
from console.service.conversations.models import (
    Action,
    Communication,
    Conversation,
    Participant,
    list_participants,
)
from console.service.conversations.participants import (
    add_participant,
    find_participant,
    note_channels,
    pick,
    resolve,
    set_group,
)
from console.service.conversations.webhooks import emit
from console.service.memory.embedding_jobs import request_vectors
from console.service.models import Account


@transaction.atomic(using="memory", savepoint=False)
def create_communication(
    account: Account, conversation_id: str, body: CreateCommunication
) -> Communication:
    """A new one, or the correction of the one with the same resource_id. Raises
    NotFound, Invalid (closed)."""
    row = hold(account, conversation_id, open_=True)
    now = timezone.now()
    parties = [body.author, *body.recipients]
    author, *recipients = _join(row, parties, now)
    said: dict[str, Any] = {
        "author_id": author.id,
        "author_address": body.author.address,
        "author_channel": body.author.channel,
        "text": body.content.text,
        "transcription": None
        if isinstance(body.content, TextContent)
        else msgspec.to_builtins(body.content.transcription or {}),
        "recipients": [
            {
                "address": party.address,
                "channel": party.channel,
                "participantId": participant.id,
                "deliveryStatus": "DELIVERED",
            }
            for party, participant in zip(body.recipients, recipients, strict=True)
        ],
        "channel_id": body.channel_id,
        "occurred_at": body.occurred_at or now,
    }
    note_channels(row, {body.channel_id})
    note_activity(row, {party.channel for party in parties}, now)
    communication = _correct(row, body, said, now) or _add(row, body, said, now)
    Conversation.objects.filter(id=row.id).update(
        active_at=row.active_at, due_at=row.due_at, last_sequence=row.last_sequence
    )
    event = "CREATED" if communication.revision == 1 else "UPDATED"
    if communication.updated_at == now:
        request_vectors()
        emit(row, f"COMMUNICATION_{event}", communication)
    return communication


def _add(
    row: Conversation, body: CreateCommunication, said: dict[str, Any], now: datetime
) -> Communication:
    row.last_sequence += 1
    communication: Communication = row.add(
        Communication,
        id=new_id("conv_communication"),
        sequence=row.last_sequence,
        resource_id=body.resource_id or "",
        created_at=now,
        updated_at=now,
        **said,
    )
    return communication


def _correct(
    row: Conversation, body: CreateCommunication, said: dict[str, Any], now: datetime
) -> Communication | None:
    """None when there is none with this resource_id."""
    if not body.resource_id:
        return None
    said_before = Communication.of_conversation(row)
    known: Communication | None = said_before.filter(
        resource_id=body.resource_id
    ).first()
    if known is None:
        return None
    if body.occurred_at is None:
        del said["occurred_at"]
    if changes := {k: v for k, v in said.items() if getattr(known, k) != v}:
        for name, value in changes.items():
            setattr(known, name, value)
        known.revision += 1
        known.model, known.vector = "", b""
        known.updated_at = now
        known.save()
    return known


def _join(
    row: Conversation, parties: Sequence[SentParty], now: datetime
) -> list[Participant]:
    """Who speaks and who is spoken to; those who were not there yet take part now."""
    participants = list_participants(row)
    found, added = [], []
    for index, party in enumerate(parties):
        path = f"recipients[{index - 1}]" if index else "author"
        if party.participant_id:
            participant = _pick_named(participants, party.participant_id, path)
        else:
            known = find_participant(row, participants, party.channel, party.address)
            if known is None:
                address = SentAddress(channel=party.channel, address=party.address)
                body = CreateParticipant(addresses=[address])
                known = add_participant(row, body, participants, now)
                participants.append(known)
                added.append(known)
            participant = known
        found.append(participant)
    if added:
        resolve(row, added)
        set_group(row, participants, strict=False)
        for participant in added:
            emit(row, "PARTICIPANT_ADDED", participant)
    return found


def _pick_named(
    participants: Sequence[Participant], participant_id: str, path: str
) -> Participant:
    """Raises Invalid, which names the field: what is not found stands in the body."""
    try:
        return pick(participants, participant_id)
    except errors.NotFound as exc:
        raise errors.Invalid(
            f"{path}.participantId: nobody of this conversation"
        ) from exc


@transaction.atomic(using="memory")
def create_action(account: Account, conversation_id: str, body: CreateAction) -> Action:
    """Says it on the embedded channel: without a provider nothing leaves the service.
    Raises NotFound, Invalid (closed, nobody of that name, nothing to say)."""
    row = hold(account, conversation_id, open_=True)
    participants = list_participants(row)
    payload, content = body.payload, body.payload.content
    text = content.text or content.content_id or "\n".join(content.media_urls)
    if not text:
        raise errors.Invalid("payload.content: text, contentId or mediaUrls required")
    to = [
        _find_party(participants, party, f"payload.to[{index}]")
        for index, party in enumerate(payload.to)
    ]
    author = _find_party(participants, payload.from_, "payload.from")
    said = CreateCommunication(
        author=author,
        content=TextContent(text=text),
        recipients=to,
        channel_id=_get_channel_id(payload.channel_settings, author.channel),
    )
    communication = create_communication(account, conversation_id, said)
    action: Action = row.add(
        Action,
        id=new_id("conv_action"),
        related={"communicationId": communication.id},
        created_at=communication.created_at,
    )
    return action


def _get_channel_id(settings: Mapping[str, Any], channel: str) -> str:
    """Raises Invalid."""
    inner = settings.get(channel)
    given = (inner if isinstance(inner, dict) else settings).get("channelId") or ""
    if not isinstance(given, str) or len(given) > CHANNEL_ID_MAX:
        raise errors.Invalid(
            "payload.channelSettings.channelId: must be a text of at most "
            f"{CHANNEL_ID_MAX} characters"
        )
    return given


def _find_party(
    participants: Sequence[Participant], party: ActionParty, path: str
) -> SentParty:
    if not party.participant_id:
        if not (party.address and party.channel):
            raise errors.Invalid(f"{path}: participantId, or address and channel")
        return SentParty(address=party.address, channel=party.channel)
    participant = _pick_named(participants, party.participant_id, path)
    fitting = [
        each
        for each in participant.addresses
        if party.channel in {None, each["channel"]}
    ]
    if len(fitting) != 1:
        raise errors.Invalid(f"{path}.channel: must name one of their addresses")
    return SentParty(
        address=fitting[0]["address"],
        channel=fitting[0]["channel"],
        participant_id=participant.id,
    )
