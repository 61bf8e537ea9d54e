"""The rail's word about the memory."""

import re
import socket

import pytest

from console.pages.tenants import services
from console.service.memory.models import Store
from console.tenants.models import Tenant
from tests.factories import HTMX, move_tenant


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


def test_memory_state_is_ok_when_it_answers(client):
    response = client.get("/t/acme/memory/", headers=HTMX)

    assert 'data-state="ok">memory ok<' in response.text


def test_memory_state_is_unreachable_with_200(client, tenant, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    # Port 9 of this machine: nobody listens there.
    move_tenant(tenant, "http://127.0.0.1:9")

    response = client.get("/t/acme/memory/", headers=HTMX)

    assert response.status_code == 200
    assert 'data-state="refused">memory unreachable<' in response.text


def test_memory_state_is_slow_without_an_answer_in_time(
    client, tenant, settings, monkeypatch
):
    settings.MEMORY_ALLOW_PRIVATE = True
    monkeypatch.setattr(services, "STATE_ANSWER_S", 0.1)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        move_tenant(tenant, f"http://127.0.0.1:{silent.getsockname()[1]}")
        response = client.get("/t/acme/memory/", headers=HTMX)

    assert 'data-state="waiting">memory slow<' in response.text


def test_memory_state_says_when_a_hanging_memory_is_tried_again(client, hanging_tenant):
    response = client.get("/t/acme/memory/", headers=HTMX)

    assert re.search(r">no answer, retry in 1\d s<", response.text)


def test_memory_state_is_refused_without_the_store(client, tenant):
    Tenant.objects.filter(pk=tenant.pk).update(store_id="mem_store_" + "0" * 26)

    response = client.get("/t/acme/memory/", headers=HTMX)

    assert "memory refused access" in response.text


def test_memory_state_waits_for_an_inactive_store(client, tenant):
    Store.objects.filter(pk=tenant.store_id).update(status="PROVISIONING")

    response = client.get("/t/acme/memory/", headers=HTMX)

    assert 'data-state="waiting">store provisioning<' in response.text
