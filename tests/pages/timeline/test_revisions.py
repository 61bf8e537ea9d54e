"""What an observation said before, what changed, and who changed it."""

import html
import re
import sys
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.audit.log import log
from console.contract.memory.observation import PatchObservation
from console.contract.times import to_wire
from console.pages.timeline.views.items import diff_words
from console.service.memory.models import Observation
from console.tenants.actor import Actor
from console.tenants.vault import open_store
from tests.factories import HTMX, make_observation, make_profile
from tests.pages.urls import page_url


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


def page(profile: str, name: str = "timeline", *args: str) -> str:
    return page_url(name, profile, *args)


def test_observation_shows_the_words_that_changed(client, tenant):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "Lives in Oslo.")
    open_store(tenant).patch_observation(
        profile, seen.id, PatchObservation(content="Lives in Bergen.")
    )

    part = client.get(page(profile, "observation", seen.id), headers=HTMX).text

    assert "<html" not in part
    assert "<del>Oslo</del>" in part
    assert "<ins>Bergen</ins>" in part
    assert "through the memory's API" in part
    assert "original, from chat" in part
    assert part.count(">current<") == 1


def test_observation_names_the_author_of_a_revision(client, tenant, agent):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "Lives in Oslo.")
    store = open_store(tenant)
    store.patch_observation(
        profile, seen.id, PatchObservation(content="Lives in Bergen.")
    )
    changed = store.fetch_observation(profile, seen.id)
    for details in ({"updated_at": to_wire(changed.updated_at)}, {"count": 1}):
        log(
            Actor(agent, tenant),
            "observation.corrected",
            "observation",
            seen.id,
            about=[profile],
            **details,
        )

    part = client.get(page(profile, "observation", seen.id), headers=HTMX).text

    assert f"by {agent.email}" in part


def test_observation_does_not_tell_a_masked_change(client, tenant):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "Call +15558675310.")
    open_store(tenant).patch_observation(
        profile, seen.id, PatchObservation(content="Call +15558675410.")
    )

    part = client.get(page(profile, "observation", seen.id), headers=HTMX).text

    assert part.count("+1 ••• 10") == 2
    assert "What changed is masked." in part
    assert "5558675" not in part


def test_observation_pages_its_revisions(client, tenant):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "State 0.")
    for number in range(1, 22):
        open_store(tenant).patch_observation(
            profile, seen.id, PatchObservation(content=f"State {number}.")
        )

    text = client.get(page(profile, "observation", seen.id)).text
    earlier = html.unescape(re.search(r'href="(\?page|[^"]+\?page)=([^"]+)"', text)[2])
    second = client.get(page(profile, "observation", seen.id) + "?page=" + earlier).text

    assert "State 0." not in text
    assert "State 0." in second
    assert "original" in second
    assert "original" not in text


def test_timeline_marks_a_revised_observation(client, tenant):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "Lives in Oslo.")
    row = Observation.objects.get(id=seen.id)
    Observation.objects.update(created_at=row.created_at - timedelta(days=2))

    text = client.get(page(profile)).text

    assert 'class="revisions"' in text


def diff(before: str, after: str) -> list[tuple[str, str]]:
    return [(piece.change, piece.text) for piece in diff_words(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("same text", "same text", [("", "same text")]),
        (
            "Lives in Oslo.",
            "Lives in Bergen.",
            [("", "Lives in "), ("del", "Oslo"), ("ins", "Bergen"), ("", ".")],
        ),
        ("a b", "a c b", [("", "a "), ("ins", "c "), ("", "b")]),
        ("a c b", "a b", [("", "a "), ("del", "c "), ("", "b")]),
        ("", "new", [("ins", "new")]),
        ("مرحبا بك", "مرحبا به", [("", "مرحبا "), ("del", "بك"), ("ins", "به")]),
    ],
)
def test_diff_words_has_deleted_before_inserted(before, after, pieces):
    assert diff(before, after) == pieces


@given(st.text(max_size=60), st.text(max_size=60))
def test_diff_words_holds_both_texts(before, after):
    pieces = diff_words(before, after)

    assert "".join(p.text for p in pieces if p.change != "ins") == before
    assert "".join(p.text for p in pieces if p.change != "del") == after


@pytest.mark.parametrize("word", ["a ", "ab cd ", "?! ", "x"])
def test_diff_words_of_long_texts_is_cheap(word):
    before = (word * 4096)[:4096]
    after = before[:2000] + "something else " + before[2100:]

    calls = count_calls(diff_words, before, after)

    # Were each word compared with each, it would be millions.
    assert 0 < calls < 10 * 4096


def count_calls(function, *arguments):
    """How many functions run, built-in ones included: the same on every machine."""
    calls = []
    sys.setprofile(lambda frame, event, argument: calls.append(event))
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return len(calls)


def test_diff_piece_has_no_text_in_its_repr():
    [piece] = diff_words("Oslo", "Oslo")

    assert piece.text == "Oslo"
    assert "Oslo" not in repr(piece)
