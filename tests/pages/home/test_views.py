"""Where a person starts."""

import re

import pytest
from django.urls import reverse

from console.monitoring.models import Health, Kind, record
from console.pages.deletions.models import Deletion
from console.pages.home.views import MANY
from console.tenants.models import Role, Tenant
from tests.factories import HTMX, make_profile, make_tenant, make_user, move_tenant


def fetch_waiting(client, tenant: str = "acme") -> str:
    response = client.get(reverse("home_waiting", args=[tenant]), headers=HTMX)
    assert response.status_code == 200
    return " ".join(response.text.split())


@pytest.mark.parametrize("role", [Role.AGENT, Role.OFFICER, Role.AUDITOR])
def test_tenant_home_is_the_home_of_one_tenant(client, tenant, role):
    client.force_login(make_user(role, tenant))

    response = client.get("/", follow=True)

    assert response.redirect_chain == [("/t/acme/", 302)]
    assert reverse("home_waiting", args=["acme"]) in response.text


def test_home_lists_several_tenants_with_their_state(client, tenant, operator):
    make_tenant("other")
    client.force_login(operator)

    page = client.get("/").text

    for slug in ("acme", "other"):
        assert f'href="/t/{slug}/"' in page
        assert reverse("memory", args=[slug]) in page
    # An operator sees no customers.
    assert "data-recents" not in page


def test_home_lists_the_latest_customers_after_those_opened(client, tenant, agent):
    ada, bob = (make_profile(tenant, email=f"{who}@acme.com") for who in "ab")
    client.force_login(agent)
    address = reverse("customers:last", args=["acme"])

    latest = client.get(address, headers=HTMX).text
    opened = client.get(address, {"id": ada}, headers=HTMX).text

    assert "data-recents=" in client.get("/t/acme/").text
    assert "Latest customers" in latest
    assert ada in latest
    assert bob in latest
    # Whom this person has opened comes first.
    assert opened.index(ada) < opened.index(bob)
    assert latest.index(bob) < latest.index(ada)


def test_home_without_a_tenant_says_whom_to_ask(client, db):
    client.force_login(make_user())

    assert "Ask an operator" in client.get("/").text


def test_an_empty_tenant_shows_its_next_three_steps(client, tenant, agent, operator):
    client.force_login(operator)
    assert reverse("imports:add", args=["acme"]) in fetch_waiting(client)

    client.force_login(agent)
    assert "Try it with a made-up customer" in fetch_waiting(client)
    make_profile(tenant)

    assert "<li" not in fetch_waiting(client)
    assert "Nothing is waiting" in fetch_waiting(client)


def test_home_of_several_tenants_says_only_what_waits(client, tenant, agent):
    make_profile(tenant)
    client.force_login(agent)
    agent.memberships.create(tenant=make_tenant("other"), role=Role.AGENT)

    page = client.get("/").text
    address = re.search(r'hx-get="(/t/acme/waiting/[^"]*)"', page)[1]

    assert "waiting" not in client.get(address, headers=HTMX).text


def test_home_leads_to_the_pages_of_the_role(
    client, tenant, operator, auditor, developer
):
    client.force_login(operator)
    office = client.get("/t/acme/").text
    for name in ("tenants:connection", "doctor:doctor", "imports:list"):
        assert f'href="{reverse(name, args=["acme"])}"><span>' in office
    assert "2 have a role here" in " ".join(office.split())

    record(tenant, Kind.CANARY, Health.FAILS)
    record(tenant, Kind.DOCTOR, Health.HOLDS)
    kept = " ".join(re.sub("<[^>]+>", " ", client.get("/t/acme/").text).split())
    assert "Link passes Canary fails Imports" in kept

    client.force_login(auditor)
    records = client.get("/t/acme/").text
    for name in ("audit:list", "audit:proof", "deletions:list"):
        url = reverse(name, args=["acme"])
        assert f'href="{url}"><span>' in records
        assert client.get(url).status_code == 200

    client.force_login(developer)
    development = client.get("/t/acme/").text
    for name in ("run", "cases", "ledger"):
        url = reverse(f"recall:{name}", args=["acme"])
        assert f'href="{url}"><span>' in development
        assert client.get(url).status_code == 200


def test_waiting_says_what_is_unsettled_for_a_person(client, tenant, officer, auditor):
    make_profile(tenant)
    for number in (1, 2):
        Deletion.objects.create(
            tenant=tenant,
            kind="profile",
            profile_id=f"p{number}",
            object_id=f"p{number}",
            counts={},
            reason_code="other",
            reason="A test of it.",
            requested_by=officer,
            state=Deletion.State.UNKNOWN,
        )

    for person in (officer, auditor):
        client.force_login(person)
        assert "2 open deletions" in fetch_waiting(client)


def test_waiting_says_where_a_memory_is_away(client, tenant, agent, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:9")
    client.force_login(agent)

    assert "what waits there is not known" in fetch_waiting(client)


def test_home_of_many_tenants_is_their_list(client, tenant, operator):
    Tenant.objects.bulk_create(
        Tenant(slug=f"more-{n}", name=f"More {n}", store_id=f"mem_store_{n:026}")
        for n in range(MANY)
    )
    client.force_login(operator)

    page = client.get("/", follow=True)

    assert page.redirect_chain == [("/tenants/", 302)]
    assert "tenant-more-7" in page.text
    inside = client.get(reverse("tenant_home", args=["acme"]))
    assert "/t/more-7/" in inside.text
    assert "/t/more-9/" not in inside.text
