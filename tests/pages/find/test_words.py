"""Finding customers by name, account number or another word, as far as masks let it."""

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.contract.memory.trait_group import CreateTraitGroup, TraitDefinition
from console.tenants.models import Role
from console.tenants.services import add_member
from console.tenants.vault import open_store
from tests.factories import HTMX, make_profile, make_tenant, move_tenant
from tests.pages.odd_memory import OddMemory, serving


@pytest.fixture
def find(client, agent):
    client.force_login(agent)

    def post(text: str, **more):
        return client.post(reverse("find:find", args=["acme"]), {"id": text}, **more)

    return post


@pytest.fixture
def adaline(tenant) -> str:
    values = {
        "accountNumber": "DE-4521 9987",
        "dateOfBirth": "1990-01-24",
        "tier": "platinum",
        "hint": "prefers calls to +14155550142",
    }
    text = TraitDefinition(data_type="STRING")
    group = CreateTraitGroup(display_name="Account", traits=dict.fromkeys(values, text))
    open_store(tenant).create_trait_group(group)
    names = {"firstName": "Adaline", "lastName": "Winterbottom"}
    profile = make_profile(tenant, email="a@winter.com", **names)
    open_store(tenant).patch_profile(profile, {"Account": values})
    make_profile(tenant, email="other@b.com", firstName="Hedwig")
    return profile


def test_find_suggests_while_somebody_types(find, client, adaline):
    typed = {"id": "plat", "suggest": "on"}

    found = client.post(reverse("find:find", args=["acme"]), typed)

    assert 'role="option"' in found.text
    assert f"/t/acme/profiles/{adaline}/" in found.text
    assert "A••• W•••" in found.text
    assert "<html" not in found.text
    assert AuditEntry.objects.filter(action="profile.found").count() == 1


@pytest.mark.parametrize(
    "text",
    [
        "winterbottom ADÁLINE",
        "Winterbottom",
        "DE45219987",
        "plat",
        "winterbottom plat",
        "prefers cal",
    ],
)
def test_find_redirects_words_to_the_profile(find, adaline, text):
    assert find(text)["Location"] == f"/t/acme/profiles/{adaline}/"


@pytest.mark.parametrize(
    "text",
    [
        "Winterb",
        "Adaline W",
        "4521",
        "DE4521998",
        "1990-01-24",
        "Winterbottom 1990-01-24",
        "Winterbottom DE45219987",
        "prefers 14155550142",
        "01/24/1990",
        "winter.com",
    ],
)
def test_find_tells_nothing_of_a_masked_value(find, adaline, text):
    response = find(text)

    # 422: a date could be a phone number, too, and is no valid one.
    assert response.status_code in {404, 422}
    assert adaline not in response.text


@pytest.mark.parametrize(("how", "found"), [("clear", 302), ("hide", 404)])
def test_find_by_words_goes_by_the_tenants_masks(find, adaline, tenant, how, found):
    tenant.masking = {"group/Contact": how}
    tenant.save()

    assert find("Winterbott").status_code == find("Winterbottom").status_code == found


def test_find_by_words_lists_several_masked(find, tenant):
    for number in range(12):
        make_profile(tenant, email=f"e{number}@b.com", lastName="Winterbottom")

    response = find("winterbottom")

    assert response.status_code == 200
    assert "More than 10 profiles have “w•••”" in response.text
    assert response.text.count("W•••") == 10
    assert "winterbottom" not in response.text.lower()


def test_find_by_words_is_audited_without_them(find, adaline):
    find("winterbottom")

    entry = AuditEntry.objects.get(action="profile.found")
    assert (entry.object_id, entry.details["type"]) == (adaline, "words")
    assert "winterbottom" not in str(entry.details).lower()


def test_find_says_that_a_memory_cannot_be_searched(find, tenant, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    with serving(OddMemory(failing={"/Search": 404})) as memory:
        move_tenant(tenant, memory.address)
        response = find("winterbottom")

    assert response.status_code == 422
    assert "This memory cannot be searched by name" in response.text


def test_failed_find_offers_all_tenants(find, client, agent, tenant):
    assert "Look in all my tenants" not in find("winterbottom").text
    other = make_tenant("other")
    add_member(agent, tenant=other, role=Role.AGENT)
    profile = make_profile(other, email="a@b.com", lastName="Winterbottom")

    for more in ({}, {"headers": HTMX | {"HX-Target": "palette-message"}}):
        response = find("winterbottom", **more)
        assert "Look in all my tenants" in response.text
        assert 'form="find-across"' in response.text

    response = client.post(reverse("find_across_tenants"), {"id": "winterbottom"})
    assert response["Location"] == f"/t/other/profiles/{profile}/"
