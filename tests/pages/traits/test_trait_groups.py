"""A store's trait groups: their schema, and on how many profiles each trait is set."""

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.contract.memory.trait_group import (
    CreateTraitGroup,
    NewTraitDefinition,
    NumberRule,
    StringRule,
)
from console.profiles.context import derived
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests.factories import HTMX, make_profile, move_tenant
from tests.pages.odd_memory import PROFILE, OddMemory, serving

LIST = "/t/acme/traits/"
SIZING = {
    "shoe": NewTraitDefinition(
        data_type="NUMBER",
        description="EU size",
        validation_rule=NumberRule(min=20),
    ),
    "code": NewTraitDefinition(
        data_type="STRING",
        validation_rule=StringRule(pattern="^[A-Z]+$"),
    ),
}


@pytest.fixture
def client(client, agent):
    derived.clear()
    client.force_login(agent)
    return client


@pytest.fixture
def one_profile_a_step(settings):
    """A step reads one profile."""
    settings.BUDGET_STEPS = 1


def address(group: str) -> str:
    return reverse("traits:group", args=["acme", group])


def find_row(text: str, name: str) -> str:
    row = text.partition(f'<tr id="{name}"')[2].partition("</tr>")[0]
    return " ".join(row.split())


def test_groups_page_lists_groups_with_descriptions(client, tenant):
    open_store(tenant).create_trait_group(
        CreateTraitGroup(
            display_name="Sizing", traits=SIZING, description="Measured in the shop"
        )
    )

    text = client.get(LIST).text

    assert "Measured in the shop" in text
    assert address("Contact") in text
    assert "2 groups" in text
    assert AuditEntry.objects.latest("seq").action == "schema.listed"


def test_groups_page_marks_pinned_groups(client, tenant):
    open_store(tenant).create_trait_group(
        CreateTraitGroup(display_name="Sizing", traits=SIZING)
    )
    unpinned = client.get(LIST).text
    Tenant.objects.filter(pk=tenant.pk).update(pinned_groups=["Contact"])

    pinned = client.get(LIST).text

    assert "if set" in unpinned
    assert "pinned" in pinned
    assert "if set" not in pinned


def test_groups_page_without_groups_says_what_one_is(client, settings, tenant):
    settings.MEMORY_ALLOW_PRIVATE = True
    with serving(OddMemory()) as memory:
        move_tenant(tenant, memory.address)

        text = client.get(LIST).text

    assert "No trait groups" in text


def test_group_page_shows_types_rules_and_identifiers(client, tenant):
    open_store(tenant).create_trait_group(
        CreateTraitGroup(display_name="Sizing", traits=SIZING)
    )

    contact = client.get(address("Contact")).text
    sizing = client.get(address("Sizing")).text

    assert "as a phone number" in find_row(contact, "phone")
    assert "one profile per value" in find_row(contact, "phone")
    assert "up to 100 per profile" in find_row(contact, "phone")
    assert "at least 20" in find_row(sizing, "shoe")
    assert "^[A-Z]+$" in find_row(sizing, "code")
    assert "not counted yet" in find_row(sizing, "code")


def test_group_page_of_an_unknown_group_is_not_found(client, tenant):
    assert client.get(address("Hats")).status_code == 404


def test_group_page_counts_fill_rates(client, tenant):
    with_phone = make_profile(tenant, email="a@b.com", phone="+15558675310")
    without = [make_profile(tenant) for _ in range(6)]

    text = client.get(address("Contact"), {"step": "on"}, headers=HTMX).text

    assert "<html" not in text
    assert "7 of 7" in find_row(text, "email")
    phone = find_row(text, "phone")
    assert "1 of 7" in phone
    assert 'value="1"' in phone
    assert "unset on 6" in phone
    assert sum(id_ in phone for id_ in without) == 5
    assert with_phone not in phone
    assert "and more" in phone


def test_group_page_counts_fill_rates_in_steps(client, tenant, one_profile_a_step):
    for _ in range(3):
        make_profile(tenant)

    first = client.get(address("Contact"), {"step": "on"}, headers=HTMX).text
    second = client.get(address("Contact"), {"step": "on"}).text
    third = client.get(address("Contact"), {"step": "on"}, headers=HTMX).text
    kept = client.get(address("Contact")).text

    assert "1 of the 3 newest profiles read" in first
    assert 'hx-trigger="load, click"' in first
    assert "2 of the 3 newest profiles read" in second
    assert "Count again" in third
    assert "3 of 3" in find_row(kept, "email")
    assert open_store(tenant).store_id not in kept.partition("traits-fill-rate")[2]


def test_group_page_counts_again_only_when_asked(client, tenant):
    make_profile(tenant)
    client.get(address("Contact"), {"step": "on"})
    make_profile(tenant)

    stale = client.get(address("Contact"), {"step": "on"}).text
    fresh = client.get(address("Contact"), {"again": "on"}).text

    assert "1 of 1" in find_row(stale, "email")
    assert "2 of 2" in find_row(fresh, "email")


def test_group_page_leaves_out_a_profile_deleted_meanwhile(
    client, tenant, one_profile_a_step
):
    gone, kept = make_profile(tenant), make_profile(tenant)
    first = client.get(address("Contact"), {"step": "on"}, headers=HTMX).text
    open_store(tenant).delete_profile(gone)

    text = client.get(address("Contact"), {"step": "on"}, headers=HTMX).text

    assert "1 of the 2" in first
    assert "1 of 1" in find_row(text, "email")
    assert kept not in find_row(text, "email")


def test_group_page_without_profiles_has_nothing_to_count(client, tenant):
    text = client.get(address("Contact"), {"step": "on"}).text

    assert "no profiles to count on" in text
    assert "not counted yet" in find_row(text, "email")
    assert "<meter" not in text


def test_group_page_keeps_its_count_when_the_memory_fails(client, settings, tenant):
    settings.MEMORY_ALLOW_PRIVATE = True
    other = PROFILE[:-1] + "c"
    memory = OddMemory(
        schema={"Shop": {"mail": {"dataType": "STRING", "idTypePromotion": "email"}}},
        values={"Shop": {"mail": "a@b.com", "relic": "x"}, "Hats": {"size": 1}},
        ids=[PROFILE, other],
        failing={other: 500},
    )
    with serving(memory):
        move_tenant(tenant, memory.address)

        stuck = client.get(address("Shop"), {"step": "on"}, headers=HTMX).text
        memory.failing = {}
        healed = client.get(address("Shop"), {"step": "on"}, headers=HTMX).text

    assert "The memory stopped answering: 1 of 2" in stuck
    assert "load, click" not in stuck
    assert "1 of 1" in find_row(stuck, "mail")
    assert "2 of 2" in find_row(healed, "mail")
    assert "Relic</span> on 2" in " ".join(healed.split())
    assert "this store has no such identifier type" in find_row(healed, "mail")


def test_group_page_filters_long_groups_by_name(client, tenant):
    traits = {f"field{n:02}": NewTraitDefinition(data_type="STRING") for n in range(21)}
    open_store(tenant).create_trait_group(
        CreateTraitGroup(display_name="Wide", traits=traits)
    )

    whole = client.get(address("Wide")).text
    some = client.get(address("Wide"), {"words": "FIELD1"}).text
    none = client.get(address("Wide"), {"words": "hat"}).text
    short = client.get(address("Contact"), {"words": "hat"}).text

    assert 'id="traits-filter"' in whole
    assert "field20" in whole
    assert "field10" in some
    assert "field20" not in some
    assert "No trait of this group matches." in none
    assert "firstName" in short


def test_group_page_of_an_empty_group_says_so(client, tenant):
    open_store(tenant).create_trait_group(
        CreateTraitGroup(display_name="Empty", traits={}, description="Later")
    )

    assert "No traits yet" in client.get(address("Empty")).text


def test_group_page_names_a_filter_that_is_too_long(client, tenant):
    response = client.get(address("Contact"), {"words": "x" * 65})

    assert response.status_code == 422
    assert "Filter by name:" in response.text


def test_groups_page_is_closed_to_auditors(client, auditor):
    client.force_login(auditor)

    assert client.get(LIST).status_code == 403
