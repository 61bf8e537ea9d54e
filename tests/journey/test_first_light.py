"""The first day, in a real browser: find, read, recall, delete, and read the log.

`SCREENSHOTS=<folder>` keeps a picture of each page, and the README's recording.
"""

import os
import re
from itertools import product
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from console.accounts.models import User
from console.demo.seeding import hold_conversations
from console.service.conversations.learning import learn
from console.tenants.models import Tenant
from tests.browser import find_faults, sign_in, sign_in_by_form
from tests.factories import (
    PASSWORD,
    make_observation,
    make_profile,
    make_summary,
    make_tenant,
    make_user,
    move_tenant,
)
from tests.journey.recording import Recording

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SCREENSHOTS = os.environ.get("SCREENSHOTS", "")


@pytest.fixture
def customer(tenant: Tenant) -> str:
    profile = make_profile(
        tenant, email="ada@example.com", phone="+15558675310", firstName="Ada"
    )
    make_summary(tenant, profile, "Order 4521 was late; sent again by express.")
    for content in (
        "Prefers SMS over calls for delivery updates.",
        "Wants expedited shipping.",
        "Owns a red bicycle.",
    ):
        make_observation(tenant, profile, content)
    return profile


def look(page: Page, name: str, *, closely: bool = False) -> None:
    """Wide and light, narrow and dark: nothing is cut; `closely`, no violation of
    accessibility. Where that is left out test_every_page has the page. A picture is
    kept of all four."""
    sizes, themes = ((1280, 800), (390, 844)), ("light", "dark")
    every = product(sizes, themes) if SCREENSHOTS else zip(sizes, themes, strict=True)
    for (width, height), theme in every:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme)
        assert not closely or find_faults(page, theme) == []
        sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert sideways <= 0, f"{name} scrolls sideways at {width}"
        if SCREENSHOTS:
            picture = Path(SCREENSHOTS) / f"{name}-{width}-{theme}.png"
            page.screenshot(path=picture, caret="initial")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_the_officer_finds_recalls_and_deletes_by_keyboard(
    live_server, page, complaints, tenant, customer, officer
):
    sign_in_by_form(page, live_server, officer)
    look(page, "profiles")

    page.keyboard.press("/")
    page.keyboard.type("email:ada@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A•••")).to_be_visible()
    assert page.url.endswith(f"/t/acme/profiles/{customer}/")
    look(page, "profile")

    page.keyboard.press("r")
    expect(page.get_by_role("textbox", name="Query")).to_be_focused()
    page.keyboard.type("delivery by sms")
    page.keyboard.press("Enter")
    first = page.locator(".result").first
    expect(first).to_contain_text("Prefers SMS over calls")
    expect(page).to_have_url(re.compile(rf"{customer}/\?recall=.*typed%3D\w+$"))
    page.reload()
    expect(first).to_contain_text("Prefers SMS over calls")
    look(page, "recall", closely=True)

    first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Observation", exact=True)).to_be_visible()
    look(page, "observation")
    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.get_by_text("This cannot be undone")).to_be_visible()
    look(page, "delete", closely=True)
    page.get_by_label("Why").select_option(index=1)
    page.get_by_label("Details").fill("Ticket 88121: asked by the customer")
    page.get_by_label(re.compile("Last 6 characters")).fill("wrong!")
    page.get_by_role("button", name="Delete 1 observation").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    asked = page.get_by_text(re.compile(r"^Type \w{6}$")).inner_text()
    page.get_by_label(re.compile("Last 6 characters")).fill(asked.removeprefix("Type "))
    page.get_by_role("button", name="Delete 1 observation").click()

    expect(page.get_by_text("Ticket 88121")).to_be_visible()
    look(page, "deletion", closely=True)
    page.goto(f"{live_server.url}/t/acme/profiles/{customer}/")
    expect(page.get_by_text("Owns a red bicycle.")).to_be_visible()
    expect(page.get_by_text("Prefers SMS over calls")).to_have_count(0)


def test_a_run_by_identifier_leaves_only_the_id_in_the_address(
    live_server, page, complaints, tenant, customer, agent
):
    sign_in(page, agent)
    page.goto(f"{live_server.url}/t/acme/recall/")
    page.get_by_label("Identity").fill("phone:+1 (555) 867-5310")
    page.get_by_role("textbox", name="Query").fill("bicycle")

    page.get_by_role("button", name="Run").click()

    expect(page.locator(".result").first).to_contain_text("red bicycle")
    expect(page).to_have_url(re.compile(f"identity={customer}&"))
    page.go_back()
    expect(page.get_by_text("No recall yet")).to_be_visible()
    page.go_forward()
    expect(page.locator(".result").first).to_contain_text("red bicycle")


def test_everything_works_without_javascript(
    live_server, browser, tenant, customer, officer
):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in_by_form(page, live_server, officer)
    page.get_by_label("Find a customer").fill("email:ada@example.com")
    page.keyboard.press("Enter")
    page.locator(".page-head").get_by_role("link", name="Recall").click()
    page.get_by_role("textbox", name="Query").fill("bicycle")
    page.get_by_role("button", name="Run").click()

    expect(page.locator(".result").first).to_contain_text("red bicycle")
    page.get_by_text("Request", exact=False).first.click()
    expect(page.locator("pre").first).to_contain_text('"query": "bicycle"')
    context.close()


def test_the_auditor_reads_who_did_what(
    live_server, page, complaints, tenant, customer, agent, auditor, client
):
    client.force_login(agent)
    client.get(f"/t/acme/profiles/{customer}/")
    sign_in(page, auditor)
    page.goto(f"{live_server.url}/t/acme/audit/")

    expect(page.get_by_role("cell", name="Profile opened")).to_be_visible()
    look(page, "audit")


def test_a_refusal_and_an_unknown_page_look_like_the_rest(
    live_server, page, tenant, customer, agent
):
    sign_in(page, agent)

    page.goto(f"{live_server.url}/t/acme/audit/")
    expect(page.get_by_text("Nothing was changed")).to_be_visible()
    look(page, "refused", closely=True)
    page.goto(f"{live_server.url}/t/nobody/profiles/")
    expect(page.get_by_text("404", exact=True)).to_be_visible()
    look(page, "unknown", closely=True)


def test_a_memory_that_is_down_is_said_in_place(live_server, page, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    tenant = make_tenant()
    # Port 9 of this machine: nobody listens there.
    move_tenant(tenant, "http://127.0.0.1:9")
    sign_in(page, make_user("agent", tenant))
    page.goto(f"{live_server.url}/t/acme/profiles/")

    expect(page.get_by_role("heading", level=1)).to_contain_text("memory")
    look(page, "down", closely=True)


def test_the_demo_is_fit_to_be_seen(live_server, page, complaints, settings, db):
    settings.DEMO_PASSWORD = PASSWORD
    call_command("seed_demo", verbosity=0)
    # For a picture all that they said; a part is enough to try the pages.
    for start in (0, *(range(40, 160, 40) if SCREENSHOTS else ())):
        hold_conversations.func("alpenglow", start)
    while learn.func() and SCREENSHOTS:
        pass

    for person in ("operator", "agent"):
        sign_in(page, User.objects.get(email=f"{person}@demo.example"))
        page.goto(f"{live_server.url}/tenants/")
        look(page, f"tenants-{person}")
    page.goto(f"{live_server.url}/t/alpenglow/profiles/")
    look(page, "demo-profiles")
    record = Recording(page, SCREENSHOTS)
    record()
    page.keyboard.press("/")
    record.type("email:maren.okafor@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("M••• O•••")
    expect(page.locator("[aria-busy]")).to_have_count(0)
    record(2400)
    look(page, "demo-profile")
    page.keyboard.press("r")
    expect(page.get_by_role("textbox", name="Query")).to_be_focused()
    record.type("when may we call back")
    page.keyboard.press("Enter")
    expect(page.locator(".result").first).to_contain_text("never on Fridays")
    if SCREENSHOTS:
        # The first one of a process has loaded the model.
        page.keyboard.press("Enter")
        page.wait_for_timeout(3000)
    record(3000)
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page.get_by_label("Profile").locator("[aria-current]")).to_contain_text(
        "Timeline"
    )
    expect(page.locator("[aria-busy]")).to_have_count(0)
    record(2400)
    look(page, "demo-timeline")
    page.go_back()
    expect(page.get_by_label("Profile").locator("[aria-current]")).to_have_text("Card")
    page.keyboard.press("v")
    expect(page.get_by_label("Why")).to_be_focused()
    record(2400)
    record.save("demo-tour")
