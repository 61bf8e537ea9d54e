import io
import json
from collections import Counter
from datetime import UTC, datetime

import msgspec
import phonenumbers
import pytest
from django.core.management import CommandError, call_command

from console.accounts.models import User
from console.contract.conversations.communication import CreateCommunication
from console.demo import seeding
from console.demo.seeding import (
    StoreFile,
    list_conversations,
    list_people,
    read_file,
)
from console.loading.records import check_trait, parse_item
from console.tenants.models import Tenant
from console.tenants.vault import open_account, open_store
from tests.factories import make_tenant

PASSWORD = "demo-password-of-the-test"
TENANTS = ["alpenglow", "brightline"]


def tell(slug):
    """Their conversations as they are loaded; the email stands in for the profile."""
    emails = [traits["Contact"]["email"] for traits in list_people(slug)]
    ids = dict(zip(emails, emails, strict=True))
    return [json.loads(line) for line in list_conversations(slug, ids)]


@pytest.fixture(scope="module")
def talks():
    """Tenant to what its 40 people say."""
    return {slug: tell(slug) for slug in TENANTS}


def get_customer(talk):
    return talk["participants"][0]["profileId"]


def said_by_customer(talk):
    phrases = talk["communications"]
    address = talk["participants"][0]["addresses"][0]["address"]
    return [p["content"]["text"] for p in phrases if p["author"]["address"] == address]


def all_texts(talks):
    return [
        text
        for said in talks.values()
        for talk in said
        for text in said_by_customer(talk)
    ]


def seed(*options):
    out = io.StringIO()
    call_command("seed_demo", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def few_people(monkeypatch):
    """Three of the forty a tenant: the whole takes seconds."""
    take_few(monkeypatch)


def take_few(patch):
    patch.setattr(seeding, "list_people", lambda slug: list_people(slug)[1:4])


@pytest.mark.parametrize("slug", TENANTS)
def test_demo_people_have_fictional_contact_data(slug):
    contacts = [traits["Contact"] for traits in list_people(slug)]

    numbers = [phonenumbers.parse(contact["phone"]) for contact in contacts]

    assert len({contact["email"] for contact in contacts}) == 40
    assert len({str(number) for number in numbers}) == 40
    assert all(phonenumbers.is_possible_number(number) for number in numbers)
    assert all(c["email"].endswith((".com", ".net")) for c in contacts)
    assert all("@example." in c["email"] and c["email"].isascii() for c in contacts)


@pytest.mark.parametrize("slug", TENANTS)
def test_demo_records_are_valid(talks, slug):
    phrases = [p for talk in talks[slug] for p in talk["communications"]]
    traits = [
        trait
        for person in list_people(slug)
        for group in person.values()
        for trait in group.items()
    ]

    assert len([parse_item("c", each, CreateCommunication) for each in phrases]) > 500
    assert {check_trait(*trait) for trait in traits} == {None}


def test_demo_conversations_are_short_and_in_order(talks):
    for said in talks.values():
        moments = [talk["communications"][0]["occurredAt"] for talk in said]

        assert len(said) > 150
        assert moments == sorted(moments)
        assert max(moments) < "2026-11-01"
        assert all(2 <= len(talk["communications"]) <= 21 for talk in said)


def test_demo_people_differ(talks):
    counts = Counter(all_texts(talks))

    assert len(counts) > 0.85 * counts.total()
    assert max(counts.values()) <= 6


def test_demo_has_a_customer_who_says_over_five_hundred_things(talks):
    sizes = Counter()
    for talk in talks["brightline"]:
        sizes[get_customer(talk)] += len(said_by_customer(talk))

    (busiest, most), (_, second) = sizes.most_common(2)
    assert busiest == "odalys.northfield@example.net"
    assert len(sizes) == 40
    assert most > 500
    assert 5 <= min(sizes.values()) <= second <= 40


def test_demo_has_hostile_and_foreign_texts(talks):
    texts = all_texts(talks)

    assert any("<script>" in text for text in texts)
    assert any("🥾" in text for text in texts)
    assert any("יעדיף" in text or "מעדיף" in text for text in texts)
    assert any("العربية" in text for text in texts)
    assert any("Schlafsack" in text for text in texts)
    assert any("raquettes" in text for text in texts)
    assert any("bastones" in text for text in texts)
    assert 4000 <= max(map(len, texts)) <= 4096


@pytest.mark.parametrize("slug", TENANTS)
def test_demo_traits_have_all_four_types(slug):
    groups = msgspec.json.decode(read_file(slug, "store.json"), type=StoreFile).groups
    declared = {(group.display_name, name) for group in groups for name in group.traits}

    types = {trait.data_type for group in groups for trait in group.traits.values()}
    held = Counter(
        (group, name)
        for person in list_people(slug)
        for group, traits in person.items()
        for name in traits
        if group != "Contact"
    )
    assert types == {"STRING", "NUMBER", "BOOLEAN", "ARRAY"}
    assert set(held) == declared
    assert min(held.values()) < 40


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
    broken["Contact"]["unknown"] = "trait"
    monkeypatch.setattr(seeding, "list_people", lambda slug: [broken])

    with pytest.raises(CommandError, match="line 1: traits"):
        seed()

    assert not Tenant.objects.exists()


def test_seed_demo_leaves_merges_to_decide_and_one_to_take_back(monkeypatch, tenant):
    named = {"Theo", "Caleb"}
    people = [
        each
        for each in list_people("alpenglow")
        if each["Contact"]["firstName"] in named
    ]
    monkeypatch.setattr(seeding, "list_people", lambda slug: people)
    store = open_store(tenant)

    seeding.load_people(open_account(tenant), store, "alpenglow")

    suggestions, [merge] = (
        store.list_merge_suggestions().items,
        store.list_merges().items,
    )
    told = [each.contradictions for each in suggestions]
    assert told == [("shared",), ("names", "phones")]
    assert merge.id_type == "phone"


def test_seed_demo_has_one_person_in_both_tenants():
    known = {traits["Contact"]["email"] for traits in list_people("alpenglow")}
    later = msgspec.json.decode(read_file("brightline", "store.json"), type=StoreFile)

    assert known & {traits["Contact"]["email"] for traits in later.later}


def test_move_dates_ends_on_the_day_of_the_demo():
    line = (
        b'{"text":"Due on 1 August, as in 2024.","occurredAt":"2026-07-%d9T10:00:00Z"}'
    )
    until = datetime(2026, 8, 2, 9, 0, tzinfo=UTC)

    first, last = seeding.move_dates([line % 1, line % 2], until)

    assert b"Due on 4 August, as in 2024." in first
    assert b"2026-07-22T10:00:00Z" in first
    assert b"2026-08-01T10:00:00Z" in last
