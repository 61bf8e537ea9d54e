import pytest
from playwright.sync_api import expect

from tests.browser import find_faults, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def complaints(page):
    """What the browser writes to its console."""
    found = []
    page.on("console", lambda message: found.append(message.text))
    return found


@pytest.fixture
def reference(live_server, page, complaints, developer):
    """The page, opened at one operation by its link."""
    sign_in(page, developer)
    page.goto(f"{live_server.url}/t/acme/api/#create-recall")
    return page


def test_reference_opens_at_a_linked_operation(reference):
    title = reference.locator("#create-recall").get_by_role("heading", name="Recall")

    expect(title).to_be_in_viewport()
    # Below what sticks to the top, not behind it.
    switch = reference.locator(".languages").bounding_box()
    assert title.bounding_box()["y"] >= switch["y"] + switch["height"]


def test_reference_switches_every_example_to_a_language(reference):
    recall = reference.locator("#create-recall")
    expect(recall.locator("pre:visible")).to_contain_text("curl -X POST")

    reference.get_by_role("radio", name="curl").focus()
    reference.keyboard.press("ArrowRight")

    expect(recall.locator("pre:visible")).to_contain_text("from twilio.rest")
    shown = reference.locator(".example:visible")
    languages = shown.evaluate_all("all => all.map((one) => one.dataset.language)")
    assert set(languages) == {"python"}


def test_reference_copies_an_example_as_it_stands(reference):
    reference.context.grant_permissions(["clipboard-write"])
    recall = reference.locator("#create-recall")

    recall.get_by_role("button", name="Copy recall in curl").click()

    # Pages may not read the clipboard: it is pasted, as people do.
    reference.evaluate("document.body.append(document.createElement('textarea'))")
    reference.locator("body > textarea").press("ControlOrMeta+V")
    copied = reference.locator("body > textarea").input_value()
    assert copied == recall.locator("pre:visible code").text_content()


def test_reference_is_accessible_and_fits(reference, complaints):
    reference.locator("#create-recall summary").click()

    # One template makes a hundred: each fortieth is enough, and spares half a minute.
    reference.evaluate(
        """document
            .querySelectorAll("article.operation:not(#create-recall), .contents li")
            .forEach((each, number) => number % 40 && each.remove())"""
    )
    assert reference.locator("article.operation").count() > 2
    for width, theme in ((1280, "light"), (390, "dark")):
        reference.set_viewport_size({"width": width, "height": 844})
        faults = find_faults(reference, theme)
        assert faults == [], width
        wider = reference.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, width

    assert complaints == []


def test_its_sheet_comes_and_goes_with_the_page(reference):
    reference.get_by_role("link", name="Profiles").first.click()
    expect(reference.get_by_role("heading", level=1)).to_have_text("Profiles")
    sheet = reference.locator("link[href*='css/reference']")
    expect(sheet).to_have_count(0)
    reference.reload()

    # The browser asks htmx for it: this document never had the sheet.
    reference.go_back()

    expect(sheet).to_have_count(1)
    expect(reference.locator(".reference")).to_have_css("display", "grid")
    reference.get_by_role("link", name="Recall").first.click()
    expect(sheet).to_have_count(0)
    reference.get_by_role("link", name="API").click()
    expect(reference.locator(".reference")).to_have_css("display", "grid")
