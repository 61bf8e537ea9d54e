"""The first and the last moment of the calendar, on every page that shows or takes one."""

import pytest
from django.urls import reverse

from tests.factories import HTMX, make_observation, make_profile, make_summary
from tests.pages.urls import page_url

ENDS = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
DAYS = ["0001-01-01", "9999-12-31"]


@pytest.mark.parametrize("occurred_at", ENDS)
def test_pages_show_the_ends_of_the_calendar(client, tenant, officer, occurred_at):
    profile = make_profile(tenant)
    observation = make_observation(tenant, profile, occurredAt=occurred_at)
    summary = make_summary(tenant, profile, occurredAt=occurred_at)
    client.force_login(officer)
    pages = [
        page_url("profile", profile),
        page_url("timeline", profile),
        page_url("histogram", profile),
        page_url("summaries", profile),
        page_url("observation", profile, observation.id),
        page_url("observation_correct", profile, observation.id),
        reverse("timeline:summary", args=["acme", profile, summary.id]),
        page_url("export", profile) + "?what=timeline&format=csv",
        reverse("recall:run", args=["acme"])
        + f"?identity={profile}&mode=query&query=sms&observations=5&summaries=5&threshold=0",
        reverse("deletions:profile", args=["acme", profile]),
    ]

    answers = {page: client.get(page, follow=True) for page in pages}
    for part in ("recent_observation", "recent_summary"):
        address = page_url(part, profile)
        answers[address] = client.get(address, headers=HTMX)

    for page, answer in answers.items():
        assert answer.status_code == 200, page
        b"".join(answer.streaming_content) if answer.streaming else None
    assert occurred_at[:4].encode() in answers[pages[4]].content


@pytest.mark.parametrize("begin", DAYS)
@pytest.mark.parametrize("end", DAYS)
def test_pages_take_the_ends_of_the_calendar(client, tenant, officer, begin, end):
    profile = make_profile(tenant)
    make_observation(tenant, profile)
    client.force_login(officer)
    within = f"begin={begin}&end={end}"
    recall = f"?identity={profile}&mode=recent&observations=5&summaries=5&threshold=0"

    statuses = {
        page: client.get(page, follow=True).status_code
        for page in (
            page_url("timeline", profile) + f"?{within}",
            page_url("histogram", profile) + f"?{within}",
            page_url("summaries", profile) + f"?{within}&after={begin}",
            reverse("audit:list", args=["acme"]) + f"?since={begin}&until={end}",
            reverse("recall:run", args=["acme"]) + f"{recall}&{within}",
        )
    }

    # A form may refuse them, with words; none may fail.
    assert set(statuses.values()) <= {200, 422}, statuses
    assert begin > end or list(statuses.values())[:3] == [200] * 3, statuses
