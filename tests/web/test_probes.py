"""Addresses for machines: whether the process answers, can work, and what it counts."""

import sys

import pytest
from django.db import OperationalError, connections
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from console.audit.log import log
from console.audit.models import AuditEntry
from console.databases import schema
from console.jobs import leases
from console.service.memory.embedding_jobs import make_vectors
from console.tenants.actor import Actor
from console.tenants.vault import open_store
from tests.factories import make_observation, make_profile

PROBES = ["/healthz", "/readyz"]
TOKEN = "scrape-0123456789"


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
    warnings = [text for text in response.json()["warnings"] if "sqlite: " in text]
    assert len(warnings) == int(on_sqlite)
    assert response.status_code == 200


def test_readyz_warns_while_no_worker_beats(db, client):
    before = client.get("/readyz")
    leases.beat("w1", timezone.now())

    after = client.get("/readyz")

    warning = "worker: none has a heartbeat, so background work waits"
    assert warning in before.json()["warnings"]
    assert warning not in after.json()["warnings"]
    assert before.status_code == 200


def test_readyz_names_unapplied_migrations(db, client):
    with connections["memory"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'service'")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert "memory: " in response.json()["reasons"][0]
    assert "not applied" in response.json()["reasons"][0]


def test_readyz_is_not_ready_with_a_schema_from_the_future(db, client):
    MigrationRecorder(connections["memory"]).record_applied("service", "9000_unknown")

    response = client.get("/readyz")

    assert response.status_code == 503
    [reason] = response.json()["reasons"]
    assert "memory: the schema is newer than this version (service.9000_" in reason


def test_readyz_names_a_database_that_does_not_answer(db, client, monkeypatch):
    def refuse(connection):
        raise OperationalError("could not connect to db.internal as console")

    monkeypatch.setattr(schema, "MigrationExecutor", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["reasons"] == [
        "default: the database does not answer (OperationalError)",
        "memory: the database does not answer (OperationalError)",
    ]


@pytest.fixture
def scrape(db, client, settings):
    """Read /metrics as Prometheus does: the value of each series."""
    settings.METRICS_TOKEN = TOKEN

    def read():
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        families = text_string_to_metric_families(response.text)
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    return read


def test_metrics_are_closed_without_a_token(client, settings):
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize(
    "given", ["", "Bearer ", f"Bearer {TOKEN}x", TOKEN, "Bearer é"]
)
def test_metrics_refuse_another_token(client, settings, given):
    settings.METRICS_TOKEN = TOKEN

    response = client.get("/metrics", headers={"Authorization": given})

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert "console_" not in response.text


def test_metrics_count_pages_by_their_route(scrape, client):
    labels = [("half", "console"), ("method", "GET"), ("route", "accounts/login/")]
    series = ("console_request_seconds_count", *labels, ("status", "200"))
    before = scrape().get(series, 0)

    client.get("/accounts/login/?next=/t/acme/")

    assert scrape()[series] == before + 1


def test_metrics_name_no_method_that_anybody_can_make_up(scrape, client):
    client.generic("X-4711", "/accounts/login/")
    client.get("/nowhere/4711/")

    labels = {label for key in scrape() for label in key[1:]}

    assert ("method", "other") in labels
    assert "4711" not in str(labels)


def test_metrics_time_recalls_and_name_no_customer(scrape, tenant):
    profile = make_profile(tenant)
    make_observation(tenant, profile, "Prefers oat milk.")
    series = ("console_recall_seconds_count", ("mode", "query"))
    before = scrape().get(series, 0)

    open_store(tenant).recall(profile, query="oat milk")

    after = scrape()
    assert after[series] == before + 1
    assert "oat" not in str(after)
    assert profile not in str(after)


def test_metrics_tell_the_queue_the_vectors_and_the_audit_log(scrape, tenant):
    make_observation(tenant, make_profile(tenant), "Prefers oat milk.")
    make_vectors.enqueue()
    log(Actor(None), "profile.viewed")

    series = scrape()

    assert series[("console_tasks", ("state", "ready"))] >= 1
    assert series[("console_vectors_waiting",)] == 1
    assert series[("console_audit_entries",)] == AuditEntry.objects.count() > 0
