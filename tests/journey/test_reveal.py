"""A masked value read in clear, in a real browser: by keyboard, in place, and back."""

import pytest
from playwright.sync_api import Page, expect

from console.accounts.models import User
from console.audit.models import AuditEntry
from console.contract.memory.observation import PatchObservation
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests.browser import sign_in
from tests.factories import make_observation, make_profile
from tests.journey.test_first_light import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def customer(tenant: Tenant) -> str:
    profile = make_profile(tenant, email="ada@example.com", firstName="Ada")
    make_observation(tenant, profile, "Call back on +15558675310.")
    return profile


@pytest.fixture
def at_card(page: Page, live_server, agent: User, customer: str) -> Page:
    sign_in(page, agent)
    page.goto(f"{live_server.url}/t/acme/profiles/{customer}/")
    return page


def test_the_key_v_reveals_in_place_and_the_eye_goes_to_the_value(
    at_card: Page, complaints
):
    page = at_card
    address = page.url

    page.keyboard.press("v")
    expect(page.get_by_role("dialog")).to_contain_text("Reveal the email")
    expect(page.get_by_label("Why")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("CASE-4521")
    page.keyboard.press("Enter")

    value = page.locator("#shown-identifier-email")
    expect(value).to_have_text("ada@example.com")
    expect(value).to_be_focused()
    expect(page.get_by_text("clear until")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url == address
    entry = AuditEntry.objects.get(action="value.revealed")
    assert entry.reason.text == "To make sure who is calling (ticket CASE-4521)"

    page.get_by_role("link", name="Hide the email").click()
    expect(value).to_have_text("a•••@•••.com")
    expect(page.get_by_role("link", name="Reveal the email")).to_be_focused()

    # The ticket of this call stands there already.
    page.keyboard.press("v")
    expect(page.get_by_label("Ticket")).to_have_value("CASE-4521")


def test_escape_keeps_it_masked_and_a_missing_reason_is_said_in_place(
    at_card: Page, complaints
):
    page = at_card

    page.keyboard.press("v")
    page.get_by_label("Ticket").fill("CASE-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Choose a reason.")
    expect(page.get_by_label("Ticket")).to_have_value("CASE-1")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#shown-identifier-email")).to_have_text("a•••@•••.com")


def test_when_its_time_is_over_the_page_masks_it_again(at_card: Page, complaints):
    page = at_card
    page.clock.install()
    page.keyboard.press("v")
    page.get_by_label("Why").select_option("verify")
    page.get_by_label("Ticket").fill("CASE-1")
    page.keyboard.press("Enter")
    value = page.locator("#shown-identifier-email")
    expect(value).to_have_text("ada@example.com")

    page.clock.fast_forward("10:05")

    expect(value).to_have_text("a•••@•••.com")


def test_a_page_that_reaches_nobody_masks_it_all_the_same(at_card: Page):
    page = at_card
    page.clock.install()
    page.keyboard.press("v")
    page.get_by_label("Why").select_option("verify")
    page.get_by_label("Ticket").fill("CASE-1")
    page.keyboard.press("Enter")
    value = page.locator("#shown-identifier-email")
    expect(value).to_have_text("ada@example.com")

    page.context.set_offline(True)
    page.clock.fast_forward("10:05")

    expect(value).to_have_text("•••")


def test_a_revision_is_clear_and_masked_again_by_itself(
    page: Page, live_server, agent: User, tenant: Tenant, complaints
):
    profile = make_profile(tenant, email="ada@example.com")
    told = make_observation(tenant, profile, "Call back on +15558675310.")
    store = open_store(tenant)
    store.patch_observation(
        profile, told.id, PatchObservation(content="Call +15558675311 now.")
    )
    sign_in(page, agent)
    page.goto(f"{live_server.url}/t/acme/profiles/{profile}/observations/{told.id}/")
    states = page.locator(".revision-text")
    expect(states.last).to_have_text("Call back on +1 ••• 10.")

    page.get_by_role("link", name="Reveal this revision").click()
    page.get_by_label("Why").select_option("verify")
    page.get_by_label("Ticket").fill("CASE-1")
    page.keyboard.press("Enter")
    expect(states.last).to_have_text("Call back on +15558675310.")
    expect(page.locator("main")).not_to_contain_text("8675311")
    page.get_by_role("link", name="Hide this revision").click()

    expect(states.last).to_have_text("Call back on +1 ••• 10.")
    expect(page.locator("main")).not_to_contain_text("8675311")


def test_what_is_clear_on_the_card_is_masked_again_there(
    page: Page, live_server, agent: User, customer: str, complaints
):
    sign_in(page, agent)
    page.goto(f"{live_server.url}/t/acme/profiles/{customer}/timeline/")
    page.get_by_role("link", name="Reveal this observation").click()
    page.get_by_label("Why").select_option("verify")
    page.get_by_label("Ticket").fill("CASE-1")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("+15558675310")
    page.goto(f"{live_server.url}/t/acme/profiles/{customer}/")
    line = page.locator("#customers-recent-observation .shown")
    expect(line).to_have_text("Call back on +15558675310.")

    page.get_by_role("link", name="Hide this observation").click()

    expect(line).to_have_text("Call back on +1 ••• 10.")


def test_without_javascript_it_is_a_page_and_a_way_back(
    browser, live_server, agent: User, customer: str
):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, agent)
    home = f"{live_server.url}/t/acme/profiles/{customer}/"
    page.goto(home)

    page.get_by_role("link", name="Reveal the email").click()
    page.get_by_label("Why").select_option("verify")
    page.get_by_label("Ticket").fill("CASE-1")
    page.get_by_role("button", name="Reveal for 10 minutes").click()

    assert page.url == f"{home}#shown-identifier-email"
    expect(page.locator("#shown-identifier-email")).to_have_text("ada@example.com")
    page.get_by_role("link", name="Hide the email").click()
    page.get_by_role("button", name="Hide it now").click()
    expect(page.locator("#shown-identifier-email")).to_have_text("a•••@•••.com")
    context.close()


def test_the_box_is_accessible(at_card: Page):
    page = at_card
    page.keyboard.press("v")
    expect(page.get_by_role("dialog")).to_be_visible()

    look(page, "reveal")


def test_the_desk_is_accessible(page: Page, live_server, officer: User, customer: str):
    sign_in(page, officer)
    page.goto(f"{live_server.url}/t/acme/desk/")

    look(page, "desk")
    page.locator("#id_how-texts_1").check()
    page.get_by_label("Why").select_option("policy")
    page.get_by_role("textbox", name="Ticket").fill("POL-7")
    page.get_by_role("button", name="Save for all users").click()
    expect(page.get_by_text("Saved. Everybody at Acme")).to_be_visible()
