import io
import re
from collections import Counter

import phonenumbers
import pytest
from django.core.management import CommandError, call_command

from console.accounts.models import User
from console.client.http import all_pages
from console.contract.memory.observation import NewObservation
from console.contract.memory.summary import NewSummary
from console.demo import seeding
from console.demo.people import ANCHOR, build_life, list_people, list_trait_groups
from console.loading.records import check_trait, parse_item
from console.tenants.models import Membership, Role, Tenant
from console.tenants.vault import open_account, open_store
from tests.factories import make_tenant

PASSWORD = "demo-password-of-the-test"
TENANTS = ["alpenglow", "brightline"]


@pytest.fixture(scope="module")
def lives():
    """Tenant to the lives of its 40 people, as they are loaded."""
    return {
        slug: [build_life(slug, each) for each in list_people(slug)] for slug in TENANTS
    }


def contents(life):
    return [observation.content for observation in life.observations]


def all_contents(lives):
    return [
        text for tenant in lives.values() for life in tenant for text in contents(life)
    ]


def seed(*options):
    out = io.StringIO()
    call_command("seed_demo", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def few_people(monkeypatch):
    """Three of the forty a tenant, one of them corrected: the whole takes seconds."""
    monkeypatch.setattr(
        seeding,
        "list_people",
        lambda slug: [p for p in list_people(slug) if build_life(slug, p).corrections][
            :3
        ],
    )


@pytest.mark.parametrize("slug", TENANTS)
def test_demo_people_have_fictional_contact_data(slug):
    contacts = [person.traits["Contact"] for person in list_people(slug)]

    numbers = [phonenumbers.parse(contact["phone"]) for contact in contacts]

    assert len({contact["email"] for contact in contacts}) == 40
    assert len({str(number) for number in numbers}) == 40
    assert all(phonenumbers.is_possible_number(number) for number in numbers)
    assert all(c["email"].endswith((".com", ".net")) for c in contacts)
    assert all("@example." in c["email"] and c["email"].isascii() for c in contacts)


def test_demo_is_the_same_each_time(lives):
    again = build_life("alpenglow", list_people("alpenglow")[7])

    assert again == lives["alpenglow"][7]


@pytest.mark.parametrize("slug", TENANTS)
def test_demo_records_are_valid(lives, slug):
    records = [life.build_record() for life in lives[slug]]
    observations = [item for record in records for item in record["observations"]]
    summaries = [item for record in records for item in record["summaries"]]
    traits = [
        trait
        for record in records
        for group in record["traits"].values()
        for trait in group.items()
    ]

    assert len([parse_item("o", item, NewObservation) for item in observations]) > 500
    assert len([parse_item("s", item, NewSummary) for item in summaries]) > 100
    assert {check_trait(*trait) for trait in traits} == {None}
    # A brace that is left is a word that a story did not get.
    braces = re.findall(r"\{\w*\}?", " ".join(item["content"] for item in observations))
    assert set(braces) <= {"{first_name}", "{curly}"}


@pytest.mark.parametrize("slug", TENANTS)
def test_demo_conversations_have_observations_and_one_summary(lives, slug):
    assert len(lives[slug]) == 40
    for life in lives[slug]:
        talks = Counter(talk for o in life.observations for talk in o.conversation_ids)
        summed_up = Counter(s.conversation_id for s in life.summaries)

        assert set(talks) == set(summed_up)
        assert max(summed_up.values()) == 1
        assert all(2 <= count <= 6 for count in talks.values())


def test_demo_happens_before_the_anchor(lives):
    moments = [
        item.occurred_at
        for tenant in lives.values()
        for life in tenant
        for item in life.observations
    ]

    assert max(moments) < ANCHOR


def test_demo_people_differ(lives):
    counts = Counter(all_contents(lives))

    assert len(counts) > 0.85 * counts.total()
    assert max(counts.values()) <= 6


def test_demo_has_a_profile_with_over_five_hundred_observations(lives):
    sizes = sorted(len(contents(life)) for life in lives["brightline"])

    assert sizes[-1] > 500
    assert 10 <= sizes[0] <= sizes[-2] <= 40


def test_demo_has_hostile_and_foreign_texts(lives):
    texts = all_contents(lives)

    assert any("<script>" in text for text in texts)
    assert any("🥾" in text for text in texts)
    assert any("יעדיף" in text or "מעדיף" in text for text in texts)
    assert any("العربية" in text for text in texts)
    assert any("Schlafsack" in text for text in texts)
    assert any("raquettes" in text for text in texts)
    assert any("bastones" in text for text in texts)
    assert 4000 <= max(map(len, texts)) <= 4096


@pytest.mark.parametrize("slug", TENANTS)
def test_demo_traits_have_all_four_types(lives, slug):
    groups = list_trait_groups(slug)
    declared = {(group.display_name, name) for group in groups for name in group.traits}

    types = {trait.data_type for group in groups for trait in group.traits.values()}
    held = Counter(
        (group, name)
        for life in lives[slug]
        for group, traits in life.traits.items()
        for name in traits
        if group != "Contact"
    )
    assert types == {"STRING", "NUMBER", "BOOLEAN", "ARRAY"}
    assert set(held) == declared
    assert min(held.values()) < 40


def test_seed_demo_creates_two_tenants(db, settings, few_people):
    settings.DEMO_PASSWORD = PASSWORD

    printed = seed()

    store = open_store(Tenant.objects.get(slug="alpenglow"))
    (profile_id, *_) = store.list_profiles(order="ASC").items
    corrected = [
        observation
        for observation in all_pages(store.list_observations, profile_id)
        if len(store.list_revisions(profile_id, observation.id).items) == 2
    ]
    assert "The demo is ready: 2 tenants, 5 people" in printed
    assert len(store.list_profiles().items) == 5  # two come later
    assert store.list_summaries(profile_id).items
    assert corrected
    assert {group.display_name for group in store.list_trait_groups().items} == {
        "Account",
        "Contact",
        "Loyalty",
        "Preferences",
        "Support",
    }


def test_seed_demo_creates_people_with_roles(db, settings, few_people):
    settings.DEMO_PASSWORD = PASSWORD

    seed()

    roles = Counter(
        Membership.objects.values_list("user__email", "role", "tenant__slug")
    )
    assert all(user.check_password(PASSWORD) for user in User.objects.all())
    assert roles == Counter(
        [
            ("operator@demo.example", Role.OPERATOR, None),
            *(
                (f"{name}@demo.example", role, slug)
                for slug in TENANTS
                for name, role in [
                    ("agent", Role.AGENT),
                    ("officer", Role.OFFICER),
                    ("officer2", Role.OFFICER),
                    ("auditor", Role.AUDITOR),
                ]
            ),
        ]
    )


def test_seed_demo_keeps_existing_passwords(db, settings, few_people):
    settings.DEMO_PASSWORD = PASSWORD
    known = User.objects.create_user(
        "agent@demo.example", name="Known", password="another-password"
    )

    seed()

    known.refresh_from_db()
    assert known.check_password("another-password")
    assert known.memberships.count() == 2
    seeding.add_staff(list(Tenant.objects.all()), PASSWORD)
    assert known.memberships.count() == 2


def test_seed_demo_leaves_a_filled_installation_alone(tenant):
    assert seed("--if-empty") == ""

    assert list(Tenant.objects.all()) == [tenant]


def test_seed_demo_refuses_an_existing_tenant(db, settings):
    settings.DEMO_PASSWORD = PASSWORD
    make_tenant(slug="brightline")

    with pytest.raises(CommandError, match="The tenant brightline exists"):
        seed()


def test_seed_demo_requires_a_password(db, settings):
    settings.DEMO_PASSWORD = ""

    with pytest.raises(CommandError, match="DEMO_PASSWORD is empty"):
        seed()

    assert not Tenant.objects.exists()


def test_seed_demo_stops_when_the_memory_refuses_a_text(db, settings, monkeypatch):
    settings.DEMO_PASSWORD = PASSWORD
    broken = list_people("alpenglow")[0]
    broken.traits["Contact"]["unknown"] = "trait"
    monkeypatch.setattr(seeding, "list_people", lambda slug: [broken])

    with pytest.raises(CommandError, match=r"alpenglow: line 1: traits"):
        seed()

    assert not Tenant.objects.exists()


def test_seed_demo_leaves_a_merge_to_decide_and_one_to_take_back(monkeypatch, tenant):
    named = {"Theo", "Caleb"}
    people = [each for each in list_people("alpenglow") if each.first in named]
    monkeypatch.setattr(seeding, "list_people", lambda slug: people)
    store = open_store(tenant)

    seeding.load_people(open_account(tenant), store, "alpenglow")

    [suggestion], [merge] = (
        store.list_merge_suggestions().items,
        store.list_merges().items,
    )
    assert suggestion.contradictions == ("names", "phones")
    assert merge.id_type == "phone"
