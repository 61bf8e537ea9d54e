"""A tenant whose memory speaks /v1/Services, on every page. Contract 16."""

import re

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.client import network
from console.tenants.models import Role
from console.tenants.vault import open_store
from tests.factories import (
    make_conversation,
    make_observation,
    make_summary,
    make_user,
)
from tests.web.test_every_address import OF_A_TENANT, address

LACKING = "Not in this memory’s API"
# What the pages of are lacking, and no other page.
LACKING_PAGES = {"groups", "group", "identity", "rules"}


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The paths that the memory was asked for."""
    paths = list[str]()
    handle = network.EmbeddedTransport.handle_request

    def handle_and_note(self, request):
        paths.append(request.url.path)
        return handle(self, request)

    monkeypatch.setattr(network.EmbeddedTransport, "handle_request", handle_and_note)
    return paths


@pytest.fixture
def older(tenant):
    tenant.dialect = "services"
    tenant.save()
    return tenant


@pytest.fixture
def ada(older) -> str:
    traits = {
        "Contact": {"email": "ada@acme.example", "firstName": "Ada"},
        "Account": {"tier": "gold", "seats": 4},
    }
    return open_store(older).create_profile(traits).id


def walk(client, tenant, **ids):
    """Status and text of each page of the tenant, by its name."""
    told = {}
    for route, pattern in OF_A_TENANT:
        response = client.get(address(route, tenant=tenant.slug, **ids))
        told[route] = pattern.name, response.status_code, getattr(response, "text", "")
    return told


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OPERATOR])
def test_every_page_of_the_older_dialect_is_there(client, older, ada, asked, role):
    talk = make_conversation(older, "My parcel is late.", learns=False)
    ids = {
        "profile_id": ada,
        "observation_id": make_observation(older, ada, "Asks for paper bills.").id,
        "summary_id": make_summary(older, ada, "Asked about order 4521.").id,
        "conversation_id": talk.id,
    }
    client.force_login(make_user(role, older))
    asked.clear()

    told = walk(client, older, **ids)
    today_paths = ("/v1/Stores", "/v1/ControlPlane")
    of_today = {path for path in asked if path.startswith(today_paths)}
    older.dialect = "current"
    older.save()
    today = walk(client, older, **ids)

    assert [route for route, (_, status, _) in told.items() if status >= 500] == []
    # The page of the connection looks which of the two answers.
    assert of_today == {f"/v1/ControlPlane/Stores/{older.store_id}"}
    lacking = {name for name, _, text in told.values() if LACKING in text}
    other = {
        (route, status, today[route][1])
        for route, (name, status, _) in told.items()
        if status != today[route][1] and name not in lacking
    }
    assert other == set()
    assert (
        lacking
        == {name for name, status, _ in today.values() if status == 200} & LACKING_PAGES
    )


def test_customers_of_the_older_dialect_are_shown_and_changed(
    client, older, ada, officer, asked
):
    make_observation(older, ada, "Asks for paper bills.")
    make_summary(older, ada, "Asked about order 4521.")
    client.force_login(officer)

    def page(name: str, *args: str) -> str:
        return client.get(reverse(name, args=[older.slug, ada, *args])).text

    traits, timeline = page("traits:profile"), page("timeline:timeline")
    found = client.post(
        reverse("find:find", args=[older.slug]), {"id": "ada@acme.example"}
    )
    correct = reverse("traits:correct", args=[older.slug, ada, "Account", "tier"])
    [seen] = re.findall(r'name="seen" value="(\w+)"', client.get(correct).text)
    client.post(
        correct,
        {"value": "silver", "seen": seen, "reason_code": "customer", "ticket": "T-1"},
    )

    assert "gold" in traits
    assert "not in the schema" not in traits
    assert "ada@acme.example" not in traits
    assert "Asks for paper bills." in timeline
    assert found.status_code == 302
    assert ada in found["Location"]
    assert "silver" in page("traits:profile")


def test_a_page_without_its_subject_says_so_quietly(client, older, officer):
    client.force_login(officer)

    page = client.get(reverse("traits:groups", args=[older.slug]))

    assert page.status_code == 200
    assert "which has no trait groups" in page.text
    assert not AuditEntry.objects.filter(outcome="denied").exists()
