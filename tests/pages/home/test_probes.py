"""The probes: whether the process answers, and whether it can work."""

import sys

import pytest
from django.db import OperationalError, connections

from console.pages.home import probes

PROBES = ["/healthz", "/readyz"]


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize("method", ["get", "head"])
def test_probes_answer_any_host_and_log_nothing(db, client, caplog, path, method):
    caplog.set_level("DEBUG")

    response = getattr(client, method)(path, headers={"Host": "10.42.8.201:8000"})

    assert response.status_code == 200
    assert [line.name for line in caplog.records if "console" in line.name] == []
    assert [line.name for line in caplog.records if "django.s" in line.name] == []


@pytest.mark.parametrize("path", PROBES)
def test_probes_refuse_other_methods(db, client, path):
    assert client.post(path).status_code == 405


def test_every_other_page_keeps_to_its_hosts(client):
    assert client.get("/accounts/login/", headers={"Host": "a.b"}).status_code == 400


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

    monkeypatch.setattr(probes, "MigrationExecutor", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["reasons"] == [
        "default: the database does not answer (OperationalError)",
        "memory: the database does not answer (OperationalError)",
    ]
