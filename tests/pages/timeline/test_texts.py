"""Odd and long texts on the timeline, and how words are compared with them."""

import html
from datetime import date, timedelta

import pytest
from django.utils import timezone

from console.pages.timeline.selectors.filters import Filters, fold
from console.pages.timeline.selectors.timeline import ROW_CHARACTERS, row_text
from console.service.memory.models import Observation
from tests.factories import make_items, make_observation, make_profile
from tests.pages.urls import page_url


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


def page(profile: str, name: str = "timeline", *args: str) -> str:
    return page_url(name, profile, *args)


@pytest.mark.parametrize(
    "content",
    [
        "<script>alert(1)</script>{{ 7 }}",
        "W" * 200,
        "مرحبا",
        "👩‍👩‍👧‍👦 plan",
        "a\u202eb",
    ],
)
def test_odd_texts_are_shown_letter_for_letter(client, tenant, content):
    profile = make_profile(tenant)
    make_observation(tenant, profile, content)

    text = client.get(page(profile)).text

    if "\u202e" in content:
        assert "U+202E RIGHT-TO-LEFT OVERRIDE" in text
        assert "\u202e" not in text
    else:
        assert html.escape(content) in text
        assert "<script>alert" not in text


@pytest.mark.parametrize(
    "content", ["\u200b" * 3000 + "x", "<" * 4096, "é" * 4096, "🎉" * 2000]
)
def test_no_text_makes_a_row_that_is_large(content):
    row = row_text(content, [])

    assert len(row) <= ROW_CHARACTERS + 2
    assert row.endswith(" …")


def test_a_long_text_is_shown_from_where_its_word_stands():
    text = "lorem ipsum " * 200 + "needle and the rest"

    assert "needle" in row_text(text, ["needle"])
    assert row_text(text, ["needle"]).startswith("… ")
    assert row_text(text, ["lorem"]).startswith("lorem")
    assert row_text("short", ["short"]) == "short"


def test_a_full_answer_stays_small(client, tenant, officer):
    client.force_login(officer)
    profile = make_profile(tenant)
    text = "Reach +15558675310 " + "é" * 4000
    make_items(tenant, profile, observations=40, summaries=40, content=text)
    Observation.objects.update(created_at=timezone.now() - timedelta(days=1))

    responses = [client.get(page(profile), {"words": each}) for each in ("", "reach")]

    for response in responses:
        assert 50_000 < len(response.content) < 150_000


def test_filters_stand_in_the_address_and_in_words():
    filters = Filters("Bill  late", "summary", "chat", "conv_1", date(2026, 1, 5), None)

    assert filters.query == (
        "?words=Bill++late&kind=summary&source=chat&conversation=conv_1"
        "&begin=2026-01-05"
    )
    assert filters.but(words="", kind="", begin=None) == (
        "?source=chat&conversation=conv_1"
    )
    assert filters.in_words == [
        "with the words “Bill  late”",
        "summaries alone",
        "from source chat",
        "of conversation conv_1",
        "from 2026-01-05 on",
    ]
    assert Filters(end=date(2026, 1, 5)).in_words == ["up to 2026-01-05"]
    assert "Bill" not in repr(filters)


def test_words_are_compared_without_case_and_accents():
    assert fold("ZÜRICH Straße ﬁn") == "zurich strasse fin"
    assert fold("Plain") == "plain"
