"""The nouns of what is stored, and the events that tell of them. Conversations 8 to 12.6."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Substr
from django.utils import timezone

from console.contract.conversations import communication as wire
from console.contract.conversations.configuration import ConversationSettings
from console.contract.conversations.conversation import (
    LIFE_YEARS,
    OPENING_MAX,
    STAFF,
    Conversation,
    Participant,
    ParticipantAddress,
)
from console.contract.ids import new_id
from console.service.conversations import models
from console.service.conversations.webhooks import request_deliveries
from console.service.http.answers import from_row

LIFE = timedelta(days=365 * LIFE_YEARS)
# What a conversation is about stands among so many turns, in so many characters: "Hello,
# are you there?" has fewer.
OPENING_TURNS, OPENING_MIN = 6, 24


def read_settings(row: models.Configuration | models.Conversation) -> Any:
    return msgspec.convert(row.settings, ConversationSettings)


def list_participants(row: models.Conversation) -> list[models.Participant]:
    found = models.Participant.of_conversation(row)
    return sorted(found, key=attrgetter("id"))


def find_next(row: models.Conversation) -> tuple[str, datetime] | None:
    """The status that time alone brings next, and when; None: none.

    Each channel in use proposes its own time, and the latest proposal counts: a call
    that has ended does not close what goes on by SMS.
    """
    if row.status == "CLOSED":
        return None
    ends = row.created_at + LIFE
    closes = min(_find_latest(row, "closed") or ends, ends)
    rests = _find_latest(row, "inactive") if row.status == "ACTIVE" else None
    return ("INACTIVE", rests) if rests and rests < closes else ("CLOSED", closes)


def _find_latest(row: models.Conversation, timeout: str) -> datetime | None:
    proposals = []
    for channel, at in row.active_at.items():
        setting = row.settings["channelSettings"].get(channel, {})
        if minutes := (setting.get("statusTimeouts") or {}).get(timeout):
            proposals.append(_add(datetime.fromisoformat(at), minutes))
    return max(proposals, default=None)


def _add(at: datetime, minutes: int) -> datetime:
    try:
        return at + timedelta(minutes=minutes)
    except OverflowError:
        return at + LIFE


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
            # Half an e-mail address would not be known for one by whoever masks it.
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
    following = find_next(row)
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


def _show(
    row: models.Conversation, about: models.Participant | models.Communication | None
) -> Any:
    if about is None:
        return show_conversation(row)
    if isinstance(about, models.Participant):
        return show_participant(about, row.account_id)
    return show_communication(about, row.account_id)


def emit(
    row: models.Conversation,
    event: str,
    about: models.Participant | models.Communication | None = None,
) -> None:
    """Tell the conversation's callbacks, in the transaction that makes it true.

    event  CONVERSATION_UPDATED and the like; about: else the conversation
    """
    callbacks = row.settings.get("statusCallbacks", [])
    if not callbacks:
        return
    now = timezone.now()
    body = {
        "eventType": event,
        "timestamp": now.replace(microsecond=0),
        "data": _show(row, about),
    }
    encoded = msgspec.json.encode(body).decode()
    for callback in callbacks:
        row.last_event += 1
        row.add(
            models.Delivery,
            id=new_id("conv_delivery"),
            number=row.last_event,
            event_type=event,
            url=callback["url"],
            method=callback["method"],
            body=encoded,
            due_at=now,
            created_at=now,
        )
    row.save(update_fields=["last_event"])
    request_deliveries()
