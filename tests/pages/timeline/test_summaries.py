"""Summaries of conversations, and one of them in full."""

import re

import pytest

from console.contract.ids import new_id
from tests.factories import HTMX, make_items, make_profile, make_summary
from tests.pages.urls import page_url


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


def test_summaries_shows_each_in_full_by_day(client, tenant):
    profile = make_profile(tenant)
    make_summary(tenant, profile, "Older.", occurredAt="2026-01-05T09:00:00Z")
    make_summary(tenant, profile, "Newer, +15558675310.", source="voice")

    text = client.get(page_url("summaries", profile)).text

    assert text.count("5 January 2026") == 1
    assert text.count('class="summary-row"') == 2
    assert text.index("Newer, +1 ••• 10.") < text.index("Older.")
    assert "<span>voice</span>" in text


def test_summaries_loads_more_in_place(client, tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, summaries=30)

    first = client.get(page_url("summaries", profile)).text
    address = re.search(r'hx-get="([^"]+\?page=[^"]+)"', first)[1]
    more = client.get(address.replace("&amp;", "&"), headers=HTMX).text

    assert "<html" not in more
    assert "5 January 2026" not in more
    contents = re.findall(r"Summary \d+", first) + re.findall(r"Summary \d+", more)
    assert len(contents) == len(set(contents)) == 30
    assert "Load more" not in more


def test_summaries_of_one_conversation(client, tenant):
    profile = make_profile(tenant)
    conversation = new_id("conv_conversation")
    make_summary(tenant, profile, "Of this one.", conversationId=conversation)
    make_summary(tenant, profile, "Of another one.")
    address = page_url("summaries", profile)

    text = client.get(address, {"conversation": conversation}).text

    assert "Of this one." in text
    assert "Of another one." not in text
    assert "All summaries" in text


def test_summaries_without_any_says_when_one_is_written(client, tenant):
    text = client.get(page_url("summaries", make_profile(tenant))).text

    assert "A summary is written when a conversation ends." in text


def test_summary_shows_its_details(client, tenant):
    profile = make_profile(tenant)
    summary = make_summary(tenant, profile, "Reach at +15558675310.", source="voice")

    text = client.get(page_url("summary", profile, summary.id)).text

    assert "Reach at +1 ••• 10." in text
    assert f"?conversation={summary.conversation_id}" in text
    assert "5 January 2026, 09:00:00 UTC" in text
    assert "voice" in text


def test_summary_keeps_to_its_profile(client, tenant):
    summary = make_summary(tenant, make_profile(tenant))

    response = client.get(page_url("summary", make_profile(tenant), summary.id))

    assert response.status_code == 404
