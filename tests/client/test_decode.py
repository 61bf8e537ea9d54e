import json
from datetime import UTC, datetime

import httpx
import pytest

from console.client.errors import MemoryRefused, MemoryUnexpected
from console.contract.memory.observation import Observation
from tests.client.conftest import OBSERVATION, PROFILE, Memory, accepted


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>hello</html>",
        b'{"id": ',
        b'\xef\xbb\xbf{"id": 1}',
        '{"id": 1}'.encode("utf-16"),
        b'{"id": "\xff"}',
        b'{"id": NaN}',
        b'{"id": -Infinity}',
        b'{"id": 1e999}',
        b'{"id": 1, "id": 2}',
        b'{"id": "\\ud800"}',
        b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id": 1, "x": {"a": 1, "b": "\\u003a", "a": 2}}',
        b'{"id" : 1, "x" : 1, "x" : 1}',
    ],
)
def test_a_body_that_is_not_strict_json_is_refused_without_its_content(body):
    memory = Memory(httpx.Response(200, content=body))

    with pytest.raises(MemoryUnexpected, match=r"\(200, \d+ bytes\) cannot be read"):
        memory.store.fetch_profile(PROFILE)


@pytest.mark.parametrize(
    "nested", [b"[" * 65 + b"]" * 65, b'{"a":' * 65 + b"1" + b"}" * 65]
)
def test_a_recall_nested_too_deep_for_a_page_is_refused(nested):
    body = b'{"meta": {"queryTime": 1}, "more": ' + nested + b"}"
    memory = Memory(httpx.Response(200, content=body))

    with pytest.raises(MemoryUnexpected, match="not as its contract says"):
        memory.store.recall(PROFILE)


@pytest.mark.parametrize(
    "text", ['"quoted": twice', " : ", '\\" :', "a\\u003ab", "\u2028:", "\\\\"]
)
def test_a_text_with_colons_is_no_name_given_twice(text):
    traits = {"Contact": {"firstName": text, "lastName": text}}
    body = {"id": PROFILE, "createdAt": "2026-01-04T10:00:00Z", "traits": traits}
    memory = Memory(httpx.Response(200, content=json.dumps(body).encode()))

    profile = memory.store.fetch_profile(PROFILE)

    assert profile.traits == traits


def test_times_of_any_zone_are_given_in_utc():
    observation = Observation.sample | {
        "id": OBSERVATION,
        "occurredAt": "2026-01-04T10:00:00+02:00",
    }
    page = {"observations": [observation], "meta": {"key": "observations"}}

    found = Memory(page).store.list_observations(PROFILE).items[0]

    assert found.occurred_at == datetime(2026, 1, 4, 8, tzinfo=UTC)
    assert found.occurred_at.tzinfo is UTC


def test_a_pair_of_surrogates_is_one_character():
    body = b'{"id": "%s", "createdAt": "2026-01-04T10:00:00Z", "traits": {"Contact": {"firstName": "\\ud83d\\ude00 1.5", "n": 1.5}}}'
    memory = Memory(httpx.Response(200, content=body % PROFILE.encode()))

    profile = memory.store.fetch_profile(PROFILE)

    assert profile.traits == {"Contact": {"firstName": "😀 1.5", "n": 1.5}}


@pytest.mark.parametrize("value", [float("nan"), "\ud800"])
def test_what_json_cannot_carry_is_refused_before_it_is_sent(value):
    memory = Memory(accepted())

    with pytest.raises(MemoryRefused, match="Nothing was sent"):
        memory.store.patch_profile(PROFILE, {"Contact": {"firstName": value}})

    assert memory.requests == []
