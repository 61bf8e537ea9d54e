"""Attempts, pauses and faults; merged profiles are in test_merged.py."""

import httpx
import pytest

from console.client.errors import (
    MemoryBusy,
    MemoryConflict,
    MemoryDenied,
    MemoryNotFound,
    MemoryRefused,
    MemoryUnexpected,
    MemoryUnreachable,
)
from tests.client.conftest import (
    OBSERVATION,
    PROFILE,
    PROFILE_BODY,
    Memory,
    accepted,
    refused,
)

CUT = httpx.RemoteProtocolError("cut")
REFUSED = httpx.ConnectError("refused")
HUNG = httpx.ReadTimeout("hung")


def test_a_call_carries_credentials_and_asks_for_plain_json():
    memory = Memory(PROFILE_BODY)

    memory.store.fetch_profile(PROFILE)

    headers = memory.requests[0].headers
    assert headers["Authorization"].startswith("Basic ")
    assert headers["Accept"] == "application/json"
    assert headers["Accept-Encoding"] == "identity"
    assert "Content-Type" not in headers


def test_no_repr_shows_a_secret_or_a_customer():
    memory = Memory(PROFILE_BODY)

    shown = f"{memory.account!r} {memory.store!r} {memory.account._sender!r}"

    assert "s3cret" not in shown
    assert "memory.example" in shown


def test_a_cookie_of_one_tenant_never_reaches_the_next():
    baked = httpx.Response(200, json=PROFILE_BODY, headers={"Set-Cookie": "a=b"})
    memory = Memory(baked)
    store = memory.store

    store.fetch_profile(PROFILE)
    store.fetch_profile(PROFILE)

    assert "Authorization" in memory.requests[1].headers
    assert "Cookie" not in memory.requests[1].headers


@pytest.mark.parametrize(
    "fault", [CUT, REFUSED, refused(429), refused(502), refused(503), refused(504)]
)
def test_a_read_is_repeated_twice(fault, clock):
    memory = Memory(fault, fault, PROFILE_BODY)

    profile = memory.store.fetch_profile(PROFILE)

    assert profile.id == PROFILE
    assert len(memory.requests) == 3
    assert all(0.2 <= nap <= 2.0 for nap in clock.naps)


def test_a_read_gives_up_after_the_third_attempt(clock):
    memory = Memory(CUT)

    with pytest.raises(MemoryUnreachable, match="broke off"):
        memory.store.fetch_profile(PROFILE)

    assert len(memory.requests) == 3


@pytest.mark.parametrize("fault", [HUNG, refused(500)])
def test_a_read_that_hung_or_failed_inside_is_not_repeated(fault, clock):
    memory = Memory(fault)

    with pytest.raises(MemoryUnreachable, match="Nothing was changed"):
        memory.store.fetch_profile(PROFILE)

    assert len(memory.requests) == 1


def test_recall_is_a_read_though_it_is_posted(clock):
    memory = Memory(CUT)

    with pytest.raises(MemoryUnreachable) as caught:
        memory.store.recall(PROFILE, query="bills")

    assert not caught.value.maybe_done
    assert len(memory.requests) == 3


@pytest.mark.parametrize("fault", [REFUSED, refused(429), refused(503)])
def test_a_write_is_repeated_only_when_it_cannot_have_been_done(fault, clock):
    memory = Memory(fault, accepted())

    memory.store.patch_profile(PROFILE, {})

    assert len(memory.requests) == 2


@pytest.mark.parametrize("fault", [CUT, HUNG, refused(500), refused(502), refused(504)])
def test_a_write_without_an_answer_may_have_been_done(fault, clock):
    memory = Memory(fault)

    with pytest.raises(MemoryUnreachable, match="not known whether") as caught:
        memory.store.delete_observation(PROFILE, OBSERVATION)

    assert caught.value.maybe_done
    assert len(memory.requests) == 1


@pytest.mark.parametrize("fault", [REFUSED, httpx.ConnectTimeout("slow")])
def test_a_write_that_was_never_sent_was_not_done(fault, clock):
    memory = Memory(fault)

    with pytest.raises(MemoryUnreachable, match="cannot be reached") as caught:
        memory.store.delete_profile(PROFILE)

    assert not caught.value.maybe_done


def test_retry_after_is_honoured_within_the_deadline(clock):
    memory = Memory(refused(429, **{"Retry-After": "4"}), PROFILE_BODY)

    memory.store.fetch_profile(PROFILE)

    assert clock.naps == [4.0]


@pytest.mark.parametrize("text", ["3600", "Fri, 01 Jan 2400 00:00:00 GMT"])
def test_a_long_retry_after_answers_busy_at_once(text, clock):
    memory = Memory(refused(429, **{"Retry-After": text}))

    with pytest.raises(MemoryBusy, match="too much to do") as caught:
        memory.store.fetch_profile(PROFILE)

    assert caught.value.retry_after_s >= 3600
    assert clock.naps == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "1e9",
        "9" * 5000,
        "soon",
        "٣",
        "Sun, 01 Jan 2006 00:00:00 GMT",
        "Sun, 01 Jan 2006 00:00:00",
    ],
)
def test_a_retry_after_that_means_nothing_is_a_plain_repeat(text, clock):
    headers = {"Retry-After": text.encode()}
    memory = Memory(httpx.Response(503, headers=headers))

    with pytest.raises(MemoryBusy, match="try again in a moment") as caught:
        memory.store.fetch_profile(PROFILE)

    assert caught.value.retry_after_s is None
    assert len(clock.naps) == 2


def test_no_pause_reaches_the_deadline(clock, settings):
    settings.MEMORY_TOTAL_TIMEOUT_S = 0.1
    memory = Memory(CUT)

    with pytest.raises(MemoryUnreachable):
        memory.store.fetch_profile(PROFILE)

    assert clock.naps == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, MemoryRefused),
        (401, MemoryDenied),
        (403, MemoryDenied),
        (404, MemoryNotFound),
        (409, MemoryConflict),
        (412, MemoryConflict),
        (422, MemoryRefused),
    ],
)
def test_a_no_comes_with_the_memorys_words_and_code(status, error):
    memory = Memory(refused(status, "content:\n too\u202e long"))

    with pytest.raises(error) as caught:
        memory.store.patch_profile(PROFILE, {})

    assert type(caught.value) is error
    assert caught.value.code == 20000 + status
    assert caught.value.http_status == status
    assert "Nothing was changed." in caught.value.message
    assert "content: too long" in caught.value.message


@pytest.mark.parametrize("status", [400, 404])
def test_the_memorys_words_stay_out_of_what_a_log_would_hold(status):
    memory = Memory(refused(status, "no customer jane@example.com"))

    with pytest.raises(MemoryRefused) as caught:
        memory.store.fetch_profile(PROFILE)

    assert "jane" in caught.value.message
    assert "jane" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"code": "x", "message": 5}'])
def test_a_no_without_the_contracts_body_still_is_a_no(body):
    memory = Memory(httpx.Response(404, content=body))

    with pytest.raises(MemoryNotFound) as caught:
        memory.store.fetch_profile(PROFILE)

    assert caught.value.code == 404
    assert caught.value.message == "The memory does not hold this. Nothing was changed."


def test_an_unreadable_answer_to_a_write_leaves_its_outcome_open():
    memory = Memory(httpx.Response(204))

    with pytest.raises(MemoryUnexpected) as caught:
        memory.store.patch_profile(PROFILE, {})

    assert caught.value.maybe_done


def test_a_packed_answer_is_refused_unopened():
    bomb = httpx.Response(200, headers={"Content-Encoding": "gzip"})

    with pytest.raises(MemoryUnexpected, match="packed"):
        Memory(bomb).store.fetch_profile(PROFILE)


def test_an_answer_over_the_cap_is_refused():
    large = httpx.Response(200, content=b"x" * (8 * 1024 * 1024 + 1))

    with pytest.raises(MemoryUnexpected, match="larger than 8 MB"):
        Memory(large).store.fetch_profile(PROFILE)


def test_a_query_too_long_for_an_address_is_refused_before_it_is_sent():
    memory = Memory(PROFILE_BODY)

    with pytest.raises(MemoryRefused, match="too long"):
        memory.store.list_profiles(page_token="x" * 70_000)

    assert memory.requests == []
