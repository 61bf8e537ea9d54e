"""A store's profiles and every part of one, as support staff meet them."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from console.audit.models import AuditEntry
from console.contract.ids import new_id
from console.contract.memory.observation import PatchObservation
from console.contract.memory.trait_group import CreateTraitGroup, NewTraitDefinition
from console.service.memory.models import Profile
from console.tenants.vault import open_store
from tests.factories import (
    HTMX,
    make_observation,
    make_profile,
    make_summary,
    make_tenant,
    move_tenant,
)
from tests.pages.odd_memory import OddMemory, serving
from tests.pages.urls import page_url

HOSTILE = "<script>alert(1)</script>{{ 7 }}"


def page(name: str, *args: str) -> str:
    return page_url(name, *args)


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


def test_list_profiles_shows_names_and_pages(client, tenant):
    for number in range(27):
        make_profile(tenant, email=f"p{number}@b.com", firstName=f"\u0391{number}")
    ids = open_store(tenant).list_profiles(page_size=50).items

    first = client.get(page("list"))

    assert "\u0391•••" in first.text
    assert "p•••@•••.com" in first.text
    assert "p26@b.com" not in first.text
    assert ids[0] in first.text
    assert ids[26] not in first.text
    older = (
        first.text.partition('rel="next"')[2].partition('href="')[2].partition('"')[0]
    )
    second = client.get(page("list") + older.replace("&amp;", "&"))
    assert ids[26] in second.text
    assert "Newer" in second.text


def test_list_last_names_those_that_are_still_there(client, tenant):
    make_profile(tenant, email="z@b.com", firstName="Zelda")
    known = make_profile(tenant, email="w@b.com", firstName="Wilhelmina")
    asked = {"id": [known, new_id("mem_profile"), "mem_profile_odd"]}

    part = client.get(page("last"), asked, headers=HTMX)

    assert part.status_code == 200
    assert part.text.count("<tr>") == 3
    # Whom this person has opened, then others.
    assert part.text.index("W•••") < part.text.index("Z•••")
    assert "Wilhelmina" not in part.text
    assert client.get(page("last"), asked).status_code == 302


def test_list_last_logs_who_was_not_opened_once_a_session(client, tenant):
    opened, other = (make_profile(tenant, email=f"{who}@b.com") for who in "ab")
    client.get(page("profile", opened))
    asked = {"id": [opened, other]}

    parts = [client.get(page("last"), asked, headers=HTMX).text for _ in range(2)]

    assert parts[1].count("<time") == 1
    entries = AuditEntry.objects.filter(action="profile.listed")
    assert [entry.details["count"] for entry in entries] == [1]


def test_list_profiles_explains_an_empty_list(client, tenant):
    response = client.get(page("list"))

    assert "No profiles yet" in response.text


def test_list_profiles_refuses_a_made_up_page_token(client, tenant):
    response = client.get(page("list"), {"page": "made-up"})

    assert response.status_code == 422
    assert "pageToken" in response.text


def test_profile_shows_all_that_is_known(client, tenant):
    profile = make_profile(
        tenant, email="a@b.com", phone="+15558675310", firstName="Ada", lastName="Li"
    )
    make_observation(tenant, profile, "Prefers SMS.", occurredAt="2026-01-05T09:00:00Z")
    make_summary(tenant, profile, "Order 4521 was late.")

    response = client.get(page("profile", profile))

    masked = ("A••• L•••", "a•••@•••.com", "+1 ••• 10")
    for text in (*masked, "Prefers SMS.", "Order 4521"):
        assert text in response.text
    assert 'datetime="2026-01-05T09:00:00Z"' in response.text
    assert "Ada" not in response.text.partition("</title>")[0]


def test_profile_has_useful_empty_states(client, tenant):
    profile = make_profile(tenant)

    response = client.get(page("profile", profile))

    assert "An observation is one fact learned" in response.text
    assert "A summary is written when a conversation ends." in response.text
    assert "Profile without a name" in response.text


def test_profile_pages_escape_every_text(client, tenant):
    profile = make_profile(tenant, email="a@b.com", city=HOSTILE)
    observation = make_observation(tenant, profile, HOSTILE)
    summary = make_summary(tenant, profile, HOSTILE)

    for address in (
        page("profile", profile),
        page("traits", profile),
        page("observations", profile),
        page("observation", profile, observation.id),
        page("summaries", profile),
        page("summary", profile, summary.id),
    ):
        text = client.get(address).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 }}" in text
        assert "<script>alert" not in text


@pytest.mark.parametrize("part", ["traits", "profile", "observations", "summaries"])
@pytest.mark.parametrize("name", ["A••• L•••", "Ada Li"])
def test_profile_pages_have_but_initials_in_the_title(client, tenant, part, name):
    profile = make_profile(tenant, email="a@b.com", firstName="Ada", lastName="Li")
    if name == "Ada Li":
        tenant.masking = {"group/Contact": "clear"}
        tenant.save()

    response = client.get(page(part, profile))

    title, _, body = response.text.partition("</title>")
    assert f"A••• L••• …{profile[-4:]}" in title
    assert name in body


def test_timeline_keeps_to_a_conversation_or_a_source(client, tenant):
    profile = make_profile(tenant)
    conversation = new_id("conv_conversation")
    make_observation(tenant, profile, "Said here.", conversationIds=[conversation])
    make_observation(tenant, profile, "Said elsewhere.", source="voice")

    by_conversation = client.get(
        page("observations", profile), {"conversation": conversation}
    )
    by_source = client.get(page("observations", profile), {"source": "voice"})

    assert "Said here." in by_conversation.text
    assert "Said elsewhere." not in by_conversation.text
    assert "Said elsewhere." in by_source.text
    assert "Said here." not in by_source.text


@pytest.mark.parametrize(
    ("name", "value"),
    [("conversation", "made-up"), ("source", "<b>"), ("page", "x" * 5000)],
)
def test_timeline_names_an_invalid_filter(client, tenant, name, value):
    profile = make_profile(tenant)

    response = client.get(page("observations", profile), {name: value})

    assert response.status_code == 422
    assert f"{name}:" in response.text


def test_observation_shows_every_revision(client, tenant):
    profile = make_profile(tenant)
    seen = make_observation(tenant, profile, "Lives in Oslo.")
    open_store(tenant).patch_observation(
        profile, seen.id, PatchObservation(content="Lives in Bergen.")
    )

    response = client.get(page("observation", profile, seen.id))

    assert response.text.index("Lives in Bergen.") < response.text.index(
        "Lives in Oslo."
    )
    assert "present" in response.text


def test_traits_show_unset_traits_and_identifiers(client, tenant):
    store = open_store(tenant)
    store.create_trait_group(
        CreateTraitGroup(
            display_name="Account",
            traits={
                "tier": NewTraitDefinition(
                    data_type="STRING", description="Loyalty tier"
                ),
                "vip": NewTraitDefinition(data_type="BOOLEAN"),
                "tags": NewTraitDefinition(data_type="ARRAY"),
            },
        ),
    )
    profile = make_profile(tenant, email="a@b.com")
    store.patch_profile(profile, {"Account": {"vip": True, "tags": ["a", "b"]}})

    response = client.get(page("traits", profile))

    assert "Loyalty tier" in response.text
    assert "unset" in response.text
    assert "yes</span>" in response.text
    assert '<li dir="auto">b</li>' in response.text


def test_card_has_the_newest_identifier_and_the_earlier_ones_masked(client, tenant):
    profile = make_profile(tenant, email="a@b.com")
    open_store(tenant).add_identifier(profile, "email", "second@b.com")

    response = client.get(page("profile", profile))

    assert "s•••@•••.com" in response.text.partition("and 1 earlier")[0]
    assert "a•••@•••.com" in response.text.partition("and 1 earlier")[2]


@pytest.mark.parametrize("part", ["profile", "traits", "observations", "summaries"])
def test_profile_of_another_tenant_is_404(client, tenant, part):
    foreign = make_profile(make_tenant("other"))

    answers = [client.get(page(part, id_)) for id_ in (foreign, new_id("mem_profile"))]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_profile_view_is_one_audit_entry(client, tenant, agent):
    profile = make_profile(tenant)
    before = AuditEntry.objects.count()

    client.get(page("profile", profile))

    assert AuditEntry.objects.count() == before + 1
    entry = AuditEntry.objects.latest("seq")
    assert (entry.action, entry.actor, entry.object_id) == (
        "profile.viewed",
        agent.email,
        profile,
    )


def test_profile_offers_deletion_to_officers_and_agents_to_ask_for_it(
    client, tenant, officer
):
    profile = make_profile(tenant)
    make_observation(tenant, profile)

    for_agent = client.get(page("profile", profile)).text
    client.force_login(officer)
    for_officer = client.get(page("profile", profile)).text

    assert "Delete profile" not in for_agent
    assert "Ask for its deletion" in for_agent
    assert "Delete profile" in for_officer


def test_profile_leads_to_who_looked_at_it(client, tenant, officer):
    profile = make_profile(tenant)
    observation = make_observation(tenant, profile)
    client.get(page("observation", profile, observation.id))
    for_agent = client.get(page("profile", profile)).text
    client.force_login(officer)

    for_officer = client.get(page("profile", profile)).text
    who_looked = f"/t/{tenant.slug}/audit/?object_id={profile}"
    rows = client.get(who_looked).context["page"].rows

    assert who_looked not in for_agent
    assert who_looked in for_officer
    assert [entry.action for entry, _ in rows] == [
        "profile.viewed",
        "profile.viewed",
        "observation.viewed",
    ]


def test_profile_needs_few_queries(client, tenant, django_assert_max_num_queries):
    profile = make_profile(tenant)
    for number in range(20):
        make_observation(tenant, profile, f"Fact {number}")

    # SECURITY of speed: no query per row, whatever the page shows.
    with django_assert_max_num_queries(17):
        client.get(page("profile", profile))


def test_list_profiles_sorts_filters_and_counts(client, tenant):
    first = make_profile(tenant, email="a@b.com", phone="+15558675310")
    second = make_profile(tenant, email="c@b.com")
    make_observation(tenant, first, "Prefers SMS.")
    older = timezone.now() - timedelta(days=3)
    Profile.objects.filter(id=second).update(updated_at=older)

    newest = client.get(page("list"), {"sort": "updatedAt"})
    [(_, activity, _), _] = newest.context["people"]
    phones = client.get(page("list"), {"id_type": "phone"}).text
    day = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%d")
    recent = client.get(page("list"), {"since": day, "sort": "ASC"}).text

    assert (activity.id, activity.observations, activity.summaries) == (first, 1, 0)
    assert "Last written" in newest.text
    for shown in (phones, recent):
        assert first in shown
        assert second not in shown
    assert "No profile is like this" in client.get(page("list"), {"id_type": "x1"}).text


def test_list_profiles_keeps_its_filters_from_page_to_page(client, tenant):
    for number in range(26):
        make_profile(tenant, email=f"p{number}@b.com")

    response = client.get(page("list"), {"sort": "updatedAt ASC"})

    assert "&amp;sort=updatedAt+ASC" in response.text


def test_list_profiles_says_that_a_memory_cannot_sort(client, tenant, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    with serving(OddMemory()) as memory:
        move_tenant(tenant, memory.address)
        plain = client.get(page("list")).text
        sorted_ = client.get(page("list"), {"sort": "updatedAt"}).text

    assert "Has identifier" not in plain
    assert "can neither sort nor filter" in sorted_


def test_list_profiles_by_value_shows_who_has_it_and_keeps_it_out_of_the_address(
    client, tenant
):
    here = make_profile(tenant, email="a@b.com", city="Genoa")
    make_observation(tenant, here, "Prefers SMS.")
    make_profile(tenant, email="b@b.com", firstName="Genoa", city="Turin")
    asked = {"trait": "Contact/city", "value": "genoa"}

    moved = client.post(page("list"), asked)

    assert "enoa" not in moved.url
    found = client.get(moved.url)
    assert re.findall(r"mem_profile_\w{26}/", found.text) == [f"{here}/"]
    assert '<td data-label="City">Genoa</td>' in found.text
    assert '<td class="number" data-label="Observations">1</td>' in found.text
    assert 'value="genoa"' in found.text
    entry = AuditEntry.objects.get(action="profile.found")
    assert (entry.object_id, entry.details["found"]) == (here, 1)
    narrowed = client.get(f"{moved.url}&id_type=phone")
    assert "No profile is like this." in narrowed.text


def test_list_profiles_by_value_finds_nobody_by_a_part_of_what_is_masked(
    client, tenant
):
    make_profile(tenant, email="ada@example.com", firstName="Ada")

    for trait, value in (("email", "ada"), ("firstName", "ad")):
        asked = {"trait": f"Contact/{trait}", "value": value}
        found = client.post(page("list"), asked, follow=True)

        assert "No profile is like this." in found.text


def test_list_profiles_by_value_asks_for_both(client):
    assert client.post(page("list"), {"trait": "Contact/city"}).status_code == 422
    assert client.post(page("list"), {"value": "Genoa"}).status_code == 422
