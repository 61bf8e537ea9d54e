"""Odd and long texts on the timeline, and how words are compared with them."""

import html
from datetime import date, timedelta

import pytest
from django.utils import timezone

from console.core.unicode import compile_beginning, fold_text
from console.pages.timeline.reader import (
    ROW_CHARACTERS,
    TimelineFilters,
    shorten_text,
)
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
    ],
)
def test_timeline_shows_odd_texts_letter_for_letter(client, tenant, content):
    profile = make_profile(tenant)
    make_observation(tenant, profile, content)

    text = client.get(page(profile)).text

    assert html.escape(content) in text
    assert "<script>alert" not in text


def test_timeline_marks_hidden_characters(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "a\u202eb")

    text = client.get(page(profile)).text

    assert "U+202E RIGHT-TO-LEFT OVERRIDE" in text
    assert "\u202e" not in text


@pytest.mark.parametrize(
    "content", ["\u200b" * 3000 + "x", "<" * 4096, "é" * 4096, "🎉" * 2000]
)
def test_shorten_text_makes_no_row_large(content):
    row = shorten_text(content, [])

    assert len(row) <= ROW_CHARACTERS + 2
    assert row.endswith(" …")


def test_shorten_text_begins_shortly_before_the_word():
    text = "lorem ipsum " * 200 + "needle and the rest"

    needle, lorem = [compile_beginning("needle")], [compile_beginning("lorem")]
    assert "needle" in shorten_text(text, needle)
    assert shorten_text(text, needle).startswith("… ")
    assert shorten_text(text, lorem).startswith("lorem")
    assert shorten_text("lorem", lorem) == "lorem"


def test_timeline_of_long_texts_stays_small(client, tenant, officer):
    client.force_login(officer)
    profile = make_profile(tenant)
    text = "Reach +15558675310 " + "é" * 4000
    make_items(tenant, profile, observations=40, summaries=40, content=text)
    Observation.objects.update(created_at=timezone.now() - timedelta(days=1))

    everything = client.get(page(profile))
    found = client.get(page(profile), {"words": "reach"}, follow=True)

    assert 50_000 < len(everything.content) < 150_000
    assert 50_000 < len(found.content) < 150_000


def test_timeline_filters_have_a_query_and_descriptions():
    filters = TimelineFilters(
        "Bill  late", "summary", "chat", "conv_1", date(2026, 1, 5), None, "x3fk"
    )

    assert filters.query == (
        "?kind=summary&source=chat&conversation=conv_1&begin=2026-01-05&typed=x3fk"
    )
    assert filters.build_query(words="", kind="", begin=None) == (
        "?source=chat&conversation=conv_1"
    )
    assert filters.descriptions == [
        "containing “Bill  late”",
        "summaries only",
        "from source chat",
        "in conversation conv_1",
        "since 2026-01-05",
    ]
    assert TimelineFilters(end=date(2026, 1, 5)).descriptions == ["until 2026-01-05"]
    assert "Bill" not in repr(filters)


def test_fold_text_ignores_case_and_accents():
    assert fold_text("ZÜRICH Straße ﬁn") == "zurich strasse fin"
    assert fold_text("Plain") == "plain"


def test_timeline_finds_words_by_their_beginnings_and_marks_them(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Came on 8 December.")
    make_observation(tenant, profile, "Wants Embers from Émbrun, EMBER too.")
    make_observation(tenant, profile, "東京に住んでいます。")

    found = client.get(page(profile), {"words": "ember"}, follow=True).text
    glued = client.get(page(profile), {"words": "京に"}, follow=True).text

    assert "December" not in found
    assert "<mark>Ember</mark>s from Émbrun, <mark>EMBER</mark> too." in found
    assert "東<mark>京に</mark>住" in glued
