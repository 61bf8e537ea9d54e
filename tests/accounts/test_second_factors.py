"""Second factors: authenticator apps, recovery codes, and roles that require one."""

import hmac
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.db import connections
from django.test import Client
from django.urls import reverse

from console.databases.encryption import encrypt
from console.tenants.models import Role
from console.tenants.vault import SECRET, get_secret_context
from tests.factories import HTMX, PASSWORD, make_user

APP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODES_SEED = "5eed" * 20


def set_up_app(user):
    """The secret of an authenticator app that is set up, with recovery codes."""
    context = get_secret_context(user.pk)
    for (type_, field), secret in zip(
        SECRET.items(), (APP_SECRET, CODES_SEED), strict=True
    ):
        data = {field: encrypt(secret, context=context), "used_mask": 0}
        Authenticator.objects.create(user=user, type=type_, data=data)
    return APP_SECRET


def sign_in(email, client=None):
    client = client or Client()
    form = {"login": email, "password": PASSWORD}
    return client, client.post(reverse("account_login"), form)


def list_codes():
    seed = CODES_SEED.encode()
    made = hmac.new(seed, None, "sha1")
    codes = []
    for number in range(10):
        made.update(f"{number:3},".encode())
        codes.append(f"{int.from_bytes(made.digest()[:4], 'big') % 10**8:08}")
    return codes


def test_secrets_of_a_new_app_are_encrypted(client, agent):
    sign_in(agent.email, client)
    page = reverse("mfa_activate_totp")
    client.get(page)
    secret = client.session[totp.SECRET_SESSION_KEY]

    code = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    shown = client.post(page, {"code": code}, follow=True)

    rows = {row.type: row.data for row in Authenticator.objects.all()}
    assert rows["totp"]["secret"].startswith("v2:test:")
    assert rows["recovery_codes"]["seed"].startswith("v2:test:")
    assert secret not in str(rows)
    assert len(shown.context["unused_codes"]) == 10
    other, asked = sign_in(agent.email)
    used = shown.context["unused_codes"][3]
    assert other.post(asked["Location"], {"code": used})["Location"] == "/"


def test_lost_key_is_said_at_sign_in_and_on_the_account_page(client, agent, settings):
    set_up_app(agent)
    settings.VAULT_KEYS = {"new": b"\x01" * 32}
    stranger, asked = sign_in(agent.email)
    client.force_login(agent)

    answers = [
        stranger.post(asked["Location"], {"code": "123456"}),
        client.get(reverse("mfa_index")),
    ]

    for answer in answers:
        assert answer.status_code == 503
        assert "The vault is locked" in answer.text
        assert "adds that key to VAULT_KEYS" in answer.text


@pytest.mark.django_db(transaction=True)
def test_recovery_code_that_is_used_twice_at_once_signs_in_once():
    person = make_user()
    set_up_app(person)
    code = list_codes()[0]
    clients = [sign_in(person.email)[0] for _ in range(2)]
    ready = Barrier(2)

    def use(client):
        ready.wait()
        try:
            return client.post(reverse("mfa_authenticate"), {"code": code}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(use, clients))

    assert statuses == [200, 302]
    data = Authenticator.objects.get(type="recovery_codes").data
    assert data["used_mask"] == 1


def test_recovery_code_works_once(agent):
    set_up_app(agent)
    first, second = list_codes()[:2]

    answers = []
    for code in (first, first, second):
        client, asked = sign_in(agent.email)
        answers.append(client.post(asked["Location"], {"code": code}).status_code)

    assert answers == [302, 200, 302]


def test_role_that_requires_a_second_factor_opens_no_page_without(
    client, officer, settings
):
    settings.REQUIRE_SECOND_FACTOR = ["officer"]
    _, signed_in = sign_in(officer.email, client)
    closed = ["/", "/tenants/", "/t/acme/profiles/", "/api/", "/accounts/password/"]

    answers = [client.get(path) for path in closed]
    part = client.get("/t/acme/recall/", headers=HTMX)
    posted = client.post("/t/acme/find/", {"id": "email:a@example.com"})
    page = client.get(reverse("mfa_index"))

    here = reverse("mfa_index")
    assert signed_in["Location"] == "/"
    assert [answer["Location"] for answer in answers] == [here] * len(closed)
    assert part["HX-Redirect"] == posted["Location"] == here
    assert "Your role requires one." in page.text
    assert client.get(reverse("mfa_activate_totp")).status_code == 200
    assert client.get(reverse("mfa_add_webauthn")).status_code == 200
    assert client.post(reverse("account_logout")).status_code == 302


def test_role_that_requires_a_second_factor_opens_with_one(client, officer, settings):
    settings.REQUIRE_SECOND_FACTOR = ["officer", "operator"]
    set_up_app(officer)
    client.force_login(officer)

    assert client.get("/t/acme/profiles/").status_code == 200
    assert "Your role requires a second" in client.get(reverse("mfa_index")).text
    Authenticator.objects.filter(type="totp").delete()
    assert client.get("/t/acme/profiles/")["Location"] == reverse("mfa_index")


def test_role_of_every_kind_may_require_a_second_factor(settings):
    assert tuple(Role.values) == settings.ROLES


def test_role_that_requires_no_second_factor_is_left_alone(client, agent, settings):
    settings.REQUIRE_SECOND_FACTOR = ["officer", "operator"]
    client.force_login(agent)

    assert client.get("/t/acme/profiles/").status_code == 200
    assert "requires" not in client.get(reverse("mfa_index")).text


NOBODY = "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk"  # a user's id that no database holds
ANSWER = {
    "id": "AAAA",
    "rawId": "AAAA",
    "type": "public-key",
    "response": {
        "clientDataJSON": "e30",
        "authenticatorData": "AAAA",
        "attestationObject": "oA",
        "signature": "AAAA",
        "userHandle": NOBODY,
    },
}


@pytest.mark.parametrize(
    "credential",
    [
        None,
        [],
        1,
        "x",
        {},
        {"response": None},
        {"response": {}},
        ANSWER,
        ANSWER | {"rawId": 5},
        ANSWER | {"id": "!", "rawId": "!"},
        ANSWER | {"response": []},
        ANSWER | {"response": ANSWER["response"] | {"clientDataJSON": "W10"}},
        ANSWER | {"response": ANSWER["response"] | {"userHandle": "MQ"}},
        ANSWER | {"response": ANSWER["response"] | {"userHandle": "!"}},
        ANSWER | {"response": ANSWER["response"] | {"userHandle": None}},
        ANSWER | {"response": ANSWER["response"] | {"attestationObject": "////"}},
        ANSWER | {"response": ANSWER["response"] | {"authenticatorData": "A" * 96}},
    ],
)
def test_passkey_that_no_browser_sends_is_refused(client, agent, credential):
    form = {"credential": json.dumps(credential), "name": "x"}
    login = reverse("mfa_login_webauthn")
    client.get(login, headers={"Accept": "application/json"})
    refused = client.post(login, form, follow=True)
    sign_in(agent.email, client)
    client.get(reverse("mfa_add_webauthn"))
    not_added = client.post(reverse("mfa_add_webauthn"), form)
    not_again = client.post(reverse("mfa_reauthenticate_webauthn"), form, follow=True)

    assert refused.redirect_chain[0][0] == "/accounts/login/"
    assert not_added.status_code == 200
    assert re.search("was not accepted|is required", refused.text)
    assert not_added.context["form"].errors
    assert not_again.status_code == 200
    assert not Authenticator.objects.exists()


def test_account_names_the_person_and_their_roles(client, agent, tenant):
    client.force_login(agent)

    page = client.get(reverse("mfa_index")).text

    assert agent.name in page
    assert re.search(rf"<dt>{tenant.name}</dt>\s+<dd>\s+support agent", page)
