"""A memory that answers as a test says, and a clock that stands still."""

import json

import httpx
import pytest

from console.client.account import AccountClient, connect
from console.core import outgoing

ORIGIN = "https://memory.example"
STORE = "mem_store_01k0000000000000000000000c"
PROFILE = "mem_profile_01k0000000000000000000000b"
CANONICAL = "mem_profile_01k0000000000000000000000a"
OBSERVATION = "mem_observation_01k0000000000000000000000d"
SUMMARY = "mem_summary_01k0000000000000000000000e"
OPERATION = "mem_operation_01k0000000000000000000000f"
CONVERSATION = "conv_conversation_01k0000000000000000000000g"
CONTROL_PATH = f"/v1/ControlPlane/Stores/{STORE}"
PROFILES_PATH = f"/v1/Stores/{STORE}/Profiles"
PROFILE_PATH = f"{PROFILES_PATH}/{PROFILE}"

MOMENTS = {
    "occurredAt": "2026-01-04T10:00:00Z",
    "createdAt": "2026-01-04T10:00:02Z",
    "updatedAt": "2026-01-04T10:00:02Z",
}
OBSERVATION_BODY = {
    "id": OBSERVATION,
    "content": "asks for paper bills",
    "source": "agent-desk",
    **MOMENTS,
}
SUMMARY_BODY = {
    "id": SUMMARY,
    "content": "wanted paper bills, got them",
    "conversationId": CONVERSATION,
    **MOMENTS,
}
PROFILE_BODY = {"id": PROFILE, "createdAt": "2026-01-04T10:00:00Z", "traits": {}}


class Memory:
    """Answers each request with the next of `answers`, the last one again and again.

    An answer is a response, an exception to raise, or a dict for a plain 200.
    """

    def __init__(self, *answers: httpx.Response | Exception | dict) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict):
            return httpx.Response(200, json=answer)
        # A new one each time: a response can be read only once.
        return httpx.Response(
            answer.status_code, headers=answer.headers, content=answer.content
        )

    @property
    def account(self) -> AccountClient:
        return connect(
            ORIGIN,
            username="AC" + "0" * 32,
            secret="s3cret-token",
            transport=httpx.MockTransport(self),
        )

    @property
    def store(self):
        return self.account.store(STORE)

    @property
    def sent(self) -> list[str]:
        """Each request as `GET /path?query`."""
        return [f"{r.method} {r.url.raw_path.decode()}" for r in self.requests]

    def body(self, index: int = -1) -> dict:
        return json.loads(self.requests[index].content)


def accepted(**headers: str) -> httpx.Response:
    return httpx.Response(202, json={"message": "accepted"}, headers=headers)


def refused(status: int, message: str = "no", **headers: str) -> httpx.Response:
    body = {"code": 20000 + status, "message": message, "status": status}
    return httpx.Response(status, json=body, headers=headers)


def paged(key: str, *items: object, **meta: object) -> dict:
    return {key: list(items), "meta": {"key": key, **meta}}


class Clock:
    """Moves on only when somebody sleeps; `naps` are the seconds slept."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(outgoing, "sleep", clock.sleep)
    monkeypatch.setattr(outgoing, "monotonic", lambda: clock.now)
    return clock
