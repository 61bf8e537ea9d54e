from typing import Any

import pytest

SERVICES = "/v1/Services"


@pytest.fixture
def make_service(api):
    """Makes a store in the older dialect; answers it."""

    def make(name: str = "client-42", **fields: Any) -> dict[str, Any]:
        answer = api("POST", SERVICES, {"uniqueName": name} | fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


@pytest.fixture
def service(make_service) -> str:
    """The path of a store in the older dialect."""
    return f"{SERVICES}/{make_service()['sid']}"


@pytest.fixture
def person(api, service) -> str:
    """The path of a profile in the older dialect."""
    traits = {"traits": {"Contact": {"email": "a@b.com"}}}
    answer = api("POST", f"{service}/Profiles", traits)
    return f"{service}/Profiles/{answer.json()['id']}"


@pytest.fixture
def note(api, person):
    """Writes observations; answers those of the profile, newest first."""

    def write(*contents: str, **fields: Any) -> list[dict[str, Any]]:
        items = [{"content": each, "source": "desk"} | fields for each in contents]
        answer = api("POST", f"{person}/Observations", {"observations": items})
        assert answer.status_code == 202, answer.text
        return api.get(f"{person}/Observations").json()["observations"]

    return write


@pytest.fixture
def sum_up(api, person):
    """Writes summaries; answers those of the profile, newest first."""

    def write(*bodies: dict[str, Any]) -> list[dict[str, Any]]:
        for body in bodies:
            answer = api("POST", f"{person}/ConversationSummaries", body)
            assert answer.status_code == 202, answer.text
        return api.get(f"{person}/ConversationSummaries").json()["summaries"]

    return write


def as_current(path: str) -> str:
    """The same address in today's dialect."""
    return path.replace("/v1/Services/", "/v1/Stores/")
