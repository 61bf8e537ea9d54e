"""Conversations and who takes part in them. Sections 8 and 9."""

import re
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, UnsetType

from console.contract.base import (
    Body,
    Count,
    Noun,
    StrictBody,
    Time,
    always,
    described,
    whole,
)
from console.contract.conversations.configuration import (
    CALLBACKS_MAX,
    ITEMS_PER_PAGE,
    ChannelSettings,
    ConversationSettings,
    Grouping,
    IntelligenceIds,
    StatusCallback,
    StoreId,
    StrategyIds,
)
from console.contract.ids import CONVERSATION_ID, PARTICIPANT_ID, PROFILE_ID
from console.contract.memory.page import define_page

NAME_MAX = 256  # ours
METADATA_MAX = 8  # 8 [S]: entries
METADATA_KEY = re.compile(r"[A-Za-z0-9._-]{1,128}")
METADATA_VALUE_MAX = 512
PARTICIPANTS_MAX = 50  # 8 [S]: in one create
PARTICIPANTS_PER_CONVERSATION = 200  # ours: every message is held against all of them
ADDRESSES_MAX = 20  # ours: of one participant
ADDRESS_MAX = 254  # 10 [C]
CHANNEL_ID_MAX = 256  # ours
WORKFLOWS_MAX = 5  # 8 [S]
LIFE_YEARS = 3  # 12.1 [D]
OPENING_MAX = 160  # ours: characters

Channel = Literal[
    "VOICE", "SMS", "RCS", "WHATSAPP", "CHAT", "VIDEO", "EMAIL", "API", "SYSTEM"
]
Status = Literal["ACTIVE", "INACTIVE", "CLOSED"]
ParticipantType = Literal["HUMAN_AGENT", "CUSTOMER", "AI_AGENT", "AGENT", "UNKNOWN"]
CHANNELS = get_args(Channel)
STATUSES = get_args(Status)
PARTICIPANT_TYPES = get_args(ParticipantType)
# By what people are told apart on a channel (12.4).
ID_TYPES = {
    "SMS": "phone",
    "VOICE": "phone",
    "RCS": "phone",
    "WHATSAPP": "whatsapp",
    "EMAIL": "email",
    "CHAT": "chat",
}
# Of calls from an app and of SIP trunks: they name a device, not a person, unless the
# trunk has passed a whole number on, `sip:+15558675310@pbx.example`.
DEVICE = re.compile(r"client:|sips?:(?!\+\d{7,}@)", re.IGNORECASE)
STAFF = frozenset({"HUMAN_AGENT", "AGENT", "AI_AGENT"})

Name = Annotated[str, Meta(max_length=NAME_MAX)]
Address = Annotated[str, Meta(min_length=1, max_length=ADDRESS_MAX)]
ChannelId = Annotated[str, Meta(max_length=CHANNEL_ID_MAX)]
MetadataKey = Annotated[str, Meta(pattern=whole(METADATA_KEY))]
MetadataValue = Annotated[str, Meta(max_length=METADATA_VALUE_MAX)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=METADATA_MAX)]
ProfileId = Annotated[str, Meta(pattern=whole(PROFILE_ID))]
AnsweredStatus = Annotated[str, described(enum=list(STATUSES))]
AnsweredChannel = Annotated[str, described(enum=list(CHANNELS))]


class SentAddress(Body, frozen=True, kw_only=True):
    """channel_id  of the call, the chat or the thread"""

    channel: Channel
    address: Address
    channel_id: ChannelId = ""


SentAddresses = Annotated[
    list[SentAddress], Meta(min_length=1, max_length=ADDRESSES_MAX)
]


class CreateParticipant(Body, frozen=True, kw_only=True):
    """type        CUSTOMER: the profile of the address is looked up, or made
    profile_id  this profile instead
    """

    name: Name = ""
    type: ParticipantType = "UNKNOWN"
    profile_id: ProfileId = ""
    addresses: SentAddresses


class PutParticipant(Body, frozen=True, kw_only=True):
    """Replaces name and type; addresses that are left out stay."""

    name: Name = ""
    type: ParticipantType = "UNKNOWN"
    profile_id: ProfileId = ""
    addresses: SentAddresses | None = None


class ParticipantAddress(Noun, omit_defaults=True, frozen=True, kw_only=True):
    channel: AnsweredChannel
    address: str
    channel_id: str = ""


class Participant(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """name        never missing: the address of somebody without one
    profile_id  of a customer who was found in the memory
    """

    id: Annotated[str, described(pattern=whole(PARTICIPANT_ID))]
    conversation_id: Annotated[str, described(pattern=whole(CONVERSATION_ID))]
    account_id: str = always(str)
    name: str = always(str)
    type: Annotated[str, described(enum=list(PARTICIPANT_TYPES))] = always(str)
    profile_id: str = ""
    addresses: tuple[ParticipantAddress, ...] = always()
    created_at: Time
    updated_at: Time


ParticipantsPage = define_page("ParticipantsPage", Participant, ITEMS_PER_PAGE)


class Workflow(Body, frozen=True, kw_only=True):
    flow_id: Annotated[str, Meta(pattern=r"^FW[0-9a-fA-F]{32}\Z")]


class InlineConfiguration(Body, frozen=True, kw_only=True):
    """In place of a configuration, or over one. Alone it needs a store and a grouping;
    over a configuration it cannot change these two."""

    conversation_grouping_type: Grouping | UnsetType = UNSET
    memory_store_id: StoreId | UnsetType = UNSET
    channel_settings: ChannelSettings | UnsetType = UNSET
    status_callbacks: (
        Annotated[list[StatusCallback], Meta(max_length=CALLBACKS_MAX)] | UnsetType
    ) = UNSET
    intelligence_configuration_ids: IntelligenceIds | UnsetType = UNSET
    trait_extraction_strategy_ids: StrategyIds | UnsetType = UNSET
    observation_extraction_strategy_ids: StrategyIds | UnsetType = UNSET
    memory_extraction_enabled: bool | UnsetType = UNSET
    workflows: Annotated[list[Workflow], Meta(max_length=WORKFLOWS_MAX)] | UnsetType = (
        UNSET
    )


class CreateConversation(Body, frozen=True, kw_only=True):
    """By a configuration's id, or by an inline configuration. All participants are
    added with it, or nothing is made."""

    configuration_id: Annotated[str, Meta(max_length=64)] = ""
    configuration: InlineConfiguration | None = None
    name: Name = ""
    metadata: Metadata = {}
    participants: Annotated[
        list[CreateParticipant], Meta(max_length=PARTICIPANTS_MAX)
    ] = []


class PutConversation(Body, frozen=True, kw_only=True):
    """CLOSED is for good. Name and metadata are replaced where they are given."""

    status: Status
    name: Name | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET


class PatchedConfiguration(StrictBody, frozen=True, kw_only=True):
    """An empty list stops the webhooks of this conversation."""

    status_callbacks: (
        Annotated[list[StatusCallback], Meta(max_length=CALLBACKS_MAX)]
        | UnsetType
        | None
    ) = UNSET


class PatchConversation(Body, frozen=True, kw_only=True):
    """Changes what is given; a key of metadata that is null is removed."""

    status: Status | None = None
    name: Name | UnsetType | None = UNSET
    metadata: dict[MetadataKey, MetadataValue | None] | UnsetType | None = UNSET
    configuration: PatchedConfiguration | None = None


class Conversation(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """configuration  as it was when the conversation began (12.1)

    Ours: communication_count, when the newest of them was said, learned_count, the
    status that time alone brings next, with its moment, and in a list the opening: the
    first of what a customer said that is more than a greeting.
    """

    id: Annotated[str, described(pattern=whole(CONVERSATION_ID))]
    account_id: str
    configuration_id: Annotated[
        str | None, described(description="null: inline configuration.")
    ] = always(lambda: None)
    status: AnsweredStatus = always(str)
    name: str | None = always(lambda: None)
    metadata: dict[str, str] = always(dict)
    configuration: ConversationSettings | None = None
    participants: tuple[Participant, ...] = always()
    created_at: Time
    updated_at: Time
    communication_count: Count = always(int)
    last_communication_at: Time | None = None
    learned_count: Count = always(int)
    next_status: str = ""
    next_status_at: Time | None = None
    opening: str = ""


ConversationsPage = define_page("ConversationsPage", Conversation, ITEMS_PER_PAGE)
ConversationsPage.sample["conversations"] = [
    Conversation.sample | {"opening": "My tent pole broke."}
]
