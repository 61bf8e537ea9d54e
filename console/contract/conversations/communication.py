"""Communications: what was said; actions: what is to be said. Sections 10 and 11."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from console.contract.base import (
    Body,
    Noun,
    SentTime,
    StrictBody,
    Time,
    always,
    described,
    whole,
)
from console.contract.conversations.configuration import ITEMS_PER_PAGE
from console.contract.conversations.conversation import (
    PARTICIPANTS_MAX,
    Address,
    AnsweredChannel,
    Channel,
    ChannelId,
)
from console.contract.ids import ACTION_ID, COMMUNICATION_ID, CONVERSATION_ID
from console.contract.memory.page import define_page

TEXT_MAX = 8_388_608  # 10 [C]: characters; a body's bytes end before
RESOURCE_ID_MAX = 256  # ours

SentText = Annotated[str, Meta(max_length=TEXT_MAX)]
ResourceId = Annotated[str, Meta(min_length=1, max_length=RESOURCE_ID_MAX)]


class SentParty(Body, frozen=True, kw_only=True):
    """participant_id  left out: whoever of the conversation has this address"""

    address: Address
    channel: Channel
    participant_id: Annotated[str, Meta(max_length=64)] = ""


class Transcription(Body, frozen=True, kw_only=True):
    """channel  0: what came in, 1: what went out"""

    channel: Annotated[int, Meta(ge=0, le=1)] | None = None
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    engine: Annotated[str, Meta(max_length=64)] = ""


class TextContent(Body, tag_field="type", tag="TEXT", frozen=True, kw_only=True):
    text: SentText


class TranscriptionContent(
    Body, tag_field="type", tag="TRANSCRIPTION", frozen=True, kw_only=True
):
    text: SentText
    transcription: Transcription | None = None


class CreateCommunication(Body, frozen=True, kw_only=True):
    """One message, or one piece of a transcription.

    resource_id  a second one with the same id in the conversation replaces the first
    occurred_at  left out: now
    """

    author: SentParty
    content: TextContent | TranscriptionContent
    recipients: Annotated[
        list[SentParty], Meta(min_length=1, max_length=PARTICIPANTS_MAX)
    ]
    channel_id: ChannelId = ""
    resource_id: ResourceId | None = None
    occurred_at: SentTime | None = None


class Author(Noun, frozen=True, kw_only=True):
    address: str
    channel: AnsweredChannel
    participant_id: str = always(str)


class Recipient(Author, omit_defaults=True, frozen=True, kw_only=True):
    delivery_status: Annotated[
        str, described(enum=["INITIATED", "IN_PROGRESS", "DELIVERED", "READ", "FAILED"])
    ] = ""


class Content(Noun, omit_defaults=True, frozen=True, kw_only=True):
    type: Annotated[str, described(enum=["TEXT", "TRANSCRIPTION"])]
    text: str = always(str)
    transcription: Transcription | None = None


class Communication(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """occurred_at  when it was said; created_at: when it arrived"""

    id: Annotated[str, described(pattern=whole(COMMUNICATION_ID))]
    conversation_id: Annotated[str, described(pattern=whole(CONVERSATION_ID))]
    account_id: str
    author: Author
    content: Content
    recipients: tuple[Recipient, ...] = always()
    channel_id: str = ""
    resource_id: str = ""
    occurred_at: Time
    created_at: Time
    updated_at: Time


CommunicationsPage = define_page("CommunicationsPage", Communication, ITEMS_PER_PAGE)


class ActionParty(Body, frozen=True, kw_only=True):
    """By participantId and channel, by the participantId of somebody with a single
    address, or by address and channel."""

    participant_id: Annotated[str, Meta(max_length=64)] = ""
    address: Annotated[str, Meta(max_length=254)] = ""
    channel: Channel | None = None


class ActionContent(StrictBody, frozen=True, kw_only=True):
    text: SentText = ""
    content_id: Annotated[str, Meta(max_length=64)] = ""
    variables: dict[str, str] = {}
    media_urls: Annotated[
        list[Annotated[str, Meta(max_length=2048)]], Meta(max_length=10)
    ] = []


class SendMessage(Body, frozen=True, kw_only=True):
    """channel_settings  handed on to a provider; channelId, there or under the
    channel's name, is the communication's"""

    from_: ActionParty = msgspec.field(name="from")
    to: Annotated[list[ActionParty], Meta(min_length=1, max_length=PARTICIPANTS_MAX)]
    content: ActionContent
    channel_settings: dict[str, Any] = {}


class CreateAction(Body, frozen=True, kw_only=True):
    """Says something. Without a channel provider it is said on the embedded channel:
    the communication is made, and nothing leaves the service."""

    type: Literal["SEND_MESSAGE"]
    payload: SendMessage


class Action(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """related  communicationId, once it was said"""

    id: Annotated[str, described(pattern=whole(ACTION_ID))]
    type: str = always(str)
    status: Annotated[str, described(enum=["PENDING", "COMPLETED", "FAILED"])]
    conversation_id: Annotated[str, described(pattern=whole(CONVERSATION_ID))]
    related: dict[str, str] = {}
    created_at: Time
    completed_at: Time | None = None
    failure_reason: str = ""
