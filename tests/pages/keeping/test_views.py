"""Holds: who sets them, what they hold, and how they end."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from console.profiles.models import Hold, find_hold
from console.tenants.vault import open_store
from tests.factories import make_profile

HOLD = {"reason_code": "litigation", "ticket": "CASE-4711"}


def url(name, *args):
    return reverse(f"keeping:{name}", args=["acme", *args])


@pytest.fixture
def desk(client, officer):
    client.force_login(officer)
    return client


@pytest.fixture
def profile(tenant):
    return make_profile(tenant, email="ada@b.com", firstName="Ada")


def test_set_hold_is_for_officers(client, agent, profile):
    client.force_login(agent)

    assert client.post(url("set_hold", profile), HOLD).status_code == 403
    assert not Hold.objects.exists()


def test_card_says_to_an_agent_that_it_is_on_hold(client, desk, agent, tenant, profile):
    desk.post(url("set_hold", profile), HOLD)
    card = reverse("customers:profile", args=["acme", profile])
    shown = desk.get(card).text
    client.force_login(agent)
    seen = client.get(card).text

    lift = url("lift_hold", find_hold(tenant, profile).pk)
    assert "On hold since" in shown
    assert lift in shown
    assert "On hold since" in seen
    assert lift not in seen


def test_lift_hold_needs_a_reason_and_is_audited(desk, tenant, profile):
    desk.post(url("set_hold", profile), HOLD)
    hold = find_hold(tenant, profile)
    card = desk.get(reverse("customers:profile", args=["acme", profile])).text
    listed = desk.get(url("overview")).text
    refused = desk.post(url("lift_hold", hold.pk), {"ticket": "CASE-4712"})

    assert "Legal proceedings" in card
    assert "A•••" in listed
    assert "somebody lifts it" in listed
    assert "Legal proceedings" in listed
    assert refused.status_code == 422
    assert find_hold(tenant, profile) == hold

    desk.post(url("lift_hold", hold.pk), {"reason_code": "over", "ticket": "CASE-4712"})
    again = desk.get(url("lift_hold", hold.pk))

    assert find_hold(tenant, profile) is None
    assert again.status_code == 404
    entries = AuditEntry.objects.filter(action__startswith="hold.")
    assert [entry.action for entry in entries.order_by("seq")] == [
        "hold.set",
        "hold.lifted",
    ]


def test_a_hold_ends_with_its_last_day(desk, tenant, profile):
    today = timezone.now().date()
    over = desk.post(
        url("set_hold", profile), HOLD | {"until": str(today - timedelta(days=2))}
    )
    desk.post(
        url("set_hold", profile), HOLD | {"until": str(today + timedelta(days=1))}
    )

    assert over.status_code == 422
    assert find_hold(tenant, profile)

    Hold.objects.update(until=today - timedelta(days=2))

    assert find_hold(tenant, profile) is None


def test_a_hold_holds_who_was_merged(desk, tenant, profile):
    older = make_profile(tenant, email="twin@b.com", firstName="Ada")
    first, later = sorted([profile, older])
    desk.post(url("set_hold", later), HOLD)

    open_store(tenant).add_identifier(first, "email", "twin@b.com")
    kept = open_store(tenant).fetch_profile(later).id

    assert find_hold(tenant, kept).profile_id == later


def test_lift_suppression_needs_a_reason_and_is_audited(desk, tenant, profile):
    store = open_store(tenant)
    store.delete_profile(profile, suppress=True)
    [suppressed] = store.list_suppressions().items
    lift = url("lift_suppression", suppressed.id)

    refused = desk.post(lift, {"ticket": "CASE-4712"})
    desk.post(lift, {"reason_code": "released", "ticket": "CASE-4712"})

    assert refused.status_code == 422
    assert not store.list_suppressions().items
    entries = AuditEntry.objects.filter(action="suppression.lifted").order_by("seq")
    assert [entry.outcome for entry in entries] == ["allowed", "done"]
    assert {entry.object_id for entry in entries} == {suppressed.id}
