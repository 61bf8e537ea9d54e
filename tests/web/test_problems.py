"""Refusals and failures: pages for browsers, parts for htmx."""

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from console import urls as console_urls
from console.core.errors import DomainError
from console.web import problems
from console.web.render import redirect_window, render_part
from tests.factories import HTMX, make_user


class Refusal(DomainError):
    status = 409
    title = "Changed meanwhile"


FAULTS = {
    "refusal": Refusal("Somebody was faster. Nothing was changed."),
    "missing": Http404(),
    "forbidden": PermissionDenied(),
    "bad": BadRequest(),
    "broken": RuntimeError("caroline@example.com"),
}


def fail(request: HttpRequest, fault: str) -> HttpResponse:
    raise FAULTS[fault]


def part(request: HttpRequest) -> HttpResponse:
    context = {"status": 200, "title": "Here", "message": ""}
    return render_part(request, "web/problem.html", "web/_problem.html", context)


def leave(request: HttpRequest) -> HttpResponse:
    return redirect_window(request, "tenants:list")


# The product's handlers around views that fail on purpose.
handler400, handler403 = console_urls.handler400, console_urls.handler403
handler404, handler500 = console_urls.handler404, console_urls.handler500
urlpatterns = [
    path("fail/<str:fault>/", fail),
    path("part/", part),
    path("leave/", leave),
    *console_urls.urlpatterns,
]


@pytest.fixture
def staff(db, settings) -> Client:
    settings.ROOT_URLCONF = __name__
    client = Client(raise_request_exception=False)
    client.force_login(make_user())
    return client


@pytest.mark.parametrize(
    ("fault", "status", "title"),
    [
        ("refusal", 409, "Changed meanwhile"),
        ("missing", 404, "Page not found"),
        ("forbidden", 403, "Not allowed"),
        ("bad", 400, "Bad request"),
        ("broken", 500, "Internal error"),
    ],
)
def test_problems_are_pages_for_browsers_and_parts_for_htmx(
    staff, fault, status, title
):
    page = staff.get(f"/fail/{fault}/")
    in_page = staff.get(f"/fail/{fault}/", headers=HTMX)

    assert page.status_code == in_page.status_code == status
    assert title in page.text
    assert title in in_page.text
    assert "<html" in page.text
    assert "<html" not in in_page.text
    assert in_page["HX-Retarget"] == "#problem"
    assert in_page["HX-Reswap"] == "outerHTML show:#problem:top"
    assert "HX-Retarget" not in page
    assert "caroline" not in page.text + in_page.text


def test_problem_shows_the_message_of_a_refusal(staff):
    assert "Somebody was faster." in staff.get("/fail/refusal/").text


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        ({}, True),
        (HTMX, False),
        (HTMX | {"HX-History-Restore-Request": "true"}, True),
    ],
)
def test_render_part_answers_htmx_with_the_part(staff, headers, is_page):
    response = staff.get("/part/", headers=headers)

    assert ("<html" in response.text) is is_page
    assert "HX-Request" in response["Vary"]


def test_redirect_window_leaves_the_page(staff):
    plain, in_page = staff.get("/leave/"), staff.get("/leave/", headers=HTMX)

    assert plain["Location"] == "/tenants/"
    assert in_page["HX-Redirect"] == "/tenants/"


@override_settings(DEBUG=False)
def test_too_many_requests_is_a_problem_page(rf):
    response = problems.too_many_requests(rf.get("/"))

    assert response.status_code == 429
    assert "Too many attempts" in response.text


def test_problem_page_for_a_wrong_method(client, agent):
    client.force_login(agent)

    response = client.post("/t/acme/deletions/")

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert "Nothing was changed." in response.text


def test_bad_request_says_that_nothing_was_changed(staff):
    response = staff.get("/fail/bad/")

    assert response.status_code == 400
    assert "The request could not be read, and nothing was changed." in response.text


def test_forbidden_says_that_nothing_was_changed(staff):
    response = staff.get("/fail/forbidden/")

    assert response.status_code == 403
    assert "You are not allowed to do this. Nothing was changed." in response.text


def test_server_error_names_the_request_alone(staff):
    response = staff.get("/fail/broken/")

    assert response.status_code == 500
    assert response["X-Request-ID"] in response.text
    assert "caroline" not in response.text


def test_full_disk_is_named_and_asks_to_wait(client, tenant, agent, full_disk):
    client.force_login(agent)

    page = client.get("/t/acme/profiles/")
    part = client.get("/t/acme/profiles/", headers=HTMX)

    assert page.status_code == part.status_code == 503
    assert page["Retry-After"] == part["Retry-After"] == "60"
    assert "The disk of this installation is full" in page.text
    assert part["HX-Retarget"] == "#problem"
