"""Contract section 1: HTTP Basic on every call."""

import base64

import pytest
from django.urls import get_resolver

from console.service.models import Account, Credential
from tests.service.conftest import CONTROL, assert_refused
from tests.service.door import knock
from tests.service.routes import every_call


def header(text: bytes) -> dict[str, bytes]:
    return {"Authorization": b"Basic " + base64.b64encode(text)}


def test_the_auth_token_and_the_api_key_open_one_account(api, http, store):
    for pair in ((api.sid, api.token), (api.key, api.key_secret)):
        assert http.get(CONTROL, auth=pair).json()["stores"] == [store]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Basic"},
        {"Authorization": "Basic "},
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic YQ"},
        {"Authorization": "Bearer YTpi"},
        header(b"no colon"),
        header(b":"),
        header(b"a:b"),
        header(b"\xff\xfe:x"),
        header(b"AC\0:x"),
        header(b"A" * 600 + b":x"),
        header("AC’:passwörd".encode()),
    ],
)
def test_a_stranger_is_refused(db, http, headers):
    answer = http.get(CONTROL, headers=headers)

    assert_refused(answer, 401, 20003)
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_header_of_other_letters_is_refused(db):
    answer = knock(CONTROL, HTTP_AUTHORIZATION="Basic \xe9\xe9\xe9\xe9")

    assert_refused(answer, 401, 20003)


def test_the_scheme_is_read_in_any_case(api, http):
    pair = base64.b64encode(f"{api.sid}:{api.token}".encode()).decode()

    answer = http.get(CONTROL, headers={"Authorization": f"bAsIc  {pair} "})

    assert answer.status_code == 200


def test_a_wrong_secret_and_an_unknown_name_are_told_the_same(api, http):
    known = http.get(CONTROL, auth=(api.sid, "wrong"))
    unknown = http.get(CONTROL, auth=("AC" + "0" * 32, "wrong"))
    swapped = http.get(CONTROL, auth=(api.sid, api.key_secret))

    assert known.status_code == 401
    assert known.content == unknown.content == swapped.content


def test_every_call_is_closed(http, db):
    calls = list(every_call())

    assert len(calls) > 70
    for method, path in calls:
        answer = http.request(method, path)
        assert_refused(answer, 401, 20003)


def test_no_call_is_missing_from_the_list_above(db):
    patterns = get_resolver("console.service.urls").url_patterns
    called = {path for _, path in every_call()}
    # Open to everybody: what an error means, what the service speaks, and an upload,
    # whose address is signed.
    open_to_all = ("v1/Errors/", "v1/openapi.json", "v1/Uploads/")

    assert len(called) == 92
    for pattern in patterns:
        if not str(pattern.pattern).startswith(open_to_all):
            assert any(pattern.resolve(path.lstrip("/")) for path in called), pattern


def test_the_meaning_of_an_error_is_open(http, db):
    assert http.get("/v1/Errors/20003").status_code == 200


def test_no_secret_is_kept(api):
    kept = [*Credential.objects.values_list(), *Account.objects.values_list()]

    assert api.sid in repr(kept)
    for secret in (api.token, api.key_secret):
        assert secret not in repr(kept)


def test_a_removed_key_closes(api, http):
    Credential.objects.filter(username=api.key).delete()

    assert http.get(CONTROL, auth=(api.key, api.key_secret)).status_code == 401
    assert api.get(CONTROL).status_code == 200
