"""The console below a path of a host, behind a real proxy (Caddy)."""

import re
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import expect

from tests.caddy import find_port, proxying
from tests.factories import PASSWORD, make_account, make_observation, make_profile
from tests.processes import get_databases, serving

PREFIX = "/memory"
# A proxy may pass the path as it came, or without the prefix.
CADDYFILE = """
{{
	admin off
}}
http://127.0.0.1:{port} {{
	{directive} /memory/* {{
		reverse_proxy 127.0.0.1:{server}
	}}
	respond "not the console" 418
}}
"""
LINK = re.compile(
    r'(?:href|src|action|hx-(?:get|post|push-url)|data-href|data-[a-z-]*url)="(/[^"]*)"'
)


@pytest.fixture
def directive():
    return "handle"


@pytest.fixture(scope="module")
def server(django_db_setup):
    """The port of one process for all: a start takes longer than what is asked of it."""
    shipped = {"HTTPS": "0", "URL_PREFIX": PREFIX, "TRUSTED_PROXY_COUNT": "1"}
    with serving(prepares=True, **shipped, **get_databases()) as (port, _process):
        yield port


@pytest.fixture
def proxy(transactional_db, server, directive, tmp_path):
    """The prefix as it is reached through the proxy."""
    port = find_port()
    config = CADDYFILE.format(port=port, directive=directive, server=server)
    with proxying(config, port, tmp_path):
        yield f"http://127.0.0.1:{port}{PREFIX}"


@pytest.fixture
def person(agent):
    """An agent whose password the server can check."""
    agent.password = PBKDF2PasswordHasher().encode(PASSWORD, "a salt that is long")
    agent.save()
    return agent


@pytest.fixture
def console(proxy, person):
    """Signed in by the form."""
    with httpx.Client(base_url=f"{proxy}/", timeout=30) as http:
        form = http.get("accounts/login/")
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)[:1]
        fields = {"login": person.email, "password": PASSWORD}
        answer = http.post(
            "accounts/login/", data=fields | {"csrfmiddlewaretoken": token}
        )
        assert urlsplit(answer.headers["Location"]).path == f"{PREFIX}/"
        yield http


@pytest.mark.parametrize("directive", ["handle", "handle_path"])
def test_prefix_stays_in_every_link_of_a_page(console, proxy, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile)
    pages = ["tenants/", f"t/acme/profiles/{profile}/", "t/acme/recall/"]
    answers = [console.get(page, follow_redirects=True) for page in pages]

    links = {link for answer in answers for link in LINK.findall(answer.text)}

    assert {answer.status_code for answer in answers} == {200}
    assert len(links) > 30
    assert {link for link in links if not link.startswith(f"{PREFIX}/")} == set()
    files = [link for link in links if link.endswith((".css", ".js"))]
    assert len(files) > 5
    assert {console.get(urljoin(proxy, file)).status_code for file in files} == {200}


def test_prefix_stays_in_redirects_and_cookies(console, proxy):
    home = console.get("")
    stranger = httpx.get(f"{proxy}/t/acme/profiles/")

    assert urlsplit(home.headers["Location"]).path.startswith(f"{PREFIX}/t/acme/")
    assert stranger.headers["Location"] == (
        f"{PREFIX}/accounts/login/?next={PREFIX}/t/acme/profiles/"
    )
    assert {cookie.path for cookie in console.cookies.jar} == {f"{PREFIX}/"}


def test_prefix_stays_in_what_the_memory_answers(proxy):
    account = make_account()
    login = account["accountSid"], account["authToken"]

    refused = httpx.get(f"{proxy}/v1/ControlPlane/Stores")
    created = httpx.post(
        f"{proxy}/v1/ControlPlane/Stores", json={"displayName": "x"}, auth=login
    )
    status = httpx.get(created.headers["Location"], auth=login)

    assert refused.json()["more_info"].startswith(f"{proxy}/v1/Errors/")
    assert httpx.get(refused.json()["more_info"]).status_code == 200
    assert created.json()["statusUrl"].startswith(f"{proxy}/v1/ControlPlane/")
    assert status.status_code == 200
    assert httpx.get(f"{proxy}/readyz").status_code == 200


@pytest.mark.browser
def test_prefix_stays_in_the_palette(page, console, proxy, tenant):
    card = f"{proxy}/t/acme/profiles/{make_profile(tenant)}/"
    cookies = console.cookies.jar
    page.context.add_cookies(
        [{"name": c.name, "value": c.value, "url": proxy} for c in cookies]
    )

    page.goto(card)
    page.goto(f"{proxy}/t/acme/recall/")
    page.keyboard.press("Control+k")
    page.locator("#palette-recent a").click()

    expect(page).to_have_url(card)
    assert page.evaluate("document.body.dataset.sessionUrl") == f"{PREFIX}/session/"
