"""The shell, in a real browser: the palette, one document for a whole tenant, and a
page that outlives its session."""

import re
from itertools import product

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from console.tenants.models import Role
from console.tenants.services import add_member
from tests.browser import find_faults, sign_in, sign_in_by_form, type_credentials
from tests.factories import make_observation, make_profile, make_tenant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def refusals() -> str:
    """Those that a test asks for are expected."""
    return "Failed to load resource"


@pytest.fixture
def customer(tenant) -> str:
    profile = make_profile(tenant, email="ada@x.io", phone="+15558675310")
    make_observation(tenant, profile, "Owns a red bicycle.")
    return profile


class Keyboard:
    """Types and counts."""

    def __init__(self, page: Page) -> None:
        self._keyboard = page.keyboard
        self.strokes = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self._keyboard.press(key)
        self.strokes += len(keys)

    def type(self, text: str) -> None:
        self._keyboard.type(text)
        self.strokes += len(text)


def mark(page: Page) -> None:
    """A mark that only a new document would lose."""
    page.evaluate("window.same = true")


def is_marked(page: Page) -> bool:
    return page.evaluate("window.same === true")


def card(page: Page, customer: str) -> None:
    expect(page).to_have_url(re.compile(rf"/t/acme/profiles/{customer}/$"))
    expect(page.locator("#palette")).to_be_hidden()


def test_palette_finds_a_typed_address_in_twelve_strokes(
    live_server, page, complaints, tenant, customer, agent
):
    sign_in(page, agent)
    page.goto(live_server.url)
    mark(page)
    keys = Keyboard(page)

    keys.press("/")
    keys.type("ada@x.io")
    keys.press("Enter")

    card(page, customer)
    assert keys.strokes <= 12
    assert is_marked(page)
    assert "x.io" not in page.url


def test_palette_completes_types_and_offers_recent_customers(
    live_server, page, complaints, tenant, customer, agent
):
    other = make_profile(tenant, email="bo@x.io")
    sign_in(page, agent)
    page.goto(f"{live_server.url}/t/acme/profiles/{customer}/")
    mark(page)

    keys = Keyboard(page)
    keys.press("Control+k")
    expect(page.get_by_role("option", name="email:")).to_be_visible()
    keys.type("em")
    keys.press("Tab")
    expect(page.locator("#palette-input")).to_have_value("email:")
    keys.type("bo@x.io")
    keys.press("Enter")
    card(page, other)
    again = Keyboard(page)
    again.press("/", "Enter")

    card(page, customer)
    assert again.strokes == 2
    assert is_marked(page)
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert customer in kept
    assert "x.io" not in kept


def test_palette_finds_pages_and_tenants(
    live_server, page, complaints, tenant, customer, agent
):
    add_member(agent, tenant=make_tenant("borealis"), role=Role.AGENT)
    sign_in(page, agent)
    page.goto(f"{live_server.url}/t/acme/profiles/{customer}/")
    mark(page)

    page.keyboard.press("/")
    expect(page.get_by_role("option", name="Timeline")).to_be_visible()
    page.keyboard.type("timel")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"profiles/{customer}/timeline/$"))
    expect(page.locator("#content")).to_contain_text("red bicycle")
    assert is_marked(page)
    page.keyboard.press("/")
    page.keyboard.type("bor")
    expect(page.get_by_role("option", selected=True)).to_have_text("Borealis")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/t/borealis/$"))
    assert not is_marked(page)


def test_palette_keeps_the_input_without_match(
    live_server, page, complaints, tenant, agent
):
    sign_in(page, agent)
    page.goto(live_server.url)
    here = page.url
    page.get_by_role("button", name="Find a customer").click()
    page.keyboard.type("email:nobody@x.io")

    page.keyboard.press("Enter")

    expect(page.locator("#palette-message")).to_contain_text("No profile in Acme")
    expect(page.locator("#palette-input")).to_have_value("email:nobody@x.io")
    assert page.url == here
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_palette_finds_a_name_and_home_keeps_it(
    live_server, page, complaints, tenant, agent
):
    customer = make_profile(tenant, email="c@x.io", firstName="Caroline")
    sign_in(page, agent)
    page.goto(live_server.url)
    page.keyboard.press("/")

    page.keyboard.type("Caroline")
    page.keyboard.press("Enter")
    card(page, customer)
    page.get_by_role("link", name="Acme").click()

    expect(page.get_by_role("region", name="Latest customers")).to_be_visible()
    expect(page.locator(f"[data-recents] a[href*={customer}]")).to_be_visible()


def test_a_tenants_pages_share_one_document_and_history_works(
    live_server, page, complaints, tenant, customer, agent
):
    sign_in(page, agent)
    page.goto(f"{live_server.url}/t/acme/profiles/")
    mark(page)

    page.locator("#content tbody [data-row]").first.click()
    card(page, customer)
    expect(page.locator("#content")).to_be_focused()
    expect(page).to_have_title(re.compile(customer[-4:]))
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile("/timeline/$"))
    page.get_by_role("navigation", name="Main").get_by_text("Recall").click()
    expect(page.locator(".nav [aria-current=page]")).to_have_text("Recall")
    page.go_back()
    expect(page.get_by_label("Profile").locator("[aria-current]")).to_contain_text(
        "Timeline"
    )
    expect(page.locator(".nav [aria-current=page]")).to_have_text("Profiles")
    page.go_back()
    card(page, customer)
    page.go_forward()
    expect(page).to_have_url(re.compile("/timeline/$"))

    assert is_marked(page)
    assert page.evaluate("sessionStorage.length") == 0


def test_palette_is_accessible(live_server, page, tenant, customer, agent):
    sign_in(page, agent)
    page.goto(f"{live_server.url}/t/acme/profiles/{customer}/")
    page.get_by_role("button", name="Find a customer").click()
    expect(page.get_by_role("option", name="Timeline")).to_be_visible()

    for width, theme in product((1280, 390), ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        assert find_faults(page, theme) == [], width


def test_the_rail_says_how_the_memory_is(live_server, page, complaints, tenant, agent):
    sign_in(page, agent)
    page.goto(live_server.url)

    expect(page.locator(".memory-status")).to_have_text("memory ok")


def type_a_recall(page: Page, live_server, customer: str) -> None:
    page.goto(f"{live_server.url}/t/acme/recall/?identity={customer}&mode=query")
    page.get_by_role("textbox", name="Query").fill("a long and careful question")


def run(page: Page) -> None:
    page.get_by_role("textbox", name="Query").press("Control+Enter")


def test_a_lost_session_keeps_what_was_typed_and_goes_on_after_sign_in(
    live_server, page, complaints, tenant, customer, agent
):
    sign_in(page, agent)
    type_a_recall(page, live_server, customer)
    mark(page)
    Session.objects.all().delete()

    run(page)
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in a new tab").click()
    type_credentials(opened.value, agent)
    expect(opened.value.get_by_text("You are signed in")).to_be_visible()
    opened.value.close()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.get_by_role("alert")).to_contain_text("You are signed in again")
    query = page.get_by_role("textbox", name="Query")
    expect(query).to_have_value("a long and careful question")
    run(page)

    expect(page.locator(".result").first).to_contain_text("red bicycle")
    assert is_marked(page)


def test_somebody_else_cannot_go_on_with_the_page(
    live_server, page, complaints, tenant, customer, agent, officer, context
):
    sign_in(page, agent)
    type_a_recall(page, live_server, customer)
    Session.objects.all().delete()
    run(page)
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    other = context.new_page()
    sign_in_by_form(other, live_server, officer)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.get_by_role("alert")).to_contain_text("Somebody else is signed in")

    run(page)

    expect(page.get_by_role("alert")).to_contain_text("Somebody else is signed in now")
    expect(page.locator(".result")).to_have_count(0)


def test_a_form_from_before_another_sign_in_is_mended_in_place(
    live_server, page, complaints, tenant, customer, agent, context
):
    sign_in(page, agent)
    page.goto(live_server.url)
    before = page.locator("#palette-form [name=csrfmiddlewaretoken]").input_value()
    Session.objects.all().delete()
    sign_in_by_form(context.new_page(), live_server, agent)

    page.keyboard.press("/")
    page.keyboard.type("ada@x.io")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are signed in again")).to_be_attached()
    after = page.locator("#palette-form [name=csrfmiddlewaretoken]").input_value()
    page.keyboard.press("Enter")

    card(page, customer)
    assert before != after


def test_no_network_is_said_in_place(live_server, page, tenant, customer, agent):
    sign_in(page, agent)
    type_a_recall(page, live_server, customer)
    page.route("**/recall/**", lambda route: route.abort())

    run(page)

    expect(page.get_by_role("alert")).to_contain_text("The console did not answer")
    query = page.get_by_role("textbox", name="Query")
    expect(query).to_have_value("a long and careful question")


def test_a_proxys_error_page_is_not_put_into_ours(
    live_server, page, tenant, customer, agent
):
    sign_in(page, agent)
    type_a_recall(page, live_server, customer)
    page.route(
        "**/recall/**", lambda route: route.fulfill(status=502, body="<b>proxy</b>")
    )

    run(page)

    expect(page.get_by_role("alert")).to_contain_text("The console did not answer")
    expect(page.get_by_text("proxy")).to_have_count(0)


def test_what_takes_long_is_seen(live_server, page, tenant, customer, agent):
    sign_in(page, agent)
    type_a_recall(page, live_server, customer)
    waiting = []
    page.route("**/recall/**", lambda route: waiting.append(route))

    run(page)

    expect(page.locator("#progress")).to_have_css("opacity", "1")
    expect(page.locator("#content")).to_have_attribute("aria-busy", "true")
    waiting[0].continue_()
    expect(page.locator("#progress")).to_have_css("opacity", "0")
    expect(page.locator("#content")).not_to_have_attribute("aria-busy", "true")
