"""Where a person starts, and the health of the process."""

import sys

import pytest
from django.db import OperationalError, connections

from console.pages.home import views
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


def test_healthz_needs_no_database(client):
    response = client.get("/healthz")

    assert response.text == "ok\n"


def test_readyz_is_ready_with_both_databases(db, client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["ready"] is True
    assert response.json()["reasons"] == []


def test_readyz_warns_of_an_older_sqlite(db, client, monkeypatch):
    monkeypatch.setattr(sys.modules["sqlite3"], "sqlite_version_info", (3, 40, 1))

    response = client.get("/readyz")

    on_sqlite = any(connection.vendor == "sqlite" for connection in connections.all())
    assert len(response.json()["warnings"]) == int(on_sqlite)
    assert response.status_code == 200


def test_readyz_names_unapplied_migrations(db, client):
    with connections["memory"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'service'")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert "memory: " in response.json()["reasons"][0]
    assert "not applied" in response.json()["reasons"][0]


def test_readyz_names_a_database_that_does_not_answer(client, monkeypatch):
    def refuse(connection):
        raise OperationalError("could not connect to db.internal as console")

    monkeypatch.setattr(views, "MigrationExecutor", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["reasons"] == [
        "default: the database does not answer (OperationalError)",
        "memory: the database does not answer (OperationalError)",
    ]
