"""Request bodies. Contract sections 1 and 3; what nobody should send."""

import gzip
import io
import zlib

import pytest

from tests.service.conftest import CONTROL, CONVERSATION, an_observation, assert_refused
from tests.service.door import basic, knock

MIB = 1024 * 1024
NESTED = 100_000


@pytest.fixture
def path(profile) -> str:
    return f"{profile}/Observations"


def observation_in_json(content: str) -> bytes:
    """`content` as it is to stand in the JSON, with its quotes."""
    rest = '"source":"chat","occurredAt":"2026-01-05T09:00:00Z"'
    return f'{{"observations":[{{"content":{content},{rest}}}]}}'.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"[",
        b"{",
        b"nonsense",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"\xff\xfe",
        b'\xef\xbb\xbf{"observations": []}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": %s}' % (b"9" * 5000),
        b'"text"',
        b"[]",
        b"5",
        b"null",
        observation_in_json('"raw \x01 control"'),
        observation_in_json('"raw\nbreak"'),
        observation_in_json('"\\ud800"'),
        observation_in_json('"\\udc00\\ud800"'),
        observation_in_json('"\\x41"'),
    ],
)
def test_what_is_no_json_object_is_refused(api, path, content):
    assert_refused(api.send("POST", path, content), 400, 520046)


@pytest.mark.parametrize("unit", [b"[", b'{"a":', b'[{"a":', b'{"traits":{"a":['])
@pytest.mark.parametrize("depth", [150, 400, 950, NESTED])
def test_brackets_in_brackets_are_refused(api, profile, path, unit, depth):
    for method, address in (
        ("POST", path),
        ("POST", f"{profile}/Recall"),
        ("PATCH", profile),
        ("DELETE", profile),
    ):
        closing = b"".join({91: b"]", 123: b"}"}.get(c, b"") for c in unit[::-1])
        for body in (unit * depth, unit * depth + b"1" + closing * depth):
            answer = api.send(method, address, body)
            # Recall's body is open: what it does not know may be nested.
            assert answer.status_code in ({200, 400} if "Recall" in address else {400})

    assert api.get(profile).status_code == 200


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('"\\u0000"', "observations[0].content"),
        ('"bell \\u0007"', "observations[0].content"),
        ('"\\b"', "observations[0].content"),
        ('"\\f"', "observations[0].content"),
        ('"escape \\u001b[31m"', "observations[0].content"),
        ('"\\u007F"', "observations[0].content"),
        ('"\x7f"', "observations[0].content"),
        (
            '"x","\\u0001":"y"',
            "observations[0]: control characters are not allowed in a name",
        ),
    ],
)
def test_a_control_character_is_refused_by_place(api, path, content, place):
    answer = api.send("POST", path, observation_in_json(content))

    assert_refused(answer, 400, 520046, place, "control character")


def test_a_control_character_in_a_trait_is_refused(api, profile):
    for body, place in (
        (b'{"traits":{"Contact":{"city":"\\u0000"}}}', "traits.Contact.city"),
        (b'{"traits":{"Contact":{"ci\\u0000ty":"x"}}}', "traits.Contact"),
        (b'{"traits":{"Con\\u0000tact":{}}}', "traits"),
        (b'{"\\u0000":1}', "body"),
        (b'{"a":[1,true,{"b":"\\u0000"}]}', "a[2].b"),
    ):
        assert_refused(api.send("PATCH", profile, body), 400, 520046, place)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('"a\\\\b"', "a\\b"),
        ('"a\\tb\\nc\\r"', "a\tb\nc\r"),
        ('"\\u0041"', "A"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\\\u0000"', "\\u0000"),
    ],
)
def test_an_escape_that_is_harmless_is_text(api, path, content, text):
    assert api.send("POST", path, observation_in_json(content)).status_code == 202

    [seen] = api.get(path).json()["observations"]
    assert seen["content"] == text


def test_of_a_name_given_twice_the_last_counts(api, path):
    api.send("POST", path, observation_in_json('"safe","content":"last"'))

    [seen] = api.get(path).json()["observations"]
    assert seen["content"] == "last"


def test_names_of_other_languages_mean_nothing(api, path):
    odd = an_observation(__proto__={"isAdmin": True}, constructor=1, pk=2)

    assert api("POST", path, {"observations": [odd]}).status_code == 202
    strict = {"observations": [an_observation()], "__proto__": {}}
    assert_refused(api("POST", path, strict), 400, 520046, "__proto__")


class Unread(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


class Broken(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise OSError("the line broke")


@pytest.mark.parametrize("length", ["8388609", str(60 * MIB), "9" * 18])
def test_a_body_that_is_too_large_is_refused_unread(db, length):
    answer = knock(CONTROL, method="POST", CONTENT_LENGTH=length, body=Unread())

    assert_refused(answer, 413, 413)


@pytest.mark.parametrize("length", ["abc", "-1", "1.5", "٣", "9" * 5000])
def test_a_length_that_is_none_is_refused(db, length):
    answer = knock(CONTROL, CONTENT_LENGTH=length)

    assert_refused(answer, 400, 400, "Content-Length")


def test_a_body_without_a_length_is_not_taken_for_none(api, profile):
    def chunks():
        yield b'{"traits":{"Contact":{"city":"Ulm"}}}'

    answer = api("PATCH", profile, content=chunks())

    assert_refused(answer, 411, 411, "Content-Length: required")


def test_a_body_of_sixty_megabytes_is_refused(api, path):
    body = observation_in_json('"' + "x" * 60 * MIB + '"')
    answer = api.send("POST", path, body)

    assert_refused(answer, 413, 413)


def test_a_body_of_some_megabytes_is_read(api, path):
    answer = api.send("POST", path, observation_in_json('"' + "x" * 7 * MIB + '"'))

    assert_refused(answer, 400, 520046, "observations[0].content")


def test_a_body_that_breaks_off_is_refused(api, path):
    answer = knock(
        path,
        method="POST",
        body=Broken(),
        CONTENT_LENGTH="50",
        CONTENT_TYPE="application/json",
        HTTP_AUTHORIZATION=basic(api.sid, api.token),
    )

    assert_refused(answer, 400, 520046, "ended")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
    ],
)
def test_a_body_that_is_not_json_is_unsupported(api, profile, path, kind):
    headers = {"Content-Type": kind}

    for method, address in (("POST", path), ("PATCH", profile), ("DELETE", profile)):
        answer = api(method, address, content=b'{"a": 1}', headers=headers)
        assert_refused(answer, 415, 415, "Content-Type")
    assert api("POST", f"{profile}/Recall", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"]
)
def test_json_is_known_by_its_names(api, path, kind):
    body = observation_in_json('"x"')

    answer = api("POST", path, content=body, headers={"Content-Type": kind})

    assert answer.status_code == 202


def test_a_read_with_a_form_content_type_is_answered(api, store, profile):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    for path in (
        CONTROL,
        f"{CONTROL}/{store}/IdentityResolutionSettings",
        profile,
        f"{profile}/Observations",
    ):
        for content in (b"", b"a=b"):
            answer = api("GET", path, content=content, headers=headers)
            assert answer.status_code == 200


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("gzip", bytes),
        ("deflate", bytes),
        ("GZIP", gzip.compress),
        (" Deflate ", zlib.compress),
        ("x-gzip", gzip.compress),
        ("br", bytes),
        ("compress", bytes),
        ("identity", bytes),
    ],
)
def test_a_packed_body_and_one_that_only_says_so_are_read(api, path, encoding, pack):
    body = pack(observation_in_json('"packed"'))

    answer = api.send("POST", path, body, **{"Content-Encoding": encoding})

    assert answer.status_code == 202
    assert api.get(path).json()["observations"][0]["content"] == "packed"


def test_a_body_that_swells_is_refused(api, path):
    bomb = gzip.compress(b" " * 60 * MIB)

    answer = api.send("POST", path, bomb, **{"Content-Encoding": "gzip"})

    assert len(bomb) < 100_000
    assert_refused(answer, 413, 413)


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0),
        gzip.compress(observation_in_json('"x"'), mtime=0)[:-30],
        gzip.compress(observation_in_json('"x"'), mtime=0)[:-1],
        gzip.compress(observation_in_json('"x"'), mtime=0) + b"trailer",
        gzip.compress(observation_in_json('"x"'), mtime=0) * 2,
        b"5",
        b"\x1f\x8bnonsense",
    ],
)
def test_a_body_that_is_packed_wrongly_is_refused(api, path, body):
    answer = api.send("POST", path, body, **{"Content-Encoding": "gzip"})

    assert_refused(answer, 400, 520046)


def test_nulls_count_as_absent_everywhere_but_in_a_trait(api, path, profile):
    item = an_observation(conversationIds=[None, CONVERSATION, None], other=None)
    body = {"observations": [None, item, None], "unknown": None}

    assert api("POST", path, body).status_code == 202
    [seen] = api.get(path).json()["observations"]
    assert seen["conversationIds"] == [CONVERSATION]
    nothing = {"traits": {"Contact": None, "Unknown": None}, "unknown": None}
    assert api("PATCH", profile, nothing).status_code == 202


def test_what_repeats_the_address_is_left_out(api, store, profile, path):
    ids = {"storeId": store, "profileId": profile.split("/")[-1]}
    body = {"observations": [an_observation()]}
    group = f"{CONTROL}/{store}/TraitGroups/Contact"

    assert api("POST", path, body | ids).status_code == 202
    assert api("PATCH", group, {"traitGroupName": "Contact"}).status_code == 202
    assert api("DELETE", profile, ids).status_code == 202


def test_what_contradicts_the_address_is_an_unknown_field(api, store, path):
    body = {"observations": [an_observation()]}

    answer = api("POST", path, body | {"profileId": store})

    assert_refused(answer, 400, 520046, "profileId: unknown field")
    assert api.get(path).json()["observations"] == []
