from datetime import UTC, datetime

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from console.accounts.adapter import StaffAdapter
from console.accounts.models import User
from console.tenants.models import Role
from console.tenants.services import add_member
from tests.factories import HTMX, PASSWORD, make_tenant, make_user

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


LOGIN = "/accounts/login/"


def sign_in(client, email="sam@console.example", password=PASSWORD, **extra):
    form = {"login": email, "password": password} | extra
    return client.post(reverse("account_login"), form)


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_sign_in_ignores_the_case_of_the_address(db, client):
    make_user(email="Sam@Console.example")

    response = sign_in(client, "SAM@console.EXAMPLE")

    assert response.status_code == 302
    assert is_signed_in(client)
    assert User.objects.get().email == "sam@console.example"
    assert User.objects.get_by_natural_key(" Sam@console.example ").pk


def test_sign_in_answers_wrong_passwords_and_unknown_people_alike(db, client):
    make_user(email="sam@console.example")

    wrong = sign_in(client, password="not this one")
    unknown = sign_in(client, email="nobody@console.example")

    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert not is_signed_in(client)


def test_sign_in_stops_after_five_wrong_passwords(db, client):
    make_user(email="sam@console.example")
    for _ in range(5):
        sign_in(client, password="not this one")

    response = sign_in(client)

    assert "Too many" in str(response.context["form"].errors)
    assert not is_signed_in(client)


@pytest.mark.parametrize("field", ["is_active", "is_staff"])
def test_sign_in_is_refused_to_people_who_left(db, client, field):
    make_user(email="sam@console.example", **{field: False})

    sign_in(client)
    after_leaving = is_signed_in(client)
    User.objects.update(**{field: True})
    sign_in(client)

    assert (after_leaving, is_signed_in(client)) == (False, True)


def test_session_ends_with_a_closed_account(client, agent):
    client.force_login(agent)
    User.objects.update(is_active=False)

    response = client.get(reverse("home"))

    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        " //evil.example",
        "http://testserver@evil.example/",
        "http://localhost/tenants/",
        "http://127.0.0.1:9000/",
        "https://testserver/tenants/",
        "//testserver/tenants/",
        "\x1f//evil.example",
        "http:/tenants/",
    ],
)
def test_sign_in_and_out_redirect_to_no_other_site(db, client, address):
    make_user(email="sam@console.example")

    signed_in = sign_in(client, next=address)
    signed_out = client.post(reverse("account_logout"), {"next": address})

    assert (signed_in.status_code, signed_in["Location"]) == (302, "/")
    assert (signed_out.status_code, signed_out["Location"]) == (302, LOGIN)


def test_sign_in_redirects_to_the_requested_page(db, client):
    make_user(email="sam@console.example")

    response = sign_in(client, next="/tenants/")

    assert response["Location"] == "/tenants/"


def test_host_of_another_site_is_refused(db, client):
    response = client.get(reverse("account_login"), headers={"Host": "evil.example"})

    assert response.status_code == 400


def test_host_forwarded_changes_no_link(db, client):
    response = client.get("/", headers={"X-Forwarded-Host": "evil.example"})

    assert response["Location"].startswith("/accounts/login/")
    assert "evil" not in response["Location"]


@pytest.mark.parametrize(
    "path", ["signup/", "email/", "password/reset/", "password/set/", "confirm-email/"]
)
def test_sign_up_and_reset_pages_are_closed(db, client, path):
    assert client.get(f"/accounts/{path}").status_code == 404


def test_sign_up_is_closed(rf):
    assert StaffAdapter().is_open_for_signup(rf.get("/")) is False


def test_sign_out_clears_the_browsers_data(client, agent):
    client.force_login(agent)

    response = client.post(reverse("account_logout"))

    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "name",
    [
        "account_logout",
        "account_reauthenticate",
        "account_change_password",
        "mfa_index",
    ],
)
def test_account_pages_are_there(client, db, name):
    make_user(email="sam@console.example")
    sign_in(client)

    assert client.get(reverse(name)).status_code == 200


def test_second_factor_needs_reauthentication_but_not_right_after_sign_in(client, db):
    make_user(email="sam@console.example")
    page = reverse("mfa_activate_totp")
    with time_machine.travel(NOON, tick=False) as clock:
        sign_in(client)
        at_once = client.get(page)
        clock.shift(601)
        before = client.session.session_key
        asked = client.get(page)
        proved = client.post(asked["Location"], {"password": PASSWORD})
        again = client.get(page)

    assert at_once.status_code == again.status_code == 200
    assert proved["Location"] == page
    assert client.session.session_key != before


def test_session_opens_nothing_after_signing_out(client, agent):
    client.force_login(agent)
    stale = Client()
    stale.cookies["session"] = client.session.session_key
    before = stale.get("/tenants/").status_code

    client.post(reverse("account_logout"))

    assert (before, stale.get("/tenants/").status_code) == (200, 302)


def test_session_has_a_new_id_after_signing_in(client, db):
    make_user(email="sam@console.example")
    client.get("/t/acme/find/?id=x")
    before = client.session.session_key

    sign_in(client)

    assert before
    assert client.session.session_key != before


def test_session_has_a_new_id_after_a_change_of_roles(client, agent):
    client.force_login(agent)
    client.get("/tenants/")
    before = client.session.session_key
    kept = client.get("/tenants/").client.session.session_key
    add_member(agent, tenant=make_tenant("beta"), role=Role.OFFICER)

    page = client.get("/tenants/")

    assert kept == before
    assert "tenant-beta" in page.text
    assert client.session.session_key != before
    stale = Client()
    stale.cookies["session"] = before
    assert stale.get("/tenants/").status_code == 302


@pytest.mark.parametrize(
    ("step_s", "path", "headers", "lives_s"),
    [
        (600, "/tenants/", {}, 8 * 3600),  # used all the time: the absolute end
        (3600, "/tenants/", {}, 1800),  # left alone: the idle end
        (600, "/t/acme/memory/", {}, 1800),  # open, with nobody there
        (600, "/session/", {}, 1800),
        (600, "/tenants/", {"X-By-Itself": "1"}, 1800),
    ],
)
def test_session_ends(client, agent, step_s, path, headers, lives_s):
    with time_machine.travel(NOON, tick=False) as clock:
        client.force_login(agent)
        client.get("/tenants/")
        ended_s = 0
        while client.get(path, headers=HTMX | headers).status_code == 200:
            ended_s += step_s
            clock.shift(step_s)

    assert ended_s == max(lives_s, step_s)


def test_session_ends_where_the_settings_say(client, agent, settings):
    settings.SESSION_COOKIE_AGE, settings.SESSION_IDLE_S = 3600, 300
    with time_machine.travel(NOON, tick=False) as clock:
        client.force_login(agent)
        statuses = []
        for _ in range(15):
            statuses.append(client.get("/tenants/").status_code)
            clock.shift(280)

    assert statuses == [200] * 13 + [302] * 2


def test_session_is_not_lengthened_by_what_is_written_in_it(client, agent):
    with time_machine.travel(NOON, tick=False) as clock:
        client.force_login(agent)
        for _ in range(8 * 3):
            client.get("/tenants/")
            session = client.session
            session["written"] = clock.shift(1200) or NOON.isoformat()
            session.save()

        assert client.get("/tenants/").status_code == 302


def test_csrf_failed_changes_nothing(agent):
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)

    response = client.post(reverse("account_logout"))

    assert response.status_code == 403
    assert "This form has expired" in response.text
    assert is_signed_in(client)


def test_user_needs_an_address_and_a_name(db):
    with pytest.raises(ValidationError) as refusal:
        User.objects.create_user("not an address", name="")

    assert set(refusal.value.error_dict) == {"email", "name"}


def test_user_address_holds_nothing_that_cannot_be_seen(db):
    with pytest.raises(ValidationError, match="invisible character"):
        User.objects.create_user("sam@console\u200b.example", name="Sam")


def test_user_addresses_are_case_folded(db):
    with pytest.raises(IntegrityError):
        User.objects.create(email="Sam@console.example", name="Sam")


def test_user_str_is_the_name(db):
    user = make_user(name="Sam Staff")

    assert str(user) == user.get_full_name() == "Sam Staff"


def test_session_ends_for_who_is_no_longer_staff(client, agent):
    client.force_login(agent)
    assert client.get("/t/acme/profiles/").status_code == 200
    User.objects.filter(pk=agent.pk).update(is_staff=False)

    response = client.get("/t/acme/profiles/")

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_sign_in_keeps_a_softphones_link_in_the_session(client, agent):
    link = "/t/acme/find/?id=email%3Aa%40b.com"

    sent_to_sign_in = client.get(link)
    kept = client.session["wanted"]
    signed_in = client.post(
        sent_to_sign_in["Location"], {"login": agent.email, "password": PASSWORD}
    )

    assert sent_to_sign_in["Location"] == "/accounts/login/"
    assert "b.com" not in kept
    assert signed_in["Location"] == link
    assert "wanted" not in client.session


@pytest.mark.parametrize("method", ["head", "post"])
def test_sign_in_keeps_a_softphones_link_out_of_its_address(client, method):
    sent = getattr(client, method)("/t/acme/find/?id=%2B15558675310")

    assert sent.status_code == 302
    assert sent["Location"] == "/accounts/login/"
