"""Summaries of conversations, and one of them in full."""

import re

import pytest

from tests.factories import (
    HTMX,
    make_items,
    make_observation,
    make_profile,
    make_summary,
)
from tests.pages.timeline.test_timeline import find_next
from tests.pages.urls import page_url


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


def test_summaries_are_the_timeline_of_summaries_in_full(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "No summary.")
    make_summary(tenant, profile, "Older.", occurredAt="2026-01-04T09:00:00Z")
    make_summary(tenant, profile, "Newer, +15558675310." + " More." * 500)

    text = client.get(page_url("summaries", profile)).text

    assert text.count('class="timeline-row"') == 2
    assert text.index("Newer, +1 ••• 10.") < text.index("Older.")
    assert " More." * 500 in text
    assert re.search(r'aria-current="page">Summaries</a>', text)
    assert "No summary." not in text


def test_summaries_load_more_in_place(client, tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, summaries=30)

    first = client.get(page_url("summaries", profile)).text
    more = client.get(find_next(first), headers=HTMX).text

    contents = re.findall(r"Summary \d+", first) + re.findall(r"Summary \d+", more)
    assert len(contents) == len(set(contents)) == 30
    assert "Load more" not in more


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
