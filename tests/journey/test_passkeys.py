"""A role that requires a second factor, in a browser that has passkeys.

Chromium's own virtual authenticator: a device with a finger that is always there.
"""

import os

import pytest
from playwright.sync_api import Page, expect

from tests.browser import find_faults, sign_in_by_form

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SCREENSHOTS = os.environ.get("SCREENSHOTS", "")
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def authenticator(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


def look(page: Page, name: str) -> None:
    assert find_faults(page) == [], name
    for width in (1280, 390) if SCREENSHOTS else ():
        page.set_viewport_size({"width": width, "height": 800})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=f"{SCREENSHOTS}/{name}-{width}-{theme}.png")


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()


def test_officer_sets_up_a_passkey_and_signs_in_with_it(
    live_server, page, settings, officer, authenticator, complaints
):
    settings.REQUIRE_SECOND_FACTOR = ["officer"]
    sign_in_by_form(page, live_server, officer)

    expect(page.get_by_text("Until it is set up, no other page opens.")).to_be_visible()
    look(page, "set-up")
    page.goto(f"{live_server.url}/t/acme/profiles/")
    expect(page.get_by_text("Until it is set up, no other page opens.")).to_be_visible()

    page.get_by_role("link", name="Add a passkey").first.click()
    look(page, "add")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("list", name="Unused codes")).to_be_visible()
    look(page, "codes")
    page.get_by_role("link", name="Continue").click()
    expect(page).to_have_url(f"{live_server.url}/t/acme/")

    sign_out(page)
    look(page, "sign-in")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    page.get_by_role("link", name=officer.email).click()
    page.get_by_role("link", name="Show passkeys").click()
    look(page, "list")
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("rowheader", name="My laptop")).to_be_visible()
    page.get_by_role("link", name="Remove").click()
    look(page, "remove")
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("No passkeys yet")).to_be_visible()
    page.goto(f"{live_server.url}/t/acme/profiles/")
    expect(page.get_by_text("Until it is set up, no other page opens.")).to_be_visible()


def test_passkey_is_a_second_factor_after_the_password(
    live_server, page, agent, authenticator, complaints
):
    sign_in_by_form(page, live_server, agent)
    page.goto(f"{live_server.url}/accounts/2fa/webauthn/add/")
    page.get_by_label("Sign in with it alone").uncheck()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("list", name="Unused codes")).to_be_visible()
    sign_out(page)

    page.get_by_label("Email").fill(agent.email)
    page.get_by_label("Password").fill("correct-horse-battery-9")
    page.keyboard.press("Enter")
    expect(page.get_by_text("or use a passkey")).to_be_visible()
    look(page, "second")
    page.get_by_role("button", name="Use a passkey").click()

    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_passkey_that_is_refused_is_said_in_words(
    live_server, page, db, authenticator, complaints
):
    page.goto(f"{live_server.url}/accounts/login/")

    page.get_by_role("button", name="Use a passkey").click()

    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
