"""What Segment's Profile API answers and its Tracking API takes (docs/segment.md).

Names are Segment's own, in snake_case where it reads and in camelCase where it is sent.
"""

import re
from datetime import datetime
from typing import Any

import msgspec

# Of November 2026, [D].
EVENT_BYTES, BATCH_BYTES, BATCH_EVENTS = 32 * 1024, 500 * 1024, 2500
MESSAGE_ID_LENGTH = 100  # one page says fewer: ours are far shorter
TRAITS_AN_EVENT = 300
TRAITS_A_PAGE, EVENTS_A_PAGE = 200, 100
SPACE = re.compile(r"[A-Za-z0-9_-]{1,64}")
IDENTIFIER_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Of identifiers that every space makes by itself; from the fourth on of devices.
DEFAULT_TYPES = tuple(
    "user_id email anonymous_id android.id android.idfa android.push_token "
    "cross_domain_id ga_client_id group_id ios.id ios.idfa ios.push_token".split()
)
# profiles, events, Public API: the hosts of a workspace's region.
REGIONS = {
    "US": (
        "https://profiles.segment.com",
        "https://api.segment.io",
        "https://api.segmentapis.com",
    ),
    "EU": (
        "https://profiles.euw1.segment.com",
        "https://events.eu1.segmentapis.com",
        "https://eu1.api.segmentapis.com",
    ),
}


class SegmentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    def __repr__(self) -> str:
        # Never a field: they hold what is known of a customer.
        return f"<{type(self).__name__}>"


class SegmentCursor(SegmentAnswer, frozen=True, kw_only=True):
    has_more: bool = False
    next: str = ""


class SegmentTrait(SegmentAnswer, frozen=True, kw_only=True):
    value: Any = None
    source_id: str = ""
    updated_at: datetime | None = None


class Traits(SegmentAnswer, frozen=True, kw_only=True):
    traits: dict[str, SegmentTrait]
    cursor: SegmentCursor = SegmentCursor()


class ExternalId(SegmentAnswer, frozen=True, kw_only=True):
    type: str
    id: str
    source_id: str = ""
    created_at: datetime | None = None


class ExternalIds(SegmentAnswer, frozen=True, kw_only=True):
    data: tuple[ExternalId, ...]
    cursor: SegmentCursor = SegmentCursor()


class Event(SegmentAnswer, frozen=True, kw_only=True):
    event: str = ""
    type: str = ""
    timestamp: datetime | None = None
    source_id: str = ""
    properties: dict[str, Any] = {}


class Events(SegmentAnswer, frozen=True, kw_only=True):
    data: tuple[Event, ...]
    cursor: SegmentCursor = SegmentCursor()


class RequestId(SegmentAnswer, frozen=True, kw_only=True):
    regulate_id: str = msgspec.field(name="regulateId")


class Requested(SegmentAnswer, frozen=True, kw_only=True):
    """A deletion that was asked for, by the Public API."""

    data: RequestId


class Regulation(SegmentAnswer, frozen=True, kw_only=True):
    overall_status: str = msgspec.field(name="overallStatus")


class Regulated(SegmentAnswer, frozen=True, kw_only=True):
    regulation: Regulation


class Told(SegmentAnswer, frozen=True, kw_only=True):
    """How far a deletion is."""

    data: Regulated


def external_id(type_: str, value: str) -> dict[str, str]:
    """An identifier that Segment does not promote by itself, such as a phone."""
    return {"id": value, "type": type_, "collection": "users", "encoding": "none"}
