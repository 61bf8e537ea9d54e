"""The wizard in a browser: its checks while one types, and its steps one after another."""

import pytest
from playwright.sync_api import Page, expect

from console.tenants.models import Role, Tenant
from tests.browser import find_faults, sign_in
from tests.factories import make_tenant, make_user
from tests.pages.onboarding.test_engine import work

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What the browser complains of; a refusal by the CSP is among it."""
    errors: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def test_wizard_sets_a_client_up_while_one_looks_on(live_server, page, errors):
    make_tenant("acme", "Acme")
    sign_in(page, make_user(Role.OPERATOR))
    page.goto(f"{live_server.url}/tenants/")
    page.get_by_role("link", name="Onboard a client").click()
    name, told = page.get_by_label("Client"), page.locator("#onboarding-names")
    name.press_sequentially("Acrne")
    expect(told).to_contain_text("looks the same")
    page.get_by_label("Account", exact=True).select_option(index=0)
    expect(told).to_contain_text("1 of 15 stores")
    name.fill("Alpenglow")
    expect(told).to_contain_text("Free")
    expect(page.get_by_label("Auth token")).to_be_hidden()
    page.get_by_label("Account", exact=True).select_option("other")
    expect(page.get_by_label("Auth token")).to_be_visible()
    page.get_by_label("Account", exact=True).select_option("new")
    page.get_by_label("Template").select_option("store-only")
    assert find_faults(page) == []

    page.get_by_role("button", name="See what will be done").click()
    page.get_by_role("button", name="Set up everything").click()
    expect(page.get_by_text("Waiting for the memory: Canary")).to_be_visible()
    work()
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_text("The signature fits")).to_be_visible()
    assert find_faults(page) == []
    assert Tenant.objects.filter(slug="alpenglow").exists()
    # A look that a newer one overtook is cut off, which htmx notes.
    assert [e for e in errors if not e.startswith("htmx:")] == []
