"""An identifier that several people hold: the choice is the person's, not ours."""

import pytest
from django.urls import reverse

from console.service.models import IdentitySettings
from console.tenants.memory import store_of
from tests.factories import make_profile


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
        store_of(tenant).add_identifier(profile, "chat", "family-tablet")
    return profiles


def test_find_shows_what_differs(client, family):
    response = client.get(
        reverse("find:find", args=["acme"]), {"id": "chat:family-tablet"}
    )

    assert response.status_code == 200
    assert "2 profiles hold this chat" in response.text
    for text in ("Ada", "Bo", "Ada@b.com", *family):
        assert text in response.text


def test_recall_asks_which_one_and_keeps_the_question(client, family):
    response = client.get(
        reverse("recall:run", args=["acme"]),
        {"identity": "chat:family-tablet", "mode": "query", "query": "delivery"},
    )

    assert response.status_code == 422
    assert "Several profiles hold this" in response.text
    for profile in family:
        assert f"identity={profile}&amp;mode=query&amp;query=delivery" in response.text
