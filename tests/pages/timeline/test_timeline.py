"""The timeline: its rows, its filters and its steps."""

import html
import re

import pytest

from console.audit.models import AuditEntry
from console.contract.ids import new_id
from tests.factories import (
    HTMX,
    make_items,
    make_observation,
    make_profile,
    make_summary,
)
from tests.pages.urls import page_url


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


def page(profile: str, name: str = "timeline", *args: str) -> str:
    return page_url(name, profile, *args)


def find_next(text: str) -> str:
    """The address of what follows; "" when nothing does."""
    found = re.search(r'id="timeline-more".*?hx-get="([^"]+)"', text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def test_timeline_shows_observations_and_summaries_by_day(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Said it.", occurredAt="2026-01-05T09:00:00Z")
    make_summary(tenant, profile, "Sum of it.", occurredAt="2026-01-06T09:00:00Z")

    text = client.get(page(profile)).text

    assert text.index("6 January 2026") < text.index("Sum of it.")
    assert text.index("Sum of it.") < text.index("5 January 2026")
    assert text.index("5 January 2026") < text.index("Said it.")


def test_timeline_gives_htmx_its_part_and_more_rows_alone(client, tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=45)

    whole = client.get(page(profile)).text
    part = client.get(page(profile), headers=HTMX).text
    more = client.get(find_next(whole), headers=HTMX).text

    assert "<html" in whole
    assert "<html" not in part
    assert 'id="timeline-page"' in part
    assert 'id="timeline-page"' not in more
    shown = re.findall(r"Fact \d+", whole) + re.findall(r"Fact \d+", more)
    assert len(shown) == len(set(shown)) == 40
    assert "autofocus" in more
    assert "autofocus" not in whole
    last = client.get(find_next(more), headers=HTMX).text
    assert "End of the timeline." in last
    assert not find_next(last)


def test_timeline_as_a_later_page_leads_back_to_the_first(client, tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=25)
    first = client.get(page(profile)).text

    response = client.get(find_next(first))

    assert "Earlier rows are on the previous pages." in response.text
    assert "<html" in response.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"words": "ZURICH bike"}, ["Owns a bike in Zürich."]),
        ({"words": "nowhere"}, []),
        ({"kind": "summary"}, ["Asked about a bike."]),
        ({"kind": "observation"}, ["Owns a bike in Zürich.", "Prefers SMS."]),
        ({"source": "voice"}, ["Prefers SMS."]),
        ({"begin": "2026-01-06"}, ["Asked about a bike."]),
        ({"end": "2026-01-03"}, ["Prefers SMS."]),
        ({"begin": "2026-01-05", "end": "2026-01-05"}, ["Owns a bike in Zürich."]),
    ],
)
def test_timeline_filters_its_rows(client, tenant, query, found):
    profile = make_profile(tenant)
    make_observation(
        tenant,
        profile,
        "Prefers SMS.",
        source="voice",
        occurredAt="2026-01-02T09:00:00Z",
    )
    make_observation(tenant, profile, "Owns a bike in Zürich.")
    make_summary(
        tenant, profile, "Asked about a bike.", occurredAt="2026-02-05T09:00:00Z"
    )

    text = client.post(page(profile), query, follow=True).text
    text = re.sub("</?mark>", "", text)

    everything = {"Prefers SMS.", "Owns a bike in Zürich.", "Asked about a bike."}
    assert {content for content in everything if f">{content}<" in text} == set(found)
    assert ("Clear filters" in text) == (query != {"kind": "summary"})


def test_timeline_names_a_source_unless_the_conversation_says_it(client, tenant):
    profile, talk = make_profile(tenant), new_id("conv_conversation")
    told = {"conversationIds": [talk]}
    make_observation(tenant, profile, "Learned.", source="conversation/one", **told)
    make_observation(tenant, profile, "Entered.", source="voice", **told)

    text = client.get(page(profile)).text

    assert text.count(f"?conversation={talk}") == 2
    assert "?source=voice" in text
    assert "?source=conversation" not in text


def test_timeline_without_rows_says_what_would_be_there(client, tenant):
    profile = make_profile(tenant)

    empty = client.get(page(profile)).text
    narrowed = client.get(page(profile), {"words": "bill"}, follow=True).text

    assert "No observations and no summaries" in empty
    assert "Nothing found containing “bill”" in narrowed
    assert "not what is masked" in narrowed


def test_timeline_keeps_its_words_out_of_every_address(client, tenant):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=45)

    posted = client.post(page(profile), {"words": "fact", "kind": "observation"})
    text = client.get(posted["Location"]).text

    assert posted.status_code == 302
    assert "fact" not in posted["Location"]
    addresses = re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"', text)
    assert any("typed=" in address for address in addresses)
    assert not [address for address in addresses if "fact" in address]


@pytest.mark.parametrize(
    "typed",
    [
        {"source": "her sister, in Leeds"},
        {"kind": "sister"},
        {"words": "sister " * 40},
        {"begin": "sister"},
    ],
)
def test_timeline_takes_into_an_address_only_what_is_valid(client, tenant, typed):
    profile = make_profile(tenant)

    refused = client.post(page(profile), typed)
    unknown = client.post(page(profile), {"sister": "in Leeds", "kind": "summary"})

    assert (refused.status_code, refused.get("Location")) == (422, None)
    assert "sister" not in refused.text
    assert unknown["Location"] == f"{page(profile)}?kind=summary"


def test_timeline_of_words_that_are_not_kept_goes_on_without(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Said it.")
    query = {"typed": "0123456789abcdef", "kind": "observation"}

    whole = client.get(page(profile), query, follow=True)
    part = client.get(page(profile), query, headers=HTMX)

    assert whole.redirect_chain == [(f"{page(profile)}?kind=observation", 302)]
    assert "Type them again." in whole.text
    assert "Said it." in whole.text
    assert part.status_code == 422


def test_timeline_search_does_not_tell_what_is_masked(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Call +15558675310 after six.")

    by_number = client.get(page(profile), {"words": "867531"}, follow=True).text
    by_word = client.get(page(profile), {"words": "after six"}, follow=True).text

    assert "Nothing found containing “867531”" in by_number
    assert "Call" not in by_number
    assert "Call" in by_word
    assert "8675310" not in by_word


def test_timeline_search_goes_on_by_itself_in_steps(client, tenant, settings):
    settings.BUDGET_STEPS = 1
    profile = make_profile(tenant)
    make_observation(tenant, profile, "The oldest of all.")
    make_items(tenant, profile, observations=45)

    first = client.get(page(profile), {"words": "oldest"}, follow=True).text
    answers = [first]
    while address := find_next(answers[-1]):
        assert "found=0" in address
        answers.append(client.get(address, headers=HTMX).text)

    assert 'hx-trigger="load"' in first.partition('id="timeline-more"')[2]
    assert "Keep searching" in first
    assert "The <mark>oldest</mark> of all." in answers[-1]
    assert "All 46 items were searched." in answers[-1]
    assert len(answers) == 3
    assert "autofocus" not in "".join(answers)
    missed = [client.get(page(profile), {"words": "zebra"}, follow=True).text]
    while address := find_next(missed[-1]):
        missed.append(client.get(address, headers=HTMX).text)
    assert "Nothing found containing “zebra”" in missed[-1]


def test_timeline_search_reads_on_within_its_budget(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "The oldest of all.")
    make_items(tenant, profile, observations=45)

    text = client.get(page(profile), {"words": "oldest"}, follow=True).text

    assert "The <mark>oldest</mark> of all." in text
    assert not find_next(text)


def test_timeline_search_rests_when_its_rows_are_many(client, tenant, settings):
    settings.BUDGET_STEPS = 1
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=45)

    text = client.get(page(profile), {"words": "fact", "found": 1}, follow=True).text

    assert "Load more" in text
    assert "Keep searching" not in text


def test_timeline_has_one_heading_for_a_day_in_two_steps(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Same day.", occurredAt="2026-01-05T08:00:00Z")

    same = client.get(page(profile), {"after": "2026-01-05"}, headers=HTMX).text
    later = client.get(page(profile), {"after": "2025-01-05"}, headers=HTMX).text

    assert "5 January 2026" not in same
    assert "5 January 2026" in later


def test_timeline_step_without_rows_keeps_the_day_above_it(client, tenant, settings):
    settings.BUDGET_STEPS = 1
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=25)

    text = client.get(
        page(profile), {"words": "none", "after": "2026-01-05"}, follow=True
    ).text

    assert "after=2026-01-05" in find_next(text)


def test_timeline_of_a_conversation_is_oldest_first(client, tenant):
    profile = make_profile(tenant)
    conversation = new_id("conv_conversation")
    make_summary(
        tenant,
        profile,
        "How it ended.",
        conversationId=conversation,
        occurredAt="2026-01-06T09:00:00Z",
    )
    for text, hour in (("Second.", 10), ("First.", 9)):
        make_observation(
            tenant,
            profile,
            text,
            conversationIds=[conversation],
            occurredAt=f"2026-01-05T{hour:02}:00:00Z",
        )
    make_observation(tenant, profile, "Of another one.")

    text = client.get(page(profile), {"conversation": conversation}).text

    contents = ("First.", "Second.", "How it ended.")
    order = [text.index(f">{content}<") for content in contents]
    assert order == sorted(order)
    assert "Of another one." not in text
    assert "oldest first" in text
    assert f"mode=conversation&amp;conversation={conversation}" in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("conversation", "made-up"),
        ("source", "<b>"),
        ("source", "call from 555 867 5310"),
        ("page", "made-up"),
        ("page", "x" * 9000),
        ("kind", "trait"),
        ("begin", "yesterday"),
    ],
)
def test_timeline_names_a_filter_that_is_not_valid(client, tenant, name, value):
    profile = make_profile(tenant)

    response = client.get(page(profile), {name: value})

    assert response.status_code == 422
    label = "From" if name == "begin" else name
    assert f"{label}:" in response.text


def test_timeline_refuses_days_in_the_wrong_order(client, tenant):
    profile = make_profile(tenant)

    response = client.get(page(profile), {"begin": "2026-02-01", "end": "2026-01-01"})

    assert response.status_code == 422
    assert "The first day is after the last one." in response.text


def test_timeline_makes_few_queries(client, tenant, django_assert_max_num_queries):
    profile = make_profile(tenant)
    # In one second, observations first.
    make_items(tenant, profile, observations=30, summaries=30)

    with django_assert_max_num_queries(30):
        text = client.get(page(profile)).text

    assert text.count('class="timeline-row"') == 20


def test_timeline_step_is_one_audit_entry_with_its_count(client, tenant, agent):
    profile = make_profile(tenant)
    make_items(tenant, profile, observations=3)
    before = AuditEntry.objects.count()

    client.get(page(profile), {"words": "fact"}, follow=True)

    assert AuditEntry.objects.count() == before + 1
    entry = AuditEntry.objects.latest("seq")
    assert (entry.action, entry.object_id) == ("observations.listed", profile)
    assert entry.details == {"count": 3}


def test_timeline_pushes_an_address_without_empty_filters(client, tenant):
    at = page(make_profile(tenant))

    response = client.get(
        at, {"words": "", "kind": "summary"}, headers=HTMX, follow=True
    )

    assert response["HX-Push-Url"] == f"{at}?kind=summary"
    assert "HX-Push-Url" not in client.get(at, {"kind": "summary"})


def test_timeline_has_its_former_address_too(client, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Said it.")

    response = client.get(page(profile, "observations"))

    assert "Said it." in response.text


def test_timeline_masks_each_text_once(client, tenant, masked_texts):
    profile = make_profile(tenant)
    content = "Call +1555867{} after six."
    make_items(tenant, profile, observations=20, content=content)

    text = client.get(page(profile), {"words": "after six"}, follow=True).text

    assert text.count('class="timeline-row"') == 20
    counts = [masked_texts[content.format(number)] for number in range(20)]
    assert counts == [1] * 20
