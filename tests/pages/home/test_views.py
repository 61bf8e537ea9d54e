"""Where a person starts."""

import pytest

from console.tenants.models import Role
from tests.factories import make_tenant, make_user


@pytest.mark.parametrize(
    ("role", "target"),
    [
        (Role.AGENT, "/t/acme/profiles/"),
        (Role.OFFICER, "/t/acme/profiles/"),
        (Role.AUDITOR, "/t/acme/audit/"),
        (Role.OPERATOR, "/tenants/"),
    ],
)
def test_home_redirects_to_the_only_tenant(client, tenant, role, target):
    client.force_login(make_user(role, tenant))

    response = client.get("/", follow=True)

    assert response.redirect_chain[-1] == (target, 302)


def test_tenant_home_redirects_operators_to_the_audit_log(client, operator):
    client.force_login(operator)

    assert client.get("/t/acme/")["Location"] == "/t/acme/audit/"


def test_home_redirects_to_the_list_of_several_tenants(client, tenant, operator):
    make_tenant("other")
    client.force_login(operator)

    assert client.get("/")["Location"] == "/tenants/"
