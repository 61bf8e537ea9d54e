"""Activity over time: bars, numbers at the filters, counting in steps."""

import html
import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.contract.ids import new_id
from console.pages.timeline.histogram import BARS_MAX, HEIGHT, build_histogram
from console.pages.timeline.reader import TimelineFilters
from console.profiles.context import derived
from tests.factories import (
    HTMX,
    make_items,
    make_observation,
    make_profile,
    make_summary,
)

START = date(2024, 2, 27)


@pytest.fixture(autouse=True)
def nothing_counted():
    derived.clear()


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


def page(profile: str) -> str:
    return reverse("timeline:histogram", args=["acme", profile])


def days(*spans: int, kind: str = "observation"):
    return [(START + timedelta(days=span), kind) for span in spans]


@pytest.mark.parametrize(
    ("span", "unit", "first"),
    [
        (0, "day", "27 Feb 2024"),
        (59, "day", "27 Feb 2024"),
        (60, "week", "26 Feb – 3 Mar 2024"),
        (450, "month", "February 2024"),
        (1900, "quarter", "Q1 2024"),
        (6000, "year", "2024"),
        (40_000, "2 years", "2024 – 2025"),
        (2_900_000, "135 years", "1890 – 2024"),
    ],
)
def test_build_histogram_has_the_finest_unit_in_sixty_bars(span, unit, first):
    histogram = build_histogram(days(0, span), TimelineFilters())

    assert histogram.unit == unit
    assert histogram.bars[0].label == first
    assert len(histogram.bars) <= BARS_MAX
    assert sum(bar.observations for bar in histogram.bars) == 2
    for bar, following in zip(histogram.bars, histogram.bars[1:], strict=False):
        assert following.begin == bar.end + timedelta(days=1)


@pytest.mark.parametrize("edge", [date.min, date.max])
@pytest.mark.parametrize("span", [0, 100, 500, 3000, 9000, 3_000_000])
def test_build_histogram_holds_at_both_ends_of_time(edge, span):
    other = edge + timedelta(days=span if edge == date.min else -span)

    histogram = build_histogram(
        [(edge, "summary"), (other, "summary")], TimelineFilters()
    )

    assert sum(bar.summaries for bar in histogram.bars) == 2
    assert histogram.bars[0].begin <= min(edge, other)
    assert histogram.bars[-1].end >= max(edge, other)


def test_build_histogram_scales_its_bars_and_hides_none():
    counted = days(*[0] * 30, 1) + days(*[1] * 99, kind="summary")

    first, second = build_histogram(counted, TimelineFilters()).bars

    assert (first.observations_height, first.summaries_height) == (12, 0)
    assert (second.observations_height, second.summaries_height) == (2, 40)
    assert first.observations_y == HEIGHT - 12
    assert second.summaries_y == 0
    assert "begin=2024-02-27&end=2024-02-27" in first.query


def test_build_histogram_spans_the_filters_and_needs_items():
    wide = TimelineFilters(
        begin=START - timedelta(days=5), end=START + timedelta(days=5)
    )

    assert len(build_histogram(days(0), wide).bars) == 11
    assert build_histogram([], wide) is None


def test_histogram_and_its_table_lead_to_their_days(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, occurredAt="2026-01-05T09:00:00Z")
    make_observation(tenant, profile, occurredAt="2026-01-05T10:00:00Z")
    make_summary(tenant, profile, occurredAt="2026-01-07T09:00:00Z")

    text = client.get(page(profile), headers=HTMX).text

    assert "<html" not in text
    assert "one bar per day" in text
    assert text.count('class="histogram-bar"') == 3
    assert text.count("histogram-observations") == 1
    assert text.count('fill="url(#histogram-hatch)"') == 1
    assert text.count("begin=2026-01-05&amp;end=2026-01-05") == 4
    assert re.search(r"5 Jan 2026</a>\s*</th>\s*<td class=\"number\">2</td>", text)


def test_histogram_counts_choices_by_the_other_filters(client, tenant):
    profile = make_profile(tenant)
    talks = [new_id("conv_conversation") for _ in range(2)]
    for source, talk in (("chat", 0), ("chat", 1), ("voice", 1)):
        make_observation(
            tenant,
            profile,
            "Prefers SMS.",
            source=source,
            conversationIds=[talks[talk]],
            occurredAt=f"2026-01-0{talk + 5}T10:00:00Z",
        )
    make_summary(
        tenant,
        profile,
        source="voice",
        conversationId=talks[0],
        occurredAt="2026-01-05T10:05:00Z",
    )

    def choices(**query: str) -> list[tuple[str, str]]:
        text = client.get(page(profile), query, headers=HTMX).text
        found = re.findall(
            r'class="filter-chip"[^>]*>\s*(.+?)\s*<span class="number">(\d+)<', text
        )
        return [(name.removesuffix(" · Prefers SMS."), count) for name, count in found]

    first, second = "5 Jan 2026", "6 Jan 2026"
    assert sorted(choices()) == sorted(
        [("chat", "2"), ("voice", "2"), (first, "2"), (second, "2")]
    )
    assert sorted(choices(source="voice")) == sorted(
        [("chat", "2"), ("voice", "2"), (first, "1"), (second, "1")]
    )
    assert sorted(choices(kind="summary")) == sorted([("voice", "1"), (first, "1")])
    assert sorted(choices(conversation=talks[1])) == sorted(
        [("chat", "1"), ("voice", "1"), (first, "2"), (second, "2")]
    )
    assert choices(begin="2026-02-01") == []
    assert choices(end="2026-01-01") == []


def test_histogram_choice_that_is_set_leads_back_out(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, source="voice")

    text = client.get(page(profile), {"source": "voice"}, headers=HTMX).text

    chosen = re.search(r'class="filter-chip"\s+href="([^"]+)"\s+aria-current', text)
    assert chosen[1].endswith("/timeline/?")


def test_histogram_counts_in_steps_until_it_is_done(client, tenant, settings):
    settings.BUDGET_STEPS = 1
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=120)

    answers = [client.get(page(profile), headers=HTMX).text for _ in range(4)]

    counted = [re.search(r"<strong>(\d+)</strong>", text)[1] for text in answers]
    assert counted == ["50", "100", "120", "120"]
    assert "counted 50 so far" in answers[0]
    assert ['hx-trigger="load"' in text for text in answers] == [
        True,
        True,
        False,
        False,
    ]


def test_histogram_counts_on_within_its_budget(client, tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=60)

    text = client.get(page(profile), headers=HTMX).text

    assert "<strong>60</strong>" in text
    assert 'hx-trigger="load"' not in text


def test_histogram_keeps_its_counts_until_something_is_added(client, tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=3)
    assert "<strong>3</strong>" in client.get(page(profile)).text

    make_summary(tenant, profile)
    again = client.get(page(profile)).text
    make_observation(tenant, profile, source="voice")
    narrowed = client.get(page(profile), {"source": "voice"}).text

    assert re.search(
        r"<strong>3</strong> observations,\s+<strong>1</strong> sum", again
    )
    assert "<strong>1</strong> observation," in narrowed


def test_histogram_counts_only_what_contains_the_words(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Call +15558675310 about the bill.")
    make_observation(tenant, profile, "Wants a window seat.")

    with_words = client.get(page(profile), {"words": "BILL"}, follow=True).text
    masked = client.get(page(profile), {"words": "867531"}, follow=True).text

    assert "<strong>1</strong> observation," in with_words
    assert "with these words" in with_words
    assert "<strong>0</strong> observations," in masked


def test_histogram_caches_no_text(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Owns a red bicycle.")

    client.get(page(profile), {"words": "bicycle"}, follow=True)

    kept = b"".join(derived._cache.values())
    assert b"CountedItem" in kept
    assert b"bicycle" not in kept
    assert profile not in html.escape(kept.decode("latin-1"))
    assert all(key.startswith(f":1:{tenant.pk}:") for key in derived._cache)
    assert not any("bicycle" in key for key in derived._cache)


def test_histogram_is_one_audit_entry(client, tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=2)

    client.get(page(profile))

    entry = AuditEntry.objects.latest("seq")
    assert (entry.action, entry.object_id) == ("timeline.counted", profile)
    assert entry.details == {"count": 2}


def test_histogram_is_a_page_without_javascript(client, tenant):
    profile = make_profile(tenant)

    text = client.get(page(profile)).text

    assert "<html" in text
    assert "Back to the timeline" in text
    assert "<strong>0</strong> observations" in text


def test_histogram_narrows_to_a_masked_source(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Prefers SMS.", source="call from 555 867 5310")
    make_observation(tenant, profile, "Owns a bicycle.", source="chat")

    text = client.get(page(profile), headers=HTMX).text
    [key] = set(re.findall(r"source=(~[0-9a-f]{16}|%7E[0-9a-f]{16})", text))
    narrowed = client.get(
        reverse("timeline:timeline", args=["acme", profile]) + f"?source={key}"
    ).text
    counted = client.get(page(profile) + f"?source={key}", headers=HTMX).text

    assert "call from ••• 10" in text
    assert "Prefers SMS." in narrowed
    assert "Owns a bicycle." not in narrowed
    assert "<strong>1</strong> observation," in counted
    assert "8675310" not in narrowed + counted


def test_histogram_forgets_counts_of_other_rules(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Call +15558675310.", source="at 555 867 5399")
    clear = {"words": "1555"}

    tenant.masking = {"texts": "clear"}
    tenant.save()
    before = client.get(page(profile), clear, follow=True).text
    tenant.masking = {}
    tenant.save()
    after = client.get(page(profile), clear, follow=True).text

    assert "<strong>1</strong> observation," in before
    assert "<strong>0</strong> observations," in after
    assert "at 555 867 5399" not in after
