"""The client of a Segment workspace: one space's profiles, and one source's events.

    segment = SegmentClient("US", space="spa_…", token="…", write_key="…")
    segment.fetch_traits("email:casey@example.com")

What is asked ends within three seconds and is repeated by nobody: a card waits for it.
Nothing that Segment answers to an event says whether it arrived.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from django.conf import settings

from console.client.decode import decode
from console.client.errors import retry_after_s
from console.contract.segment import (
    BATCH_BYTES,
    BATCH_EVENTS,
    EVENT_BYTES,
    EVENTS_A_PAGE,
    REGIONS,
    TRAITS_A_PAGE,
    Event,
    Events,
    ExternalId,
    ExternalIds,
    Requested,
    SegmentTrait,
    Told,
    Traits,
)
from console.core import outgoing
from console.core.errors import DomainError

T = TypeVar("T")

READ_S, SEND_S = 3.0, 10.0
ANSWER_BYTES = 2 * 1024 * 1024


class SegmentProblem(DomainError):
    """Segment gave no answer that is of use.

    http_status  what it answered; 0: nothing
    """

    status = 502
    title = "Segment did not answer"

    def __init__(
        self, message: str, http_status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.http_status, self.retry_after_s = http_status, retry_after

    @property
    def may_repeat(self) -> bool:
        return self.http_status in {0, 408, 429} or self.http_status >= 500


class TokenRefused(SegmentProblem):
    title = "Segment refuses the token"


class NotInSegment(SegmentProblem):
    """Nobody has this identity there: a normal outcome."""

    title = "Not known to Segment"


@dataclass(frozen=True, slots=True)
class SegmentClient:
    region: str
    space: str
    token: str = field(repr=False)
    write_key: str = field(repr=False)
    public_token: str = field(default="", repr=False)

    def fetch_traits(self, identity: str) -> dict[str, SegmentTrait]:
        """The first TRAITS_A_PAGE, each with its source and time. `identity` is
        `type:value`, as it stands in Segment: other casing finds nobody."""
        query = {"limit": TRAITS_A_PAGE, "verbose": "true"}
        return self._read(identity, "traits", Traits, query).traits

    def fetch_external_ids(self, identity: str) -> tuple[ExternalId, ...]:
        return self._read(identity, "external_ids", ExternalIds, {"limit": 100}).data

    def fetch_events(self, identity: str, limit: int = 10) -> tuple[Event, ...]:
        """The newest, of the last 14 days."""
        query = {"limit": min(limit, EVENTS_A_PAGE)}
        return self._read(identity, "events", Events, query).data

    def request_deletion(self, user_ids: Sequence[str], *, suppress: bool) -> str:
        """By the Public API; the request's id. `suppress`: also what comes later."""
        type_ = "SUPPRESS_WITH_DELETE" if suppress else "DELETE_ONLY"
        asked = {"regulationType": type_, "subjectType": "USER_ID"}
        body = json.dumps(asked | {"subjectIds": list(user_ids)}).encode()
        return self._ask_public("POST", "", Requested, body).data.regulate_id

    def fetch_deletion(self, request_id: str) -> str:
        """How far it is: INITIALIZED, RUNNING, FINISHED, or why not."""
        path = f"/{quote(request_id, safe='')}"
        return self._ask_public("GET", path, Told).data.regulation.overall_status

    def _ask_public(
        self, method: str, path: str, noun: type[T], body: bytes = b""
    ) -> T:
        url = f"{self._find_host(2)}/regulations{path}"
        bearer = f"Bearer {self.public_token}"
        return _decode(self._call(method, url, bearer, SEND_S, body), noun)

    def send(self, events: Sequence[Mapping[str, Any]], sent_at: str) -> None:
        """A batch; each has a `type`, a `messageId` and an id. Raises SegmentProblem,
        ValueError for what is too long, of which nothing is sent."""
        sent = {"batch": events, "sentAt": sent_at, "writeKey": self.write_key}
        body = json.dumps(sent, ensure_ascii=False).encode()
        too_long = any(size_of(event) > EVENT_BYTES for event in events)
        if too_long or len(body) > BATCH_BYTES or len(events) > BATCH_EVENTS:
            raise ValueError("events: 32 KB each, 500 KB and 2,500 together at most")
        url = f"{self._find_host(1)}/v1/batch"
        self._call("POST", url, _write_basic(self.write_key), SEND_S, body)

    def _read(
        self, identity: str, resource: str, noun: type[T], query: dict[str, Any]
    ) -> T:
        type_, _, value = identity.partition(":")
        who = f"{quote(type_, safe='')}:{quote(value, safe='')}"
        url = (
            f"{self._find_host(0)}/v1/spaces/{quote(self.space, safe='')}/collections"
            f"/users/profiles/{who}/{resource}?{urlencode(query)}"
        )
        return _decode(self._call("GET", url, _write_basic(self.token), READ_S), noun)

    def _find_host(self, of: int) -> str:
        """0: of profiles, 1: of events, 2: of the Public API."""
        return settings.SEGMENT_URL or REGIONS[self.region][of]

    def _call(
        self, method: str, url: str, who: str, seconds: float, content: bytes = b""
    ) -> bytes:
        answer = outgoing.call(
            method,
            url,
            allow_private=bool(settings.SEGMENT_URL),
            headers={"Authorization": who, "Content-Type": "application/json"},
            content=content,
            seconds=seconds,
            room=ANSWER_BYTES,
        )
        _check(answer)
        return answer.body


def _write_basic(user: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:'.encode()).decode()}"


def _decode(body: bytes, noun: type[T]) -> T:
    try:
        return decode(body, noun)
    except ValueError:
        raise SegmentProblem("Segment's answer cannot be read.", 200) from None


def size_of(event: Mapping[str, Any]) -> int:
    """In bytes, as it is sent."""
    return len(json.dumps(event, ensure_ascii=False).encode())


def _check(answer: outgoing.HttpAnswer) -> None:
    status = answer.status
    if not status:
        raise SegmentProblem(f"Segment could not be asked: {answer.error}")
    if status in {401, 403}:
        raise TokenRefused(
            "Segment refuses the token: it is of another space or region, or revoked.",
            status,
        )
    if status == 404:
        raise NotInSegment("Segment knows nobody with this identity.", status)
    if status == 429:
        wait_s = retry_after_s(answer.headers.get("Retry-After", ""))
        raise SegmentProblem(
            "Segment takes no more calls of this space for now.", status, wait_s
        )
    if not 200 <= status < 300:
        raise SegmentProblem(f"Segment answered {status}, which is of no use.", status)
