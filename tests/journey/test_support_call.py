"""A support agent on a call, from sign-in to the answer: by keyboard alone, by mouse.

`FIGURES=1` prints keystrokes and seconds of each step; `SCREENSHOTS=<folder>` keeps
pictures, the README's among them.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import pytest
from playwright.sync_api import Locator, Page, expect

from console.contract.ids import new_id
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests.browser import sign_in, sign_in_by_form
from tests.factories import PASSWORD, make_observation, make_profile, make_summary
from tests.journey.test_first_light import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TALK = new_id("conv_conversation")
FACTS = (
    "Wants expedited shipping.",
    "Owns a red bicycle.",
    "Asked for a delivery window after 18:00.",
    "Prefers calls over SMS for delivery updates.",
    "Works nights until spring.",
)


@pytest.fixture
def customer(tenant: Tenant) -> str:
    tenant.pinned_groups = ["Contact"]
    tenant.save()
    profile = make_profile(
        tenant,
        email="ada@example.com",
        phone="+15558675310",
        firstName="Ada",
        lastName="Lovelace",
        city="Bath",
    )
    for day, text in enumerate(("Opened an account.", "Changed plan.", "Order late.")):
        make_summary(tenant, profile, text, occurredAt=f"2026-01-0{day + 1}T09:00:00Z")
    for day, text in enumerate(FACTS):
        make_observation(
            tenant,
            profile,
            text,
            occurredAt=f"2026-01-0{day + 1}T09:00:00Z",
            conversationIds=[TALK],
        )
    return profile


class Keyboard:
    """Presses keys, and counts them."""

    def __init__(self, page: Page) -> None:
        self._page, self._keyboard = page, page.keyboard
        self.count = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self._keyboard.press(key)
        self.count += len(keys)

    def write(self, text: str) -> None:
        self._keyboard.type(text)
        self.count += len(text)


@contextmanager
def step(name: str, keys: Keyboard | None = None) -> Iterator[None]:
    begin, before = perf_counter(), keys.count if keys else 0
    yield
    if os.environ.get("FIGURES"):
        pressed = f"{keys.count - before:>4} keys" if keys else "    mouse"
        print(f"\n{name:<44}{pressed}{perf_counter() - begin:>7.2f} s", end="")


def on_the_first_screen(*things: Locator) -> None:
    for thing in things:
        box = thing.bounding_box()
        assert box, thing
        assert box["y"] >= 0, thing
        assert box["y"] + box["height"] <= 800, (thing, box)


def test_a_call_by_keyboard_alone(
    live_server,
    page,
    complaints,
    tenant,
    customer,
    agent,
):
    sign_in_by_form(page, live_server, agent)
    page.evaluate("window.sameDocument = true")
    keys = Keyboard(page)

    with step("sign-in to card, by the number on the phone", keys):
        keys.press("/")
        expect(page.get_by_role("combobox")).to_be_focused()
        keys.write("5558675310")
        keys.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("A••• L•••")
    assert keys.count <= 12
    assert page.url.endswith(f"/t/acme/profiles/{customer}/")
    on_the_first_screen(
        page.get_by_text("a•••@•••.com").first,
        *page.get_by_role("link", name=re.compile("account|plan|Order")).all()[:3],
        *(page.get_by_text(fact) for fact in FACTS),
        page.get_by_role("heading", name="Pinned traits"),
    )

    with step("“I told you last week”: recall on this profile", keys):
        keys.press("r")
        expect(page.get_by_role("textbox", name="Query")).to_be_focused()
        keys.write("delivery sms")
        keys.press("Enter")
        first = page.locator(".result").first
        expect(first).to_contain_text("Prefers calls over SMS")
    expect(first.locator(".result-meta")).to_contain_text("4 Jan 2026")
    expect(first.get_by_role("link", name=re.compile("conv"))).to_be_visible()

    with step("back to the card", keys):
        keys.press("Escape")
        expect(first).to_be_hidden()
        expect(page.locator("[data-drawer]")).to_be_focused()
    assert page.url.endswith(f"/t/acme/profiles/{customer}/")

    with step("reveal the address of email, with reason and ticket", keys):
        keys.press("v")
        expect(page.get_by_label("Why")).to_be_focused()
        keys.write("To r")
        keys.press("Tab")
        keys.write("T-881")
        keys.press("Enter")
        # In the head and among the pinned traits: one value, revealed once.
        expect(page.get_by_text("ada@example.com")).to_have_count(2)
    expect(page.get_by_text("clear until")).to_be_visible()

    with step("correct a wrong fact", keys):
        page.get_by_role("link", name="Prefers calls over SMS").focus()
        keys.press("Enter")
        expect(
            page.get_by_role("heading", name="Observation", exact=True)
        ).to_be_visible()
        keys.press("c")
        expect(page.get_by_role("textbox", name="Text")).to_be_visible()
        page.get_by_role("textbox", name="Text").focus()
        keys.press("Control+a")
        keys.write("Prefers SMS.")
        keys.press("Tab")
        keys.write("The")
        keys.press("Control+Enter")
        expect(page.get_by_text("Corrected.")).to_be_visible()
    assert page.evaluate("window.sameDocument")
    assert open_store(tenant).recall(customer, query="sms").observations[0].content == (
        "Prefers SMS."
    )


def test_a_call_by_mouse_from_the_softphone(
    live_server,
    page,
    complaints,
    tenant,
    customer,
    agent,
):
    with step("softphone's link, sign-in included"):
        page.goto(f"{live_server.url}/find?id=phone:%2B15558675310")
        page.get_by_label("Email").fill(agent.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("A••• L•••")
    assert page.url.endswith(f"/t/acme/profiles/{customer}/")
    page.evaluate("window.sameDocument = true")

    with step("timeline, words, an observation"):
        page.get_by_role("navigation", name="Profile").get_by_text("Timeline").click()
        expect(page.get_by_label("Profile").locator("[aria-current]")).to_contain_text(
            "Timeline"
        )
        page.get_by_label("Words").fill("bicycle")
        page.get_by_label("Words").press("Enter")
        expect(page.get_by_text("Wants expedited shipping.")).to_have_count(0)
        page.locator(".shown", has_text="Owns a red bicycle.").click()
        expect(
            page.get_by_role("heading", name="Observation", exact=True)
        ).to_be_visible()

    with step("summaries, and back to the card"):
        page.go_back()
        expect(page.get_by_label("Words")).to_have_value("bicycle")
        page.get_by_role("navigation", name="Profile").get_by_text("Summaries").click()
        expect(page.get_by_text("Order late.")).to_be_visible()
        page.get_by_role("navigation", name="Profile").get_by_text("Card").click()
        expect(page.get_by_role("heading", name="Newest observations")).to_be_visible()
    assert page.evaluate("window.sameDocument")

    with step("add what was learned on the call"):
        page.get_by_role("link", name="Add observation").click()
        page.get_by_label("Text").fill("Moves in May.")
        page.get_by_label("Why").select_option("learned")
        page.get_by_label("Ticket").fill("T-1")
        page.get_by_role("button", name="Add observation").click()
        expect(page.get_by_text("Moves in May.")).to_be_visible()
    assert page.evaluate("window.sameDocument")


def test_the_card_fits_wide_and_narrow(
    live_server,
    page,
    complaints,
    tenant,
    customer,
    agent,
):
    sign_in(page, agent)

    for part in ("", "observations/add/", "summaries/"):
        page.goto(f"{live_server.url}/t/acme/profiles/{customer}/{part}")
        look(page, f"card-{part.partition('/')[0] or 'first'}")
