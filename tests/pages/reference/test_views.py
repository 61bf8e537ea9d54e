import pytest

from console.tenants.models import Role
from tests.factories import make_tenant, make_user
from tests.pages.reference.conftest import examples_in


@pytest.mark.parametrize("role", list(Role))
def test_everybody_of_a_tenant_reads_it_with_the_tenants_store(client, tenant, role):
    client.force_login(make_user(role, tenant))

    answer = client.get("/t/acme/api/")

    for written in examples_in(answer.text)["fetch-profile"].values():
        assert tenant.store_id in written
        assert "http://testserver" in written
        assert "PROFILE_ID" in written
        assert "STORE_ID" not in written
    assert '<a href="/t/acme/api/"' in answer.text


def test_no_credential_is_on_the_page(client, tenant, agent):
    client.force_login(agent)

    page = client.get("/t/acme/api/").text

    assert tenant.account_sid not in page
    assert tenant.encrypted_token not in page


def test_the_start_leads_to_the_one_tenant_of_a_person(client, agent):
    client.force_login(agent)

    answer = client.get("/api/")

    assert answer.status_code == 302
    assert answer["Location"] == "/t/acme/api/"


def test_with_several_tenants_the_store_is_left_to_the_reader(client, operator):
    make_tenant("other")
    client.force_login(operator)

    page = client.get("/api/").text

    for written in examples_in(page)["fetch-store"].values():
        assert "STORE_ID" in written
        assert "mem_store_" not in written
    assert '<a href="/t/other/api/"' in page


def test_a_memory_elsewhere_is_called_where_it_answers(client, tenant, agent):
    tenant.address = "https://memory.example"
    tenant.save()
    client.force_login(agent)

    page = client.get("/t/acme/api/").text

    for name, written in examples_in(page).items():
        for text in written.values():
            assert "testserver" not in text, name
    assert "https://memory.example/v1/ControlPlane/Stores" in page
    # Its description is not ours to link to.
    assert ">OpenAPI</a>" not in page


def test_somebody_without_a_tenant_reads_it_with_placeholders(client, db):
    client.force_login(make_user())

    answer = client.get("/api/")

    assert answer.status_code == 200
    assert "STORE_ID" in examples_in(answer.text)["list-profiles"]["curl"]
