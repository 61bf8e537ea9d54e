"""Every page that support staff open: accessible, and never wider than the window."""

import pytest
from playwright.sync_api import Page

from console.accounts.models import User
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests.browser import find_faults, sign_in
from tests.factories import (
    make_conversation,
    make_ledger_entry,
    make_observation,
    make_profile,
    make_summary,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The least room that either layout has; 320 is also what a window of 1280 has left at
# a zoom of 400 % (WCAG 1.4.10).
WIDTHS = (768, 320)
HARD = (
    "\u202eright to left \U0001f469\u200d\U0001f4bb \u0645\u0631\u062d\u0628\u0627 "
    + "w" * 200
)


@pytest.fixture
def addresses(tenant: Tenant, officer: User) -> dict[str, str]:
    profile = make_profile(
        tenant,
        email="ada@example.com",
        phone="+15558675310",
        firstName="Ada",
        city=HARD,
    )
    observation = make_observation(tenant, profile, HARD)
    summary = make_summary(tenant, profile, f"Call back on +15558675310. {HARD}")
    talk = make_conversation(tenant, f"I prefer {HARD}.", "Call me.", closes=True)
    store = open_store(tenant)
    learned = store.list_observations(profile).items[0]
    twin = make_profile(tenant, email="twin@example.com", phone="+15558675399")
    make_profile(tenant, email="third@example.com")
    store.add_identifier(twin, "email", "third@example.com")
    bob = make_profile(tenant, phone="+15558675322", firstName="Bob")
    store.add_identifier(bob, "phone", "+15558675310")
    [suggestion] = store.list_merge_suggestions().items
    [merge] = store.list_merges().items
    entry = make_ledger_entry(tenant, profile, query="What is unknown?")
    tenant.recall_cases.create(
        suite=HARD[:64],
        name=HARD[-120:],
        profile_id=profile,
        asked={"query": HARD},
        state="failed",
        changes=["2 observations written"],
        created_by=officer,
    )
    at = f"/t/{tenant.slug}"
    of = f"{at}/profiles/{profile}"
    return {
        "profiles": f"{at}/profiles/",
        "card": f"{of}/",
        "timeline": f"{of}/timeline/",
        "timeline, filtered": f"{of}/timeline/?words=right&kind=observation",
        "timeline, nothing found": f"{of}/timeline/?words=nobody",
        "summaries": f"{of}/summaries/",
        "traits": f"{of}/traits/",
        "correct a trait": f"{of}/traits/Contact/city/correct/",
        "observation": f"{of}/observations/{observation.id}/",
        "correct an observation": f"{of}/observations/{observation.id}/correct/",
        "add an observation": f"{of}/observations/add/",
        "summary": f"{of}/summaries/{summary.id}/",
        "correct what is masked": f"{of}/summaries/{summary.id}/correct/",
        "reveal": f"{of}/reveal/summary/{summary.id}/",
        "trait groups": f"{at}/traits/",
        "trait group": f"{at}/traits/Contact/",
        "desk": f"{at}/desk/",
        "recall": f"{at}/recall/?identity={profile}&mode=query&query=right",
        "recall, why not": f"{at}/recall/?identity={profile}&mode=query&query=right"
        f"&observations=0&expected={observation.id}",
        "recall cases": f"{at}/recall/cases/",
        "recall suites": f"{at}/recall/cases/suites/",
        "ledger": f"{at}/recall/ledger/",
        "ledger entry": f"{at}/recall/ledger/{entry}/",
        "unanswered": f"{at}/recall/unanswered/",
        "find": f"{at}/find/?id=fax:1",
        "deletion": f"{of}/delete/",
        "audit": f"{at}/audit/",
        "conversations": f"{at}/conversations/",
        "conversations, none": f"{at}/conversations/?status=INACTIVE",
        "conversation": f"{at}/conversations/{talk.id}/",
        "conversation, delete": f"{at}/conversations/{talk.id}/delete/",
        "conversation, try": f"{at}/conversations/try/",
        "what may be learned": f"{at}/conversations/rules/",
        "learned observation": f"{of}/observations/{learned.id}/",
        "merges": f"{at}/merges/",
        "suggested merge": f"{at}/merges/suggestions/{suggestion.id}/",
        "take a merge back": f"{at}/merges/{merge.id}/",
    }


@pytest.fixture
def operators_addresses(tenant: Tenant, officer: User) -> dict[str, str]:
    at = f"/t/{tenant.slug}"
    return {
        "imports": f"{at}/imports/",
        "import a file": f"{at}/imports/add/",
        "tasks": "/background/",
        "tenants": "/tenants/",
        "onboard a client": "/onboarding/",
        "accounts": "/tenants/accounts/",
        "account": f"/tenants/accounts/{tenant.account_sid}/",
        "your account": "/accounts/2fa/",
        "people": "/people/",
        "person": f"/people/{officer.pk}/",
        "invite a person": "/people/invite/",
    }


def too_wide(page: Page) -> list[str]:
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            found.append(f"{over} px too wide at {width}")
    page.set_viewport_size({"width": 1280, "height": 800})
    return found


@pytest.mark.parametrize(
    ("role", "addresses_of"),
    [("officer", "addresses"), ("operator", "operators_addresses")],
)
def test_every_page_is_accessible_and_fits(
    live_server, page, complaints, request, role, addresses_of
):
    sign_in(page, request.getfixturevalue(role))

    found = {}
    addresses = request.getfixturevalue(addresses_of)
    for number, (name, address) in enumerate(addresses.items()):
        response = page.goto(live_server.url + address)
        assert response.ok or name == "find", name
        page.wait_for_load_state("networkidle")
        found[name] = [*find_faults(page, "light"), *too_wide(page)]
        # The colours of both themes are the style guide's, where each is looked at.
        if number % 3 == 0:
            found[name] += find_faults(page, "dark")

    assert {name: each for name, each in found.items() if each} == {}
