"""Traits in a real browser: read, corrected in place by keyboard, counted in the store."""

import re

import pytest
from playwright.sync_api import Page, expect

from console.contract.memory.trait_group import (
    CreateTraitGroup,
    NewTraitDefinition,
    NumberRule,
)
from console.tenants.vault import open_store
from tests.browser import sign_in
from tests.factories import make_profile
from tests.journey.test_first_light import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ACCOUNT = {
    "tier": NewTraitDefinition(data_type="STRING", description="Level of the card"),
    "points": NewTraitDefinition(
        data_type="NUMBER", validation_rule=NumberRule(max=100)
    ),
    "vip": NewTraitDefinition(data_type="BOOLEAN"),
    "sports": NewTraitDefinition(
        data_type="ARRAY", description="What they do outdoors"
    ),
    "joined": NewTraitDefinition(
        data_type="STRING", description="First order, YYYY-MM-DD"
    ),
    "note": NewTraitDefinition(data_type="STRING"),
}
LONG = "Prefers <b>wide</b> \u202eboots مرحبا 🥾 " + "x" * 200


@pytest.fixture
def refusals() -> str:
    """The statuses by which a form says no, or that it is out of date."""
    return "status of 4(09|22)"


@pytest.fixture
def customer(tenant) -> str:
    open_store(tenant).create_trait_group(
        CreateTraitGroup(
            display_name="Account",
            traits=ACCOUNT,
            description="The account in the shop",
        )
    )
    profile = make_profile(
        tenant, email="ada@example.com", phone="+15558675310", firstName="Ada"
    )
    account = {
        "tier": "gold",
        "points": 44,
        "vip": True,
        "sports": ["ski", "hike"],
        "joined": "2021-04-03",
        "note": LONG,
    }
    open_store(tenant).patch_profile(profile, {"Account": account})
    return profile


@pytest.fixture
def traits(live_server, page: Page, complaints, agent, customer) -> str:
    sign_in(page, agent)
    return f"{live_server.url}/t/acme/profiles/{customer}/traits/"


def row(page: Page, name: str):
    return page.locator(f"[id='{name}']")


def test_traits_is_fit_to_be_seen(page, traits):
    page.goto(traits)

    expect(page.get_by_label("Profile").locator("[aria-current]")).to_contain_text(
        "Traits"
    )
    look(page, "traits")


def test_correct_form_of_each_type_is_fit_to_be_seen(page, traits):
    for trait in ("Account/vip", "Account/sports"):
        page.goto(f"{traits}{trait}/correct/")

        expect(page.get_by_label("Ticket")).to_be_visible()
        look(page, f"correct-{trait.replace('/', '-')}")


def test_correct_in_its_row_by_keyboard(page, traits, tenant, customer):
    page.goto(traits)
    row(page, "Account.points").get_by_role("link", name="Correct points").focus()
    page.keyboard.press("Enter")

    value = row(page, "Account.points").get_by_label("New value")
    expect(value).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("450")
    row(page, "Account.points").get_by_label("Why").select_option("typo")
    row(page, "Account.points").get_by_label("Ticket").fill("T-1")
    page.keyboard.press("Enter")
    expect(row(page, "Account.points")).to_contain_text("at most 100")
    expect(value).to_have_value("450")
    value.fill("45")
    page.keyboard.press("Enter")

    expect(row(page, "Account.points")).to_contain_text(re.compile("corrected.*was 44"))
    pencil = row(page, "Account.points").get_by_role("link", name="Correct points")
    expect(pencil).to_be_focused()
    found = open_store(tenant).fetch_profile(customer).traits["Account"]
    assert found["points"] == 45
    assert page.url == traits


def test_correct_is_cancelled_and_two_can_be_open(page, traits):
    page.goto(traits)
    for name in ("tier", "vip"):
        row(page, f"Account.{name}").get_by_role("link", name=f"Correct {name}").click()
        expect(row(page, f"Account.{name}").get_by_label("Ticket")).to_be_visible()

    row(page, "Account.tier").get_by_role("link", name="Cancel").click()

    expect(row(page, "Account.tier")).to_contain_text("gold")
    expect(row(page, "Account.vip").get_by_label("Ticket")).to_be_visible()


def test_correct_shows_somebody_elses_change_with_what_was_typed(
    page, traits, tenant, customer
):
    page.goto(traits)
    tier = row(page, "Account.tier")
    tier.get_by_role("link", name="Correct tier").click()
    tier.get_by_label("New value").fill("silver")
    tier.get_by_label("Why").select_option("customer")
    tier.get_by_label("Ticket").fill("T-1")
    open_store(tenant).patch_profile(customer, {"Account": {"tier": "bronze"}})

    tier.get_by_role("button", name="Correct tier").click()
    expect(tier).to_contain_text("changed this trait after you opened it")
    expect(tier).to_contain_text("bronze")
    expect(tier.get_by_label("New value")).to_have_value("silver")
    tier.get_by_role("button", name="Save mine anyway").click()

    expect(tier).to_contain_text(re.compile("silver.*corrected", re.DOTALL))


def test_correct_waits_for_a_value_that_takes_its_time(page, traits, settings):
    settings.MEMORY_VISIBILITY_LAG_S = 1.5
    page.goto(traits)
    tier = row(page, "Account.tier")
    tier.get_by_role("link", name="Correct tier").click()
    tier.get_by_label("New value").fill("silver")
    tier.get_by_label("Why").select_option("customer")
    tier.get_by_label("Ticket").fill("T-1")

    tier.get_by_role("button", name="Correct tier").click()

    expect(tier).to_contain_text("written, not yet visible")
    expect(tier).to_contain_text("corrected", timeout=10_000)
    expect(tier).to_contain_text("silver")


def test_group_page_counts_fill_rates(live_server, page, traits, tenant):
    for _ in range(3):
        make_profile(tenant)

    page.goto(f"{live_server.url}/t/acme/traits/")
    page.get_by_role("link", name="Contact").click()

    expect(row(page, "phone")).to_contain_text("1 of 4")
    expect(row(page, "phone")).to_contain_text("unset on 3")


def test_groups_page_and_group_page_are_fit_to_be_seen(live_server, page, traits):
    page.goto(f"{live_server.url}/t/acme/traits/")
    look(page, "trait-groups")
    page.goto(f"{live_server.url}/t/acme/traits/Contact/?step=on")
    expect(row(page, "phone")).to_contain_text("1 of 1")
    look(page, "trait-group")
