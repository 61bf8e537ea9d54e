"""An identifier that several people hold: the choice is the person's, not ours."""

import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from console.contract.ids import new_id
from console.profiles import candidates
from console.service.memory.models import IdentitySettings, Profile
from console.tenants.vault import open_store
from console.web.templatetags.console import shortened
from tests.factories import make_profile

KNOWN_SINCE = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def family(client, agent, tenant) -> list[str]:
    """Two profiles with one chat name, in a store that allows it."""
    client.force_login(agent)
    identity = IdentitySettings.objects.get(store_id=tenant.store_id)
    for config in identity.identifier_configs:
        config["enforceUnique"] = config["idType"] != "chat"
    identity.save()
    profiles = [
        make_profile(tenant, email=f"{name}@b.com", firstName=name)
        for name in ("Ada", "Bo")
    ]
    for profile in profiles:
        open_store(tenant).add_identifier(profile, "chat", "family-tablet")
    Profile.objects.update(created_at=KNOWN_SINCE)
    return profiles


def test_find_shows_what_differs(client, family):
    response = client.get(
        reverse("find:find", args=["acme"]), {"id": "chat:family-tablet"}
    )

    assert response.status_code == 200
    assert "2 profiles have this chat" in response.text
    for text in ("A•••", "B•••", *map(shortened, family)):
        assert text in response.text
    assert not re.search(r"\bAda\b", response.text)


def test_find_leaves_out_what_is_the_same(client, family):
    response = client.post(
        reverse("find:find", args=["acme"]), {"id": "chat:family-tablet"}
    )

    columns = re.findall(r'<th scope="col">(.+?)</th>', response.text)
    assert columns == ["Name", "Contact", "Profile"]


def test_find_shows_further_candidates_as_ids(client, family, monkeypatch):
    monkeypatch.setattr(candidates, "CANDIDATES", 1)

    response = client.post(
        reverse("find:find", args=["acme"]), {"id": "chat:family-tablet"}
    )

    assert "no name" in response.text


def test_fetch_candidates_shows_a_deleted_profile_as_id(tenant, family):
    gone = new_id("mem_profile")

    found = candidates.fetch_candidates(open_store(tenant), tenant, [family[0], gone])

    assert [each.name for each in found] == ["A•••", ""]
    assert found[1].identifiers == ()


def test_run_recall_asks_which_profile_and_keeps_the_query(client, family):
    response = client.post(
        reverse("recall:run", args=["acme"]),
        {"identity": "chat:family-tablet", "mode": "query", "query": "delivery"},
    )

    assert response.status_code == 422
    assert "Several profiles have this" in response.text
    for profile in family:
        assert f"identity={profile}&amp;mode=query&amp;typed=" in response.text
    assert "query=delivery" not in response.text
