"""The contract's nouns of what is stored. Conversations 8 to 11."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Substr

from console.contract.conversations import communication as wire
from console.contract.conversations.configuration import ConversationSettings
from console.contract.conversations.conversation import (
    OPENING_MAX,
    STAFF,
    Conversation,
    Participant,
    ParticipantAddress,
)
from console.service.conversations import models
from console.service.http.answers import from_row

# What a conversation is about stands among so many turns, in so many characters: "Hello,
# are you there?" has fewer.
OPENING_TURNS, OPENING_MIN = 6, 24


def read_settings(row: models.Configuration | models.Conversation) -> Any:
    return msgspec.convert(row.settings, ConversationSettings)


def show_conversation(row: models.Conversation) -> Conversation:
    [shown] = show_conversations([row])
    return shown


def show_conversations(rows: Sequence[models.Conversation]) -> list[Conversation]:
    by_conversation = defaultdict(list)
    ids = [row.id for row in rows]
    here = models.Participant.objects.filter(conversation_id__in=ids)
    for each in here.order_by("id"):
        shown = show_participant(each, rows[0].account_id)
        by_conversation[each.conversation_id].append(shown)
    said_at = _list_last_said([row.id for row in rows if row.last_sequence])
    return [_show_row(row, by_conversation[row.id], said_at) for row in rows]


def list_conversations(rows: Sequence[models.Conversation]) -> list[Conversation]:
    """As they are listed: with what each is about."""
    shown = show_conversations(rows)
    staff = {p.id for each in shown for p in each.participants if p.type in STAFF}
    said = models.Communication.objects.filter(
        conversation_id__in=[row.id for row in rows], sequence__lte=OPENING_TURNS
    ).exclude(author_id__in=staff)
    openings: dict[str, str] = {}
    for id_, text in said.order_by("sequence").values_list(
        "conversation_id", Substr("text", 1, OPENING_MAX)
    ):
        if len(openings.get(id_, "")) < min(OPENING_MIN, len(text)):
            # Half an email address would not be known for one by whoever masks it.
            is_cut = len(text) == OPENING_MAX
            openings[id_] = text.rpartition(" ")[0] if is_cut else text
    return [
        msgspec.structs.replace(each, opening=openings.get(each.id, ""))
        for each in shown
    ]


def _list_last_said(ids: Sequence[str]) -> dict[str, datetime]:
    """By conversation, when the communication was said that arrived last."""
    if not ids:
        return {}
    last = models.Communication.objects.filter(
        conversation_id=OuterRef("id"), sequence=OuterRef("last_sequence")
    )
    rows = models.Conversation.objects.filter(id__in=ids)
    return dict(rows.values_list("id", Subquery(last.values("occurred_at"))))


def _show_row(
    row: models.Conversation,
    participants: Sequence[Participant],
    said_at: Mapping[str, datetime],
) -> Conversation:
    following = row.find_next()
    return from_row(
        Conversation,
        row,
        configuration_id=row.configuration_id or None,
        name=row.name or None,
        configuration=read_settings(row),
        participants=tuple(participants),
        communication_count=row.last_sequence,
        last_communication_at=said_at.get(row.id),
        next_status=following[0] if following else "",
        next_status_at=following[1] if following else None,
    )


def show_participant(row: models.Participant, account_id: str) -> Participant:
    return from_row(
        Participant,
        row,
        account_id=account_id,
        name=row.shown_name,
        addresses=msgspec.convert(row.addresses, tuple[ParticipantAddress, ...]),
    )


def show_communication(
    row: models.Communication, account_id: str
) -> wire.Communication:
    transcription = row.transcription
    return from_row(
        wire.Communication,
        row,
        account_id=account_id,
        author=wire.Author(
            address=row.author_address,
            channel=row.author_channel,
            participant_id=row.author_id,
        ),
        content=wire.Content(
            type="TEXT" if transcription is None else "TRANSCRIPTION",
            text=row.text,
            transcription=msgspec.convert(transcription, wire.Transcription | None),
        ),
        recipients=msgspec.convert(row.recipients, tuple[wire.Recipient, ...]),
    )
