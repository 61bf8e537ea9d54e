"""A developer with a bad recall: from the ledger's entry to a case that guards it.

`FIGURES=1` prints the seconds of each step.
"""

import pytest
from playwright.sync_api import expect

from tests.browser import sign_in
from tests.factories import make_ledger_entry, make_observation, make_profile
from tests.journey.test_support_call import step

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FACTS = (
    "Delivery of the tent was late.",
    "Wants delivery after 18:00.",
    "Asked for a delivery by courier.",
    "Wants a parcel left with the neighbour.",
)


def test_a_bad_recall_is_explained_and_guarded(
    live_server, page, complaints, tenant, developer
):
    profile = make_profile(tenant, email="ada@example.com", firstName="Ada")
    for text in FACTS:
        make_observation(tenant, profile, text)
    make_ledger_entry(tenant, profile, query="delivery", observationsLimit=2)
    sign_in(page, developer)

    with step("the ledger: what the agent knew"):
        page.goto(f"{live_server.url}/t/acme/recall/ledger/")
        page.locator("tbody [data-row]").first.click()
        expect(page.get_by_role("heading", name="What the agent knew")).to_be_visible()
        expect(page.get_by_text("neighbour")).to_have_count(0)
    with step("the same run in the lab"):
        page.get_by_role("link", name="Run again").click()
        page.get_by_label("Query", exact=True).last.fill("delivery")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.locator(".result")).to_have_count(2)
    with step("why not this one"):
        page.get_by_label("Expected").fill("parcel neighbour")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_text("fewer were asked for")).to_be_visible()
    with step("the change that brings it"):
        page.get_by_role("link", name="Try it").click()
        expect(page.locator("#expected")).to_contain_text("neighbour")
    with step("a case, and it is green"):
        page.get_by_role("link", name="Make it a case").click()
        page.get_by_label("Name").fill("Parcel")
        expect(page.get_by_label("Must be returned: number 1")).to_be_checked()
        page.get_by_role("button", name="Add case").click()
        expect(page.locator("tbody .status")).to_have_text("Passed")

    [case] = tenant.recall_cases.all()
    assert (case.state, len(case.wanted)) == ("passed", 1)
