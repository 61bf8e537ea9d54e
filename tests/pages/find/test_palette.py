"""What the palette offers: the store's own types, pages, tenants; customers never."""

import pytest

from console.service.memory.models import IdentitySettings
from console.tenants.models import Role
from console.tenants.services import add_member
from tests.factories import HTMX, make_profile, make_tenant, move_tenant


def test_palette_offers_types_pages_and_tenants(client, tenant, agent):
    make_profile(tenant, email="a@b.com")
    add_member(agent, tenant=make_tenant("borealis"), role=Role.AGENT)
    client.force_login(agent)

    response = client.get("/t/acme/palette/", headers=HTMX)

    for text in ('data-fill="phone:"', "/t/acme/recall/", "/t/borealis/"):
        assert text in response.text
    assert "/t/acme/profiles/-profile-/traits/" in response.text
    assert "a@b.com" not in response.text


def test_palette_offers_the_stores_own_types(client, tenant, agent):
    identity = IdentitySettings.objects.get(store_id=tenant.store_id)
    identity.identifier_configs = identity.identifier_configs[:1]
    identity.identifier_configs[0]["idType"] = "memberNumber"
    identity.save()
    client.force_login(agent)

    response = client.get("/t/acme/palette/", headers=HTMX)

    assert response.text.count("data-fill") == 1
    assert 'data-fill="memberNumber:"' in response.text


def test_palette_offers_an_auditor_pages_only(client, tenant, auditor):
    client.force_login(auditor)

    response = client.get("/t/acme/palette/", headers=HTMX)

    assert "/t/acme/audit/" in response.text
    assert "data-fill" not in response.text
    assert "-profile-" not in response.text


def test_palette_across_tenants_offers_tenants(client, tenant, agent):
    client.force_login(agent)

    response = client.get("/palette/", headers=HTMX)

    assert 'href="/t/acme/"' in response.text
    assert "data-fill" not in response.text


@pytest.fixture
def away(tenant, settings) -> None:
    settings.MEMORY_ALLOW_PRIVATE = True
    # Port 9 of this machine: nobody listens there.
    move_tenant(tenant, "http://127.0.0.1:9")


def test_palette_survives_a_failing_memory(client, away, agent):
    client.force_login(agent)

    response = client.get("/t/acme/palette/", headers=HTMX)

    assert response.status_code == 200
    assert "data-fill" not in response.text
    assert "The memory of Acme does not answer" in response.text
    assert "/t/acme/recall/" in response.text


def test_palette_says_in_its_own_box_that_the_memory_is_away(client, away, agent):
    client.force_login(agent)
    asks = HTMX | {"HX-Boosted": "true", "HX-Trigger": "palette-form"}

    response = client.post("/t/acme/find/", {"id": "email:a@b.com"}, headers=asks)

    assert response.status_code == 502
    assert response["HX-Retarget"] == "#palette-message"
    assert response["HX-Reswap"] == "innerHTML"
    assert "The memory" in response.text
    assert 'id="problem"' not in response.text
