"""The header set, on every call and every status of the API."""

import pytest

from console.service.wsgi import ServiceHandler
from tests.service.door import basic, knock
from tests.service.routes import every_call
from tests.web.test_headers import EVERYWHERE, HSTS, pick

ON_AN_ANSWER = EVERYWHERE | {
    "Cache-Control": "no-store",
    "Content-Type": "application/json; charset=utf-8",
}
NEVER = ("Set-Cookie", "Access-Control-Allow-Origin")


def check(answer) -> int:
    assert pick(answer, ON_AN_ANSWER) == ON_AN_ANSWER, answer.status_code
    assert not any(name in answer.headers for name in NEVER)
    assert answer.status_code != 405 or answer.headers["Allow"]
    return answer.status_code


@pytest.mark.parametrize("body", [None, {}, [1], {"foo": 1}])
def test_header_set_is_on_every_call(api, http, body):
    seen = set()
    for method, path in every_call():
        seen.add(check(http.request(method, path, json=body)))
        seen.add(check(api(method, path, body)))
        seen.add(check(api("TRACE", path)))

    assert seen >= {200, 400, 401, 404, 405}


def test_header_set_is_on_what_is_refused_before_it_is_read(api):
    known = {"HTTP_AUTHORIZATION": basic(api.sid, api.token)}
    path = "/v1/ControlPlane/Stores"

    statuses = [
        check(knock(path, method="POST", CONTENT_LENGTH=str(10**10), **known)),
        check(knock(path, method="POST", CONTENT_LENGTH="x", **known)),
        check(knock(path, method="POST", HTTP_TRANSFER_ENCODING="chunked", **known)),
        check(api.send("POST", path, b"x", **{"Content-Type": "text/plain"})),
    ]

    assert statuses == [413, 400, 411, 415]


def test_header_set_has_hsts_behind_tls(settings, rf):
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    handler = ServiceHandler()
    handler.load_middleware()

    answers = [
        handler.get_response(rf.get("/v1/Errors/20404/", secure=secure))
        for secure in (True, False)
    ]

    assert [answer.get("Strict-Transport-Security") for answer in answers] == [
        HSTS,
        None,
    ]
