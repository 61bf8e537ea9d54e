"""The timeline in a real browser: filters, more rows, revisions, export, paper."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from console.accounts.models import User
from console.contract.ids import new_id
from console.contract.memory.observation import NewObservation, PatchObservation
from console.contract.times import to_wire
from console.service.memory.models import Observation
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests.browser import sign_in
from tests.factories import make_observation, make_profile, make_summary
from tests.journey.test_first_light import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
TALK = new_id("conv_conversation")


@pytest.fixture
def customer(tenant: Tenant) -> str:
    """Fifty facts of fifty days, a conversation with its summary, one correction."""
    profile = make_profile(tenant, email="ada@example.com", firstName="Ada")
    store = open_store(tenant)
    for week in range(5):
        store.create_observations(
            profile,
            [
                NewObservation(
                    content=f"Fact {week * 10 + day} of the router.",
                    source="voice" if day % 3 else "chat",
                    occurred_at=NOW - timedelta(days=week * 10 + day),
                    conversation_ids=[new_id("conv_conversation")],
                )
                for day in range(10)
            ],
        )
    make_summary(
        tenant,
        profile,
        "The router was sent again.",
        conversationId=TALK,
        occurredAt=to_wire(NOW),
    )
    moved = make_observation(
        tenant,
        profile,
        "Lives in Oslo, reach at +15558675310.",
        conversationIds=[TALK],
        occurredAt=to_wire(NOW),
    )
    long = "W" * 200 + " مرحبا 👩‍👩‍👧‍👦 a\u202eb " + "lorem ipsum " * 300
    make_observation(tenant, profile, long, occurredAt=to_wire(NOW))
    store.patch_observation(
        profile,
        moved.id,
        PatchObservation(content="Lives in Bergen, reach at +15558675310."),
    )
    # The wire tells whole seconds: as if it had been changed some of them later.
    row = Observation.objects.get(id=moved.id)
    changed = row.created_at + timedelta(seconds=9)
    Observation.objects.filter(id=moved.id).update(updated_at=changed)
    return profile


def open_timeline(page: Page, live_server, person: User, customer: str) -> None:
    sign_in(page, person)
    page.goto(f"{live_server.url}/t/acme/profiles/{customer}/timeline/")
    expect(page.locator(".histogram-head")).to_contain_text("one bar per")


def test_timeline_is_fit_to_be_seen(live_server, page, complaints, customer, officer):
    open_timeline(page, live_server, officer, customer)

    expect(page.locator(".histogram-head")).to_contain_text(
        "52 observations, 1 summary"
    )
    look(page, "timeline")
    page.get_by_text("As a table").click()
    look(page, "timeline-numbers")


def test_timeline_is_filtered_by_words_bars_and_conversations(
    live_server, page, complaints, customer, agent
):
    open_timeline(page, live_server, agent, customer)
    page.evaluate("window.sameDocument = true")

    page.get_by_label("Words").fill("sent again")
    page.keyboard.press("Enter")
    expect(page.locator(".timeline-row")).to_have_count(1)
    expect(page.get_by_label("Words")).to_be_focused()
    expect(page).to_have_url(re.compile(r"timeline/\?typed=\w+$"))
    expect(page.locator(".histogram-head")).to_contain_text("with these words")

    page.go_back()
    expect(page.locator(".timeline-row").nth(5)).to_be_visible()
    expect(page.get_by_label("Words")).to_have_value("")

    expect(page.locator(".histogram-bar").last).to_be_visible()
    page.get_by_text(re.compile("^[0-9]+ conversations$")).click()
    listed = page.locator("#list-conversation > li:visible")
    expect(listed.nth(8)).to_be_visible()
    page.get_by_label("Look for conversations").press_sequentially("20 mar")
    expect(listed).to_have_count(2)

    page.locator(".histogram-bar").last.click()
    expect(page.locator(".timeline-row")).to_have_count(4)
    expect(page).to_have_url(re.compile("begin=2026-03-20&end=2026-03-20"))

    page.get_by_role("link", name="conversation", exact=True).first.click()
    expect(page.get_by_role("heading", name="Conversation")).to_be_visible()
    expect(page.locator(".timeline-row")).to_have_count(2)
    expect(
        page.get_by_role("link", name="Recall for this conversation")
    ).to_be_visible()
    assert page.evaluate("window.sameDocument") is True


def test_timeline_loads_more_in_place_and_filters_by_key(
    live_server, page, complaints, customer, agent
):
    open_timeline(page, live_server, agent, customer)
    rows = page.locator(".timeline-row")
    before = rows.count()

    page.get_by_role("link", name="Load more").click()
    expect(rows).not_to_have_count(before)
    expect(rows.nth(before).locator("[data-row]")).to_be_focused()
    page.get_by_role("link", name="Load more").click()
    expect(page.get_by_text("End of the timeline.")).to_be_visible()
    expect(rows).to_have_count(53)
    expect(page).to_have_url(re.compile(r"\?more=2$"))

    # Back and reload keep the place.
    far = rows.nth(45).locator("[data-row]")
    far.focus()
    far.scroll_into_view_if_needed()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="Observation", exact=True)
    expect(heading).to_be_visible()
    page.go_back()
    expect(far).to_be_focused()
    expect(far).to_be_in_viewport()
    expect(rows).to_have_count(53)
    page.reload()
    expect(far).to_be_focused()
    expect(far).to_be_in_viewport()
    expect(rows).to_have_count(53)

    page.get_by_role("radio", name="All").focus()
    # Each after the answer to the one before: a request that is overtaken is an error.
    for kind in ("observation", "summary"):
        page.keyboard.press("ArrowRight")
        expect(page).to_have_url(re.compile(f"kind={kind}"))
    expect(rows).to_have_count(1)


def test_timeline_opens_revisions_in_their_row(
    live_server, page, complaints, customer, agent
):
    open_timeline(page, live_server, agent, customer)

    page.locator(".revisions > summary").press("Enter")

    expect(page.locator(".revision del")).to_have_text("Oslo")
    expect(page.locator(".revision ins")).to_have_text("Bergen")
    expect(page.locator(".revision").first).to_contain_text("+1 ••• 10")
    look(page, "timeline-history")


def test_timeline_filters_are_a_link(live_server, page, complaints, customer, agent):
    sign_in(page, agent)
    at = f"{live_server.url}/t/acme/profiles/{customer}/timeline/"

    page.goto(f"{at}?words=fact&source=chat&begin=2026-03-01&end=2026-03-10")

    expect(page.get_by_label("Words")).to_have_value("fact")
    expect(page).not_to_have_url(re.compile("fact"))
    page.reload()
    expect(page.get_by_label("Words")).to_have_value("fact")
    expect(page.get_by_label("From")).to_have_value("1 Mar 2026")
    expect(page.locator(".filter-chip[aria-current]")).to_contain_text("chat")
    sources = page.locator(".timeline-meta a:first-child")
    assert set(sources.all_inner_texts()) == {"chat"}
    page.get_by_role("link", name="Clear filters").click()
    expect(page.get_by_label("Words")).to_have_value("")


def test_timeline_is_exported_by_key_and_printed(
    live_server, page, complaints, customer, officer
):
    open_timeline(page, live_server, officer, customer)

    page.keyboard.press("e")
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    text = started.value.path().read_text(encoding="utf-8-sig")
    assert text.count("\n") >= 53
    assert "8675310" not in text

    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=1)).to_have_text("A•••")
    expect(page.locator(".print-head")).to_contain_text(officer.email)
    for gone in (".timeline-filters", ".pager", ".tabs", ".timeline-actions"):
        expect(page.locator(gone).first).to_be_hidden()


def test_timeline_works_without_javascript(live_server, browser, customer, agent):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, agent)
    page.goto(f"{live_server.url}/t/acme/profiles/{customer}/timeline/")

    page.get_by_label("Words").fill("bergen")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".timeline-row")).to_have_count(1)
    page.get_by_role("link", name="Activity").click()
    expect(page.locator(".histogram-head")).to_contain_text("1 observation")
    page.get_by_text("As a table").click()
    page.get_by_role("link", name="20 Mar 2026").click()
    expect(page.locator(".timeline-row")).to_have_count(1)
    page.goto(f"{live_server.url}/t/acme/profiles/{customer}/timeline/")
    page.get_by_role("link", name="Load more").click()
    expect(page.get_by_text("Earlier rows are on")).to_be_visible()
    context.close()
