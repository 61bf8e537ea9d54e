"""A log that cannot be written: customer data is neither shown nor changed."""

from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection
from django.urls import reverse

from console.audit.log import log
from console.audit.models import AuditEntry, AuditHead
from console.tenants.actor import Actor
from console.tenants.vault import open_store
from tests.factories import make_observation, make_profile

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL, TEXT = "ada@example.com", "Prefers tea in the morning."


def refusing_entries():
    def refuse(execute, sql, *rest):
        if sql.startswith('INSERT INTO "audit_auditentry"'):
            raise DatabaseError("refused")
        return execute(sql, *rest)

    return connection.execute_wrapper(refuse)


@contextmanager
def missing_head():
    head = AuditHead.objects.get()
    AuditHead.objects.all().delete()
    yield
    AuditHead.objects.all().delete()
    head.save(force_insert=True)


@contextmanager
def wrong_head():
    """As after a crash that no database should allow."""
    AuditHead.objects.update(seq=1)
    yield
    AuditHead.objects.update(seq=AuditEntry.objects.count())


FAULTS = [refusing_entries, missing_head, wrong_head]


@pytest.fixture
def customer(tenant, officer, auditor):
    """Of a log with some entries."""
    profile = make_profile(tenant, email=EMAIL)
    make_observation(tenant, profile, TEXT)
    for _ in range(3):
        log(Actor(None), "profile.viewed")
    return profile


def address(name, *more):
    return reverse(name, args=["acme", *more])


def say_why(response) -> tuple[int, bool]:
    assert EMAIL not in response.text
    assert TEXT not in response.text
    return response.status_code, "The audit log cannot be written" in response.text


@pytest.mark.parametrize("fault", FAULTS)
def test_unwritable_log_shows_and_changes_nothing(
    client, tenant, officer, customer, fault
):
    profile = customer
    why = {"reason_code": "customer", "ticket": "T-88121"}
    said = {"content": "Moves.", "source": "console", "occurred_at": "2026-01-05T09:00"}
    client.force_login(officer)
    with fault():
        answers = [
            client.get(address("customers:profile", profile)),
            client.get(address("timeline:timeline", profile)),
            client.get(address("traits:profile", profile)),
            client.post(address("find:find"), {"id": f"email:{EMAIL}"}),
            client.get(
                address("timeline:export", profile),
                {"what": "timeline", "format": "json"},
            ),
            client.post(address("timeline:observation_add", profile), why | said),
            client.post(
                address("reveals:reveal", profile, "trait", "Contact.email"),
                why | {"reason_code": "verify"},
            ),
        ]

    assert {say_why(answer) for answer in answers} == {(503, True)}
    [kept] = open_store(tenant).list_observations(profile).items
    assert kept.content == TEXT
    assert client.get(address("customers:profile", profile)).status_code == 200


@pytest.mark.parametrize("fault", FAULTS)
def test_unwritable_log_lets_people_out_and_the_auditor_look(
    client, auditor, customer, fault
):
    client.force_login(auditor)
    with fault():
        looked = client.get(address("audit:proof"))
        listed = client.get(address("audit:list"))
        left = client.post("/accounts/logout/")

    assert (looked.status_code, listed.status_code) == (200, 200)
    assert left.status_code == 302
    assert client.get(address("audit:proof")).status_code == 302
