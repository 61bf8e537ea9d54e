import pytest
from playwright.sync_api import Page, expect

from console.monitoring.drift import look
from console.monitoring.models import Health, Kind, record
from console.tenants.models import Role
from tests.browser import find_faults, sign_in
from tests.factories import make_tenant, make_user
from tests.monitoring.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What the browser complains of; a refusal by the CSP is among it."""
    errors: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def test_list_tenants_leads_to_a_change_that_is_put_back(live_server, page, errors):
    tenant = make_tenant("acme")
    world = World(tenant)
    id_ = world.configure()
    look(tenant)
    world.put(id_, statusCallbacks=[])
    look(tenant)
    record(tenant, Kind.CANARY, Health.HOLDS)
    make_tenant("new")
    sign_in(page, make_user(Role.OPERATOR))

    page.goto(f"{live_server.url}/tenants/")
    expect(page.locator("#tenant-new")).to_contain_text("Ask the doctor now")
    assert find_faults(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#tenant-acme").get_by_text("holds")).to_be_hidden()
    page.locator("#tenant-acme").get_by_role("link", name="fails").click()
    expect(page.get_by_role("link", name="Put back")).to_be_visible()
    assert find_faults(page) == []
    page.get_by_role("link", name="Put back").click()
    expect(
        page.get_by_role("heading", name="What putting it back does")
    ).to_be_visible()
    assert find_faults(page) == []
    page.get_by_role("button", name="Put back").click()
    expect(page.get_by_text("Put back, and read again")).to_be_visible()
    assert errors == []
