"""Contract 1 and 5.2: 429 with Retry-After."""

import pytest

from console.service import wsgi
from tests.service.conftest import CONTROL, assert_refused


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the buckets believe in; nobody has asked yet."""
    now = [1000.0]
    monkeypatch.setattr(wsgi, "monotonic", lambda: now[0])
    wsgi._left.clear()
    return now


def test_without_a_limit_nobody_waits(api, settings):
    assert settings.MEMORY_REQUESTS_PER_S == 0
    assert {api.get(CONTROL).status_code for _ in range(30)} == {200}


def test_over_the_limit_the_account_is_told_when_to_come_back(api, settings, clock):
    settings.MEMORY_REQUESTS_PER_S = 2.0

    allowed = [api.get(CONTROL).status_code for _ in range(2)]
    refused = api.get(CONTROL)

    assert allowed == [200, 200]
    assert_refused(refused, 429, 20429, "Too many requests")
    assert refused.headers["Retry-After"] == "1"
    clock[0] += 0.5
    assert api.get(CONTROL).status_code == 200
    assert api.get(CONTROL).status_code == 429


def test_a_slow_rate_says_how_many_seconds(api, settings, clock):
    settings.MEMORY_REQUESTS_PER_S = 0.1

    assert api.get(CONTROL).status_code == 200

    assert api.get(CONTROL).headers["Retry-After"] == "10"
    clock[0] += 10
    assert api.get(CONTROL).status_code == 200


def test_one_account_does_not_use_up_anothers(api, make_api, settings, clock):
    other = make_api("other")
    settings.MEMORY_REQUESTS_PER_S = 1.0

    assert [api.get(CONTROL).status_code for _ in range(2)] == [200, 429]

    assert other.get(CONTROL).status_code == 200


def test_wrong_credentials_use_up_nothing(api, http, settings, clock):
    settings.MEMORY_REQUESTS_PER_S = 1.0

    for _ in range(3):
        assert http.get(CONTROL, auth=(api.sid, "wrong")).status_code == 401

    assert api.get(CONTROL).status_code == 200
