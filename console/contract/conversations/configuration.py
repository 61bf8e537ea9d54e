"""Configurations: how conversations are grouped, end and become memory. Conversations 7."""

import re
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from console.contract.base import (
    Body,
    Noun,
    StrictBody,
    Time,
    Url,
    Version,
    always,
    described,
    limit,
    whole,
)
from console.contract.ids import CONFIGURATION_ID, STORE_ID
from console.contract.memory.operation import OperationResult
from console.contract.memory.page import define_page

CONFIGURATIONS_PER_ACCOUNT = limit("CONFIGURATIONS_PER_ACCOUNT", 10)  # 15 [T]
CONFIGURATION_NAME_MAX = 32  # 7 [S]
CONFIGURATION_DESCRIPTION_MAX = 512  # 7 [S]
CALLBACKS_SENT_MAX, CALLBACKS_MAX = 2, 20  # 7, 8 [S]
INTELLIGENCE_IDS_MAX = 5  # 7 [S]
CAPTURE_RULES_MAX = 100  # 15 [T]: of one channel
RULE_PART_MAX = 254
ITEMS_PER_PAGE = 1000  # 4 [S]: of every list of this API
SERVICE_ID = re.compile("IS[0-9a-f]{32}")

Grouping = Literal[
    "GROUP_BY_PROFILE",
    "GROUP_BY_PARTICIPANT_ADDRESSES",
    "GROUP_BY_PARTICIPANT_ADDRESSES_AND_CHANNEL_TYPE",
]
# Those that have timers and rules; conversations know some more (conversations 3).
SettingsChannel = Literal["VOICE", "SMS", "RCS", "WHATSAPP", "CHAT"]

ConfigurationId = Annotated[str, described(pattern=whole(CONFIGURATION_ID))]
ConfigurationName = Annotated[
    str,
    Meta(
        min_length=1, max_length=CONFIGURATION_NAME_MAX, pattern=r"^[a-zA-Z0-9_ -]+\Z"
    ),
]
ConfigurationDescription = Annotated[
    str, Meta(max_length=CONFIGURATION_DESCRIPTION_MAX)
]
StoreId = Annotated[str, Meta(pattern=whole(STORE_ID))]
ShortText = Annotated[str, Meta(min_length=1, max_length=RULE_PART_MAX)]
IntelligenceIds = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=64)]],
    Meta(max_length=INTELLIGENCE_IDS_MAX),
]
# Of a private preview, kept and shown.
StrategyIds = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=1)
]


class StatusTimeouts(Body, frozen=True, kw_only=True):
    """Minutes from the last communication; a status without one is never reached."""

    inactive: Annotated[int, Meta(ge=1)] | None = None
    closed: Annotated[int, Meta(ge=1)] | None = None


class CaptureRule(StrictBody, frozen=True, kw_only=True):
    """Traffic that a carrier would hand over; `*` stands for anybody."""

    from_: ShortText = msgspec.field(name="from")
    to: ShortText
    metadata: dict[str, ShortText] = {}


class ChannelSetting(StrictBody, frozen=True, kw_only=True):
    status_timeouts: StatusTimeouts | None = None
    capture_rules: Annotated[list[CaptureRule], Meta(max_length=CAPTURE_RULES_MAX)] = []


class StatusCallback(StrictBody, omit_defaults=False, frozen=True, kw_only=True):
    """Where events go. HTTPS, to a public host."""

    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    method: Literal["POST", "GET"] = "POST"


class Bridge(StrictBody, frozen=True, kw_only=True):
    """The classic product's service whose conversations come here."""

    service_id: Annotated[str, Meta(pattern=whole(SERVICE_ID))]


# What JSON Schema would not be told by the keys' own type.
channel_names = described(propertyNames={"enum": list(get_args(SettingsChannel))})
ChannelSettings = Annotated[dict[SettingsChannel, ChannelSetting], channel_names]
SentCallbacks = Annotated[list[StatusCallback], Meta(max_length=CALLBACKS_SENT_MAX)]


class PutConfiguration(StrictBody, frozen=True, kw_only=True):
    """The whole of it: what is left out is gone, and the name stays.

    conversation_grouping_type  cannot be changed
    memory_extraction_enabled   whether anything is learned at all
    """

    display_name: ConfigurationName = ""
    description: ConfigurationDescription = ""
    conversation_grouping_type: Grouping
    memory_store_id: StoreId
    channel_settings: ChannelSettings = {}
    status_callbacks: SentCallbacks = []
    intelligence_configuration_ids: IntelligenceIds = []
    memory_extraction_enabled: bool = False
    conversations_v1_bridge: Bridge | None = msgspec.field(
        default=None, name="conversationsV1Bridge"
    )


class CreateConfiguration(PutConfiguration, frozen=True, kw_only=True):
    display_name: ConfigurationName


class PatchConfiguration(StrictBody, frozen=True, kw_only=True):
    """Changes what is given; null is what a new one has. In channelSettings a channel
    is replaced whole, and one that is null is removed."""

    display_name: ConfigurationName | UnsetType | None = UNSET
    description: ConfigurationDescription | UnsetType | None = UNSET
    conversation_grouping_type: Grouping | UnsetType | None = UNSET
    memory_store_id: StoreId | UnsetType | None = UNSET
    channel_settings: (
        Annotated[dict[SettingsChannel, ChannelSetting | None], channel_names]
        | UnsetType
        | None
    ) = UNSET
    status_callbacks: SentCallbacks | UnsetType | None = UNSET
    intelligence_configuration_ids: IntelligenceIds | UnsetType | None = UNSET
    memory_extraction_enabled: bool | UnsetType | None = UNSET
    conversations_v1_bridge: Bridge | UnsetType | None = msgspec.field(
        default=UNSET, name="conversationsV1Bridge"
    )


class ConversationSettings(Noun, frozen=True, kw_only=True):
    """What a configuration says, and what a conversation keeps of it from its first
    moment on: later changes do not reach it (12.1)."""

    display_name: str = always(str)
    description: str = always(str)
    conversation_grouping_type: Annotated[
        str, described(enum=list(get_args(Grouping)))
    ] = always(str)
    memory_store_id: str = always(str)
    channel_settings: dict[str, ChannelSetting] = always(dict)
    status_callbacks: Annotated[
        tuple[StatusCallback, ...], described(maxItems=CALLBACKS_MAX)
    ] = always()
    intelligence_configuration_ids: tuple[str, ...] = always()
    trait_extraction_strategy_ids: tuple[str, ...] = always()
    observation_extraction_strategy_ids: tuple[str, ...] = always()
    memory_extraction_enabled: bool = always(bool)
    conversations_v1_bridge: Bridge | None = msgspec.field(
        default=None, name="conversationsV1Bridge"
    )


class Configuration(ConversationSettings, frozen=True, kw_only=True):
    """version  1, and one more with each change"""

    id: ConfigurationId
    created_at: Time
    updated_at: Time
    version: Version


ConfigurationsPage = define_page("ConfigurationsPage", Configuration, ITEMS_PER_PAGE)


class Progress(Noun, frozen=True, kw_only=True):
    """202 of this API: where to ask what became of it, and what it is about (6).

    related  configurationId or conversationId
    """

    status_url: Url
    related: dict[str, str]


class ProgressError(Noun, frozen=True, kw_only=True):
    """RFC 9457, as the vendor has it here alone."""

    type: Url = always(str)
    title: str = always(str)
    status: int = always(int)
    detail: str = always(str)


class OperationStatus(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """What became of a write. Where `related` names what it is about, there is no result.

    result, result_url  of a write to a knowledge base
    """

    operation_id: str
    status: Annotated[str, described(enum=["PENDING", "COMPLETED", "FAILED"])]
    created_at: Time
    status_url: Url
    completed_at: Time | None = None
    error: ProgressError | None = None
    related: dict[str, str] = {}
    result: OperationResult | None = None
    result_url: Url = ""
