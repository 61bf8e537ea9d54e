"""What every test with a browser does: sign somebody in, and look for faults."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from console.accounts.models import User
from tests.factories import PASSWORD

# What a theme changes is colours: the other rules find the same in both.
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def sign_in(page: Page, person: User) -> None:
    """By the cookie alone: nothing is opened, and nothing typed."""
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value}
    page.context.add_cookies([{**cookie, "domain": "localhost", "path": "/"}])


def sign_in_by_form(page: Page, live_server, person: User) -> None:
    """As people do; they are at their first page then."""
    page.goto(live_server.url)
    type_credentials(page, person)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def type_credentials(page: Page, person: User) -> None:
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def find_faults(
    page: Page, theme: str = "light", *, but: str = "", **options: Any
) -> list[str]:
    """Violations of accessibility; in the dark theme those of its colours.

    but      a selector of what is left out
    options  axe's own
    """
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    options |= {"resultTypes": ["violations"]}
    if theme == "dark":
        options["runOnly"] = OF_COLOURS
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(
        """([but, options]) => axe
            .run(but ? { exclude: [but] } : document, options)
            .then((found) => found.violations)""",
        [but, options],
    )
    return [
        f"{theme}: {each['id']}, {each['nodes'][0]['html'][:120]}" for each in found
    ]
