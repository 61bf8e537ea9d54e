import httpx
import pytest

from console.client.errors import MemoryRefused, MemoryUnexpected
from tests.client.conftest import PROFILE, Memory, accepted


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
        b'{"id": ' + b"1" * 5000 + b"}",
        b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id": ' + b"[" * 65 + b"]" * 65 + b"}",
        b'{"id": ' + b'{"a":' * 65 + b"1" + b"}" * 66,
    ],
)
def test_a_body_that_is_not_strict_json_is_refused_without_its_content(body):
    memory = Memory(httpx.Response(200, content=body))

    with pytest.raises(MemoryUnexpected, match=r"\(200, \d+ bytes\) cannot be read"):
        memory.store.fetch_profile(PROFILE)


def test_a_pair_of_surrogates_is_one_character():
    body = b'{"id": "%s", "createdAt": "2026-01-04T10:00:00Z", "traits": {"Contact": {"firstName": "\\ud83d\\ude00 1.5", "n": 1.5}}}'
    memory = Memory(httpx.Response(200, content=body % PROFILE.encode()))

    profile = memory.store.fetch_profile(PROFILE)

    assert profile.traits == {"Contact": {"firstName": "😀 1.5", "n": 1.5}}


@pytest.mark.parametrize("value", [float("nan"), "\ud800", object(), b"bytes"])
def test_what_json_cannot_carry_is_refused_before_it_is_sent(value):
    memory = Memory(accepted())

    with pytest.raises(MemoryRefused, match="Nothing was sent"):
        memory.store.patch_profile(PROFILE, {"Contact": {"firstName": value}})

    assert memory.requests == []
