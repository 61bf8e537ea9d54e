"""The embedded memory as a client meets it: by HTTP, through the project's one door."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from django.urls import set_urlconf

from console.service.models import create_account
from console.wsgi import application
from tests import factories

CONTROL = "/v1/ControlPlane/Stores"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def leave_the_memorys_urls():
    """A request that ends within a test leaves its URL configuration to the thread."""
    yield
    set_urlconf(None)


@dataclass
class Api:
    """An HTTP client of one account."""

    sid: str
    token: str
    http: httpx.Client = field(repr=False)
    key: str = ""
    key_secret: str = field(default="", repr=False)

    def __call__(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        if body is not None:
            kwargs["json"] = body
        return self.http.request(method, path, auth=(self.sid, self.token), **kwargs)

    def get(self, path: str, **params: Any) -> Any:
        return self("GET", path, params=params)

    def send(self, method: str, path: str, content: bytes, **headers: str) -> Any:
        """A body as it is, byte for byte."""
        return self(method, path, content=content, headers=JSON | headers)

    def result(self, response: httpx.Response) -> Any:
        """The operation behind a 202 of the control plane."""
        assert response.status_code == 202, response.text
        return self.get(response.headers["Location"]).json()


@pytest.fixture
def http() -> httpx.Client:
    transport = httpx.WSGITransport(app=application, raise_app_exceptions=True)
    return httpx.Client(transport=transport, base_url="http://testserver")


@pytest.fixture
def make_api(db, http):
    def make(name: str = "acme") -> Api:
        new = create_account(name)
        return Api(new.account_sid, new.auth_token, http, new.api_key, new.api_secret)

    return make


@pytest.fixture
def api(make_api) -> Api:
    return make_api()


@pytest.fixture
def make_store(api):
    def make(name: str = "client-1", *, by: Api = api) -> str:
        return factories.make_store(by.sid, name)

    return make


@pytest.fixture
def store(make_store) -> str:
    return make_store()


@pytest.fixture
def make_profile(api, store):
    """Answers the path of a profile."""

    def make(
        email: str = "a@b.com", *, by: Api = api, store: str = store, **more: Any
    ) -> str:
        path = f"/v1/Stores/{store}/Profiles"
        traits = {"Contact": {"email": email, **more}}
        answer = by("POST", path, {"traits": traits})
        assert answer.status_code == 202, answer.text
        return f"{path}/{answer.json()['id']}"

    return make


@pytest.fixture
def profile(make_profile) -> str:
    """The path of a profile."""
    return make_profile()


@pytest.fixture
def declare(api, store):
    """Makes a trait group of the given definitions; answers its operation."""

    def make(name: str = "Account", **traits: Any) -> Any:
        body = {"displayName": name, "traits": traits}
        return api.result(api("POST", f"{CONTROL}/{store}/TraitGroups", body))

    return make


@pytest.fixture
def observe(api, profile):
    """Writes observations; answers those of the profile, newest first."""

    def write(*contents: str, path: str = profile, **fields: Any) -> list[dict]:
        items = [an_observation(content, **fields) for content in contents]
        answer = api("POST", f"{path}/Observations", {"observations": items})
        assert answer.status_code == 202, answer.text
        return api.get(f"{path}/Observations").json()["observations"]

    return write


@pytest.fixture
def summarise(api, profile):
    """Writes summaries; answers those of the profile, newest first."""

    def write(*contents: str, path: str = profile, **fields: Any) -> list[dict]:
        items = [a_summary(content, **fields) for content in contents]
        answer = api("POST", f"{path}/ConversationSummaries", {"summaries": items})
        assert answer.status_code == 202, answer.text
        return api.get(f"{path}/ConversationSummaries").json()["summaries"]

    return write


CONVERSATION = "conv_conversation_01k0000000000000000000000b"
OTHER_CONVERSATION = "conv_conversation_01k0000000000000000000000c"
NOBODY = "mem_profile_01k0000000000000000000000a"


def an_observation(content: str = "likes tea", **fields: Any) -> dict[str, Any]:
    return {
        "content": content,
        "source": "chat",
        "occurredAt": "2026-01-05T09:00:00Z",
    } | fields


def a_summary(content: str = "asked for a refund", **fields: Any) -> dict[str, Any]:
    return {
        "content": content,
        "conversationId": CONVERSATION,
        "occurredAt": "2026-01-05T09:00:00Z",
    } | fields


def assert_refused(answer: Any, status: int, code: int, *words: str) -> None:
    """The contract's error body (5.1): four fields, no more, and in /v2 those that
    conversations have (5); `words` are in it."""
    error = answer.json()
    if "httpStatusCode" in error:
        assert error.pop("httpStatusCode") == status, error
        assert error.pop("userError") is (status < 500)
        error.pop("details", None)
    assert (answer.status_code, error["code"]) == (status, code), error
    assert set(error) == {"code", "message", "more_info", "status"}
    assert error["status"] == status
    assert answer.headers["Content-Type"].startswith("application/json")
    for word in words:
        assert word in error["message"], error
