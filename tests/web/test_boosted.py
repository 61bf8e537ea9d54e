"""Links and forms of a tenant's pages bring the next page's <main> alone."""

import pytest
from django.http import HttpResponse
from django.shortcuts import redirect
from django.test import Client
from django.urls import path

from console import urls as console_urls
from console.contract.ids import new_id
from console.core.errors import DomainError
from tests.factories import HTMX, make_user

HERE = {"HX-Current-URL": "http://testserver/t/acme/profiles/?id=email:a@b.com"}
BOOSTED = HTMX | HERE | {"HX-Boosted": "true"}


class Refusal(DomainError):
    status = 409
    title = "Changed meanwhile"


def download(request):
    return HttpResponse("a,b", content_type="text/csv")


def sent(request):
    return HttpResponse("<p>Look again</p>", status=422)


def moved(request):
    return redirect("recall:run", "acme")


def refuse(request):
    raise Refusal("Somebody was faster. Nothing was changed.")


handler404, handler500 = console_urls.handler404, console_urls.handler500
urlpatterns = [
    path("t/acme/download/", download),
    path("t/acme/sent/", sent),
    path("t/acme/moved/", moved),
    path("t/acme/refuse/", refuse),
    *console_urls.urlpatterns,
]


@pytest.fixture
def staff(client, agent, settings):
    settings.ROOT_URLCONF = __name__
    client.force_login(agent)
    return client


def test_boosted_link_gets_main_title_and_navigation(staff):
    response = staff.get("/t/acme/recall/", headers=BOOSTED)

    assert response["HX-Retarget"] == "#content"
    assert response["HX-Reswap"] == "outerHTML show:window:top"
    assert "HX-Push-Url" not in response
    for text in ("<title>", "<main", 'hx-swap-oob="true"', 'aria-current="page"'):
        assert text in response.text
    for text in ("<html", "<script", 'id="palette"'):
        assert text not in response.text


def test_boosted_history_restore_gets_the_whole_page(staff):
    restore = BOOSTED | {"HX-History-Restore-Request": "true"}

    response = staff.get("/t/acme/recall/", headers=restore)

    assert "<html" in response.text
    assert "HX-Retarget" not in response


@pytest.mark.parametrize("address", ["/tenants/", "/t/other/", "/t/other/?a=1"])
def test_boosted_link_out_of_the_tenant_is_a_real_load(staff, address):
    response = staff.get(address, headers=BOOSTED)

    assert response["HX-Redirect"] == address
    assert response.content == b""


def test_boosted_link_of_an_unknown_page_is_answered(staff):
    response = staff.get("/t/acme/recall/", headers=HTMX | {"HX-Boosted": "true"})

    assert response["HX-Retarget"] == "#content"


def test_boosted_redirect_is_left_to_the_browser(staff):
    response = staff.get("/t/acme/moved/", headers=BOOSTED)

    assert response["Location"] == "/t/acme/recall/"
    assert "HX-Retarget" not in response


def test_boosted_form_pushes_no_url(staff):
    response = staff.post("/t/acme/sent/", headers=BOOSTED)

    assert response.status_code == 422
    assert response["HX-Retarget"] == "#content"
    assert response["HX-Push-Url"] == "false"


def test_boosted_file_is_requested_by_the_browser(staff):
    response = staff.get("/t/acme/download/?format=csv", headers=BOOSTED)

    assert response["HX-Redirect"] == "/t/acme/download/?format=csv"


def test_boosted_refusal_is_shown_in_place(staff):
    response = staff.get("/t/acme/refuse/?a=1", headers=BOOSTED)

    assert response.status_code == 409
    assert response["HX-Retarget"] == "#problem"
    assert response["HX-Push-Url"] == "false"
    assert "Somebody was faster." in response.text
    assert 'href="/t/acme/refuse/?a=1">Try again' in response.text
    assert "<main" not in response.text


def test_boosted_form_refused_has_no_link_to_try_again(staff):
    response = staff.post("/t/acme/refuse/", headers=BOOSTED)

    assert response["HX-Retarget"] == "#problem"
    assert "Try again" not in response.text


def test_boosted_links_are_inside_tenants_only(staff):
    inside, outside = staff.get("/t/acme/recall/"), staff.get("/tenants/")

    assert '<main class="content"' in outside.text
    assert 'hx-boost="true" hx-inherit="hx-boost"' in inside.text
    assert 'hx-boost="true" hx-inherit="hx-boost"' not in outside.text


def test_problem_of_an_ended_session_is_shown_in_place(db, client):
    part = client.get("/t/acme/recall/?query=bicycle", headers=HTMX | HERE)
    form = client.post("/t/acme/find/", {"id": "x"}, headers=BOOSTED)

    for response in (part, form):
        assert response.status_code == 401
        assert response["HX-Retarget"] == "#problem"
        assert 'data-session="ended"' in response.text
        assert "/accounts/login/?next=/signed-in/" in response.text
        assert 'target="_blank"' in response.text
    assert "wanted" not in client.session


def test_boosted_link_without_a_session_goes_to_sign_in(db, client):
    plain = client.get("/t/acme/recall/", headers=BOOSTED)
    asking = client.get("/t/acme/recall/?query=bicycle", headers=BOOSTED)

    assert plain["HX-Redirect"] == "/accounts/login/?next=/t/acme/recall/"
    assert asking["HX-Redirect"] == "/accounts/login/"
    assert "bicycle" not in client.session["wanted"]


def test_problem_of_another_persons_page(staff, client):
    page = staff.get("/t/acme/recall/")
    person = page.context["shell"].person
    client.force_login(make_user())

    response = client.get("/t/acme/recall/", headers=HTMX | {"X-Person": person})

    assert response.status_code == 409
    assert "Somebody else is signed in now" in response.text
    assert 'data-session="other"' in response.text


def test_boosted_link_behind_a_proxy_keeps_its_tenant(staff):
    headers = HTMX | {"HX-Boosted": "true"}
    elsewhere = headers | {"HX-Current-URL": "https://desk.example/t/other/recall/"}
    here = headers | {"HX-Current-URL": "https://desk.example/t/acme/profiles/"}

    left = staff.get("/t/acme/recall/", headers=elsewhere)
    stayed = staff.get("/t/acme/recall/", headers=here)

    assert left["HX-Redirect"] == "/t/acme/recall/"
    assert not stayed.has_header("HX-Redirect")


def test_session_gives_the_token_and_its_person(staff, agent):
    person = staff.get("/t/acme/recall/").context["shell"].person

    told = staff.get("/session/").json()

    assert told["person"] == person
    assert len(told["token"]) == 64
    assert person != str(agent.pk)


def test_signed_in_says_to_close_the_tab(staff):
    assert "Close this tab" in staff.get("/signed-in/").text


def test_not_found_is_shown_in_place(staff):
    response = staff.get(f"/t/acme/profiles/{new_id('mem_profile')}/", headers=BOOSTED)

    assert response.status_code == 404
    assert response["HX-Retarget"] == "#problem"


def test_csrf_failed_is_shown_in_place(agent):
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)

    response = client.post("/t/acme/find/", {"id": "x"}, headers=BOOSTED)

    assert response.status_code == 403
    assert response["HX-Retarget"] == "#problem"
    assert 'data-session="stale"' in response.text
