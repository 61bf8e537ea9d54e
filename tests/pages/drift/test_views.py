import re

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.monitoring.drift import look
from console.monitoring.models import Snapshot
from tests.factories import make_tenant, move_tenant
from tests.monitoring.world import World

PAGE = "/tenants/acme/drift/"


@pytest.fixture
def world(tenant) -> World:
    """A configuration whose webhooks a PUT has dropped."""
    world = World(tenant)
    id_ = world.configure()
    look(tenant)
    world.put(id_, statusCallbacks=[])
    look(tenant)
    return world


def read_seen(page) -> str:
    return re.search(r'name="seen" value="(\w+)"', page.text)[1]


def test_drift_shows_each_member_and_who_changed_it(client, world, auditor):
    client.force_login(auditor)

    page = client.get(PAGE)

    [row] = page.context["rows"]
    assert [(x.label, x.is_lost) for x in row.changes] == [("statusCallbacks", True)]
    assert "Configuration\n" in page.text
    assert "“support”" in page.text
    assert "hooks.example.com/talks" in page.text
    assert "Not through this console" in page.text
    assert "The configuration support has lost statusCallbacks." in page.text
    assert "Put back …" not in page.text


def test_drift_says_what_it_does_before_the_first_look(client, tenant, operator):
    client.force_login(operator)

    before = client.get(PAGE)
    after = client.post(f"{PAGE}look/", follow=True)

    assert "Not read yet" in before.text
    assert "Nothing has changed" in after.text


def test_take_snapshot_says_that_nothing_was_read(client, tenant, operator, settings):
    client.force_login(operator)
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:9")

    page = client.post(f"{PAGE}look/", follow=True)

    assert "cannot tell" in page.text


def test_change_puts_back_what_was_seen(client, world, operator):
    client.force_login(operator)
    lost = Snapshot.objects.exclude(lost=[]).get()
    address = f"{PAGE}{lost.pk}/"
    seen = read_seen(client.get(address))

    page = client.post(address, {"seen": seen}, follow=True)
    settled = client.post(address, {"settle": "on"})

    assert "Put back, and read again" in page.text
    assert settled.status_code == 409
    assert "Nothing of it is missing any more" in settled.text
    assert not AuditEntry.objects.filter(action="drift.settled").exists()
    assert "has lost" not in page.text
    [now] = world.talks.list_configurations().items
    assert now.status_callbacks[0].url == "https://hooks.example.com/talks"
    [row, _] = page.context["rows"]
    assert row.entries[0].actor == operator.email
    done = AuditEntry.objects.filter(action="setup.restored", outcome="done")
    assert done.get().object_id == lost.name


def test_change_refuses_what_was_changed_meanwhile(client, world, operator):
    client.force_login(operator)
    lost = Snapshot.objects.exclude(lost=[]).get()
    address = f"{PAGE}{lost.pk}/"
    seen = read_seen(client.get(address))
    world.patch(lost.name, description="Another one")

    page = client.post(address, {"seen": seen})

    assert page.status_code == 409
    assert "It was changed meanwhile" in page.text


def test_change_takes_a_loss_for_meant(client, world, operator):
    client.force_login(operator)
    lost = Snapshot.objects.exclude(lost=[]).get()

    page = client.post(f"{PAGE}{lost.pk}/", {"settle": "on"}, follow=True)

    assert "It is meant to be so" in page.text
    assert "has lost" not in page.text


def test_change_keeps_to_its_tenant(client, world, operator):
    make_tenant("globex")
    client.force_login(operator)
    lost = Snapshot.objects.exclude(lost=[]).get()

    answer = client.get(reverse("drift:change", args=["globex", lost.pk]))

    assert answer.status_code == 404
