"""The header set, on every address and every status."""

from itertools import product

import pytest
from django.conf import settings
from django.test import Client

from tests.factories import HTMX
from tests.web.test_every_address import ALL, address

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; object-src 'none'"
)
EVERYWHERE = settings.ANSWER_HEADERS | {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ON_A_PAGE = EVERYWHERE | {"Cache-Control": "no-store"}
HSTS = "max-age=31536000; includeSubDomains; preload"


def pick(response, wanted):
    return {name: response.headers.get(name) for name in wanted}


@pytest.mark.parametrize(
    ("person", "methods"),
    [
        ("", ["GET", "HEAD", "POST", "PUT", "OPTIONS"]),
        ("operator", ["GET"]),
        ("officer", ["GET", "POST"]),
    ],
)
def test_header_set_is_on_every_address(db, client, request, person, methods):
    if person:
        client.force_login(request.getfixturevalue(person))
    asked = list(product(methods, [route for route, _ in ALL]))

    without = [
        (method, route)
        for method, route in asked
        if pick(client.generic(method, address(route)), ON_A_PAGE) != ON_A_PAGE
    ]

    assert len(asked) > 80
    assert without == []


@pytest.mark.urls("tests.web.test_problems")
@pytest.mark.parametrize("htmx", [{}, HTMX])
def test_header_set_is_on_every_refusal(client, officer, htmx):
    client.force_login(officer)
    client.raise_request_exception = False
    faults = ("refusal", "missing", "forbidden", "bad", "broken")

    answers = [client.get(f"/fail/{fault}/", headers=htmx) for fault in faults]
    answers.append(client.get("/nowhere/", headers=htmx))
    answers.append(client.get("/", headers=htmx | {"Host": "evil.example"}))
    answers.append(Client(enforce_csrf_checks=True).post("/part/", headers=htmx))

    assert {answer.status_code for answer in answers} >= {400, 403, 404, 409, 500}
    assert all(pick(answer, ON_A_PAGE) == ON_A_PAGE for answer in answers)


def test_header_set_is_on_static_files(db, settings, tmp_path, client):
    (tmp_path / "page.js").write_text("export {};")
    settings.STATIC_ROOT = tmp_path

    response = client.get("/static/page.js")
    response.close()

    assert response.status_code == 200
    assert pick(response, EVERYWHERE) == EVERYWHERE
    assert "no-store" not in response["Cache-Control"]


def test_header_set_has_hsts_behind_tls(settings, db):
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True

    response = Client().get("/accounts/login/", secure=True)

    assert response["Strict-Transport-Security"] == HSTS
