import pytest

from console.client import network
from console.tenants.models import Role
from console.web.shell import PROGRAMMERS
from tests.factories import make_tenant, make_user, move_tenant
from tests.pages.reference.conftest import examples_in


@pytest.fixture
def host(tenant, settings):
    """Puts the tenant's memory at a URL."""
    settings.MEMORY_ALLOW_PRIVATE = True

    yield lambda url: move_tenant(tenant, url)
    network.http_for(tenant.address).close()
    network._http.cache_clear()


@pytest.mark.parametrize("role", list(Role))
def test_of_tenant_shows_every_role_the_tenants_store(client, tenant, role):
    client.force_login(make_user(role, tenant))

    answer = client.get("/t/acme/api/")

    for written in examples_in(answer.text)["fetch-profile"].values():
        assert tenant.store_id in written
        assert "http://testserver" in written
        assert "PROFILE_ID" in written
        assert "STORE_ID" not in written
    assert ('<a href="/t/acme/api/"' in answer.text) is (role in PROGRAMMERS)


def test_of_tenant_shows_no_credential(client, tenant, agent):
    client.force_login(agent)

    page = client.get("/t/acme/api/").text

    assert tenant.store_id in page
    assert tenant.account_sid not in page
    assert tenant.encrypted_token not in page


def test_start_leads_to_the_one_tenant_of_a_person(client, agent):
    client.force_login(agent)

    answer = client.get("/api/")

    assert answer.status_code == 302
    assert answer["Location"] == "/t/acme/api/"


def test_start_leaves_the_store_to_a_reader_with_several_tenants(client, operator):
    make_tenant("other")
    client.force_login(operator)

    page = client.get("/api/").text

    for written in examples_in(page)["fetch-store"].values():
        assert "STORE_ID" in written
        assert "mem_store_" not in written
    assert '<a href="/t/other/api/"' in page


def test_of_tenant_calls_a_hosted_memory_where_it_answers(client, agent, address, host):
    host(address)
    client.force_login(agent)

    page = client.get("/t/acme/api/").text

    for name, written in examples_in(page).items():
        for text in written.values():
            assert "testserver" not in text, name
    assert f"{address}/v1/ControlPlane/Stores" in page
    # Its description is not ours to link to.
    assert ">OpenAPI</a>" not in page


def test_of_tenant_says_so_where_a_hosted_memory_describes_nothing(
    client, agent, live_server, host
):
    # The test server's own pages: /v1 is not behind them.
    host(live_server.url)
    client.force_login(agent)

    answer = client.get("/t/acme/api/")

    assert answer.status_code == 200
    assert "does not describe its API" in answer.text
    assert "pip install twilio" in answer.text
    assert examples_in(answer.text) == {}


def test_start_shows_placeholders_without_a_tenant(client, db):
    client.force_login(make_user())

    answer = client.get("/api/")

    assert answer.status_code == 200
    assert "STORE_ID" in examples_in(answer.text)["list-profiles"]["curl"]
